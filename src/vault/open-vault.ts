import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Logger } from "pino";
import type { VaultConfig } from "../config/vault.ts";
import { epochMs } from "../contract/time.ts";
import { consoleNotifier } from "./notifier/console.ts";
import type { Notifier } from "./notifier/notifier.ts";
import { smtpNotifier } from "./notifier/smtp.ts";
import { MASTER_KEY_BYTES } from "./row-seal.ts";
import { createVault } from "./service.ts";

export type RunningVault = { readonly url: string; readonly close: () => Promise<void> };

/**
 * Reads the keys, opens the vault and listens.
 *
 * @param print Where the console notifier prints; never a log.
 */
export async function openVault(
  config: VaultConfig,
  log: Logger,
  print: (block: string) => void,
): Promise<RunningVault> {
  const { app } = createVault({
    database: config.database,
    masterKey: readMasterKey(config.keys.masterKeyFile),
    sealingKey: readSealingKey(config.keys.sealingKeyFile),
    fleetKey: signingKeyOf(config.fleetKey),
    lockers: new Map(
      config.lockers.map(({ handle, name, address, signingKey }) => [
        handle,
        { name, address, signingKey: signingKeyOf(signingKey) },
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
  });
  const url = await app.listen({ host: config.http.host, port: config.http.port });
  return { url, close: () => app.close() };
}

/** A pinned Ed25519 key. Throws when the text is no point of the curve: a pin that cannot be read protects nothing. */
const signingKeyOf = (x: string): KeyObject =>
  createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });

function readSealingKey(path: string): KeyObject {
  const key = createPrivateKey(readFileSync(path));
  if (key.asymmetricKeyType !== "x25519") throw new Error(`${path}: wants an X25519 private key in PKCS#8 PEM form`);
  return key;
}

function readMasterKey(path: string): Uint8Array {
  const bytes = Buffer.from(readFileSync(path, "utf8").trim(), "base64");
  if (bytes.length !== MASTER_KEY_BYTES) throw new Error(`${path}: wants ${MASTER_KEY_BYTES} bytes as base64 text`);
  return bytes;
}

function notifierOf(settings: VaultConfig["notifier"], print: (block: string) => void): Notifier {
  if (settings.kind === "console") return consoleNotifier(print);
  const { host, port, secure, username, passwordFile, from } = settings;
  const credentials =
    username === undefined || passwordFile === undefined
      ? undefined
      : { username, password: readFileSync(passwordFile, "utf8").trim() };
  return smtpNotifier({ host, port, secure, credentials, from });
}
