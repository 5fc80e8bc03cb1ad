import { fileURLToPath } from "node:url";
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import { openingDatabase } from "../config/database.ts";
import type { FleetConfig } from "../config/fleet.ts";
import { publicKey, readPrivateKey, readSecretKey, readTls } from "../config/keys.ts";
import { epochMs } from "../contract/time.ts";
import { createFleet, type Fleet, type FleetDeps, type FleetSettings } from "./service.ts";

const STOP_MS_MAX = 10_000;
const STDOUT = 1;
const FAILED_STATUS = 1;

/** Where the build puts the console's pages. */
const CONSOLE_ROOT = fileURLToPath(new URL("../../dist/web/console", import.meta.url));

/**
 * Runs the fleet until it is told to stop.
 *
 * @throws StartRefused when a key, a certificate or the database needs a person first.
 */
export async function runFleet(config: FleetConfig, version: string): Promise<void> {
  const log = pino({ level: config.log.level, base: null }, pino.destination({ dest: STDOUT, sync: true }));
  const fleet = await openFleet(settingsOf(config, version), {
    now: () => epochMs(Date.now()),
    random: Math.random,
    log,
    // Nothing can be acknowledged any more. Ended at once and started anew, the fleet is brought everything again.
    onFatal: (error) => {
      log.fatal({ err: error }, "fleet fails");
      process.exit(FAILED_STATUS);
    },
  });
  // Before anybody is told that it runs, and so may tell it to stop.
  closeWithGrace({ delay: STOP_MS_MAX, logger: false }, async ({ err }) => {
    if (err !== undefined) log.fatal({ err }, "fleet fails");
    await fleet.close();
    log.info({}, "fleet is closed");
  });
  log.info({ url: fleet.url, version }, "fleet is open");
  process.send?.({ kind: "ready", url: fleet.url });
}

const openFleet = (settings: FleetSettings, deps: FleetDeps): Promise<Fleet> =>
  openingDatabase(settings.database, () => createFleet(settings, deps));

/** Reads every key and certificate the configuration names. */
function settingsOf(config: FleetConfig, version: string): FleetSettings {
  const { http, mqtt, database, keys, lockers, apiKeys, vault } = config;
  return {
    ...{ http, database, apiKeys, version, consoleRoot: CONSOLE_ROOT },
    mqtt: { url: mqtt.url, ...(mqtt.tls === undefined ? {} : { tls: readTls(mqtt.tls) }) },
    commandKey: readPrivateKey("Ed25519", keys.commandKeyFile),
    linkKey: readPrivateKey("Ed25519", keys.linkKeyFile),
    rosterKey: readSecretKey(keys.rosterKeyFile),
    lockers: lockers.map(({ handle, name, signingKey, sealingKey }) => ({
      ...{ handle, name },
      signingKey: publicKey("Ed25519", signingKey),
      sealingKey: publicKey("X25519", sealingKey),
    })),
    ...(vault === undefined ? {} : { vault }),
  };
}
