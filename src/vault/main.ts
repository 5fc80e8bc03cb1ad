import closeWithGrace from "close-with-grace";
import { pino } from "pino";
import type { VaultConfig } from "../config/vault.ts";
import { openVault } from "./open-vault.ts";

const STOP_MS_MAX = 10_000;
const STDOUT = 1;
const STDERR = 2;

/**
 * Runs the vault until it is told to stop. Logs go to standard error; standard output belongs to the console notifier,
 * since a notice is no log line.
 */
export async function runVault(config: VaultConfig, version: string): Promise<void> {
  const log = pino({ level: config.log.level, base: null }, pino.destination({ dest: STDERR, sync: true }));
  const notices = pino.destination({ dest: STDOUT, sync: true });
  const vault = await openVault(config, log, (block) => void notices.write(block));
  log.info({ url: vault.url, version }, "vault is open");
  process.send?.({ kind: "ready", url: vault.url });
  closeWithGrace({ delay: STOP_MS_MAX, logger: false }, async ({ err }) => {
    if (err !== undefined) log.error({ err }, "vault fails");
    await vault.close();
    log.info({}, "vault is closed");
  });
}
