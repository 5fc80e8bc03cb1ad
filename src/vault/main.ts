import closeWithGrace from "close-with-grace";
import { type Logger, pino } from "pino";
import { openingDatabase } from "../config/database.ts";
import { publicKey, readPassword, readPrivateKey, readSecretKey } from "../config/keys.ts";
import type { VaultConfig } from "../config/vault.ts";
import { epochMs } from "../contract/time.ts";
import { consoleNotifier } from "./notifier/console.ts";
import type { Notifier } from "./notifier/notifier.ts";
import { smtpNotifier } from "./notifier/smtp.ts";
import { createVault, type VaultOptions } from "./service.ts";

const STOP_MS_MAX = 10_000;
const STDOUT = 1;
const STDERR = 2;

/**
 * Runs the vault until it is told to stop. Logs go to standard error; standard output belongs to the console notifier,
 * since a notice is no log line.
 *
 * @throws StartRefused when a key, a password or the database needs a person first.
 */
export async function runVault(config: VaultConfig, version: string): Promise<void> {
  const log = pino({ level: config.log.level, base: null }, pino.destination({ dest: STDERR, sync: true }));
  const notices = pino.destination({ dest: STDOUT, sync: true });
  const options = optionsOf(config, log, (block) => void notices.write(block));
  const { app } = await openingDatabase(config.database, async () => createVault(options));
  const url = await app.listen({ host: config.http.host, port: config.http.port });
  // Before anybody is told that it runs, and so may tell it to stop.
  closeWithGrace({ delay: STOP_MS_MAX, logger: false }, async ({ err }) => {
    if (err !== undefined) log.error({ err }, "vault fails");
    await app.close();
    log.info({}, "vault is closed");
  });
  log.info({ url, version }, "vault is open");
  process.send?.({ kind: "ready", url });
}

/**
 * Reads every key and password the configuration names.
 *
 * @param print Where the console notifier prints; never a log.
 */
function optionsOf(config: VaultConfig, log: Logger, print: (block: string) => void): VaultOptions {
  return {
    database: config.database,
    masterKey: readSecretKey(config.keys.masterKeyFile),
    sealingKey: readPrivateKey("X25519", config.keys.sealingKeyFile),
    fleetKey: publicKey("Ed25519", config.fleetKey),
    lockers: new Map(
      config.lockers.map(({ handle, name, address, signingKey }) => [
        handle,
        { name, address, signingKey: publicKey("Ed25519", signingKey) },
      ]),
    ),
    carriers: config.carriers,
    notifier: notifierOf(config.notifier, print),
    now: () => epochMs(Date.now()),
    every: (periodMs, run) => {
      const timer = setInterval(run, periodMs);
      return () => clearInterval(timer);
    },
    log,
  };
}

function notifierOf(settings: VaultConfig["notifier"], print: (block: string) => void): Notifier {
  if (settings.kind === "console") return consoleNotifier(print);
  const { host, port, secure, username, passwordFile, from } = settings;
  const credentials =
    username === undefined || passwordFile === undefined
      ? undefined
      : { username, password: readPassword(passwordFile) };
  return smtpNotifier({ host, port, secure, credentials, from });
}
