import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import type { FleetConfig } from "../config/fleet.ts";
import { epochMs } from "../contract/time.ts";
import { publicKey, readRosterKey, readSigningKey } from "./keys.ts";
import { createFleet, type FleetSettings } from "./service.ts";

const STOP_MS_MAX = 10_000;
const STDOUT = 1;
const FAILED_STATUS = 1;

/** Where the build puts the console's pages. */
const CONSOLE_ROOT = fileURLToPath(new URL("../../dist/web/console", import.meta.url));

/** Runs the fleet until it is told to stop. */
export async function runFleet(config: FleetConfig, version: string): Promise<void> {
  const log = pino({ level: config.log.level, base: null }, pino.destination({ dest: STDOUT, sync: true }));
  const fleet = await createFleet(settingsOf(config, version), {
    now: () => epochMs(Date.now()),
    random: Math.random,
    log,
    // Nothing can be acknowledged any more. Ended at once and started anew, the fleet is brought everything again.
    onFatal: (error) => {
      log.fatal({ err: error }, "fleet fails");
      process.exit(FAILED_STATUS);
    },
  });
  log.info({ url: fleet.url, version }, "fleet is open");
  process.send?.({ kind: "ready", url: fleet.url });
  closeWithGrace({ delay: STOP_MS_MAX, logger: false }, async ({ err }) => {
    if (err !== undefined) log.fatal({ err }, "fleet fails");
    await fleet.close();
    log.info({}, "fleet is closed");
  });
}

/** Reads every key and certificate the configuration names. Throws at the first that is not what it should be. */
function settingsOf(config: FleetConfig, version: string): FleetSettings {
  const { http, mqtt, database, keys, lockers, apiKeys, vault } = config;
  return {
    ...{ http, database, apiKeys, version, consoleRoot: CONSOLE_ROOT },
    mqtt: { url: mqtt.url, ...(mqtt.tls === undefined ? {} : { tls: readTls(mqtt.tls) }) },
    commandKey: readSigningKey(keys.commandKeyFile),
    linkKey: readSigningKey(keys.linkKeyFile),
    rosterKey: readRosterKey(keys.rosterKeyFile),
    lockers: lockers.map(({ handle, name, signingKey, sealingKey }) => ({
      ...{ handle, name },
      signingKey: publicKey("Ed25519", signingKey),
      sealingKey: publicKey("X25519", sealingKey),
    })),
    ...(vault === undefined ? {} : { vault }),
  };
}

const readTls = ({ caFile, certFile, keyFile }: NonNullable<FleetConfig["mqtt"]["tls"]>) => ({
  ca: readFileSync(caFile, "utf8"),
  cert: readFileSync(certFile, "utf8"),
  key: readFileSync(keyFile, "utf8"),
});
