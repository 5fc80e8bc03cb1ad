import { createHash, generateKeyPairSync, type KeyPairKeyObjectResult, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** A private key's file, and the public half as configurations pin it: the 32 raw bytes, base64url. */
export type KeyFile = { readonly file: string; readonly public: string };

/** Everything secret of one demo. Made anew at each start, gone with its folder. */
export type DemoKeys = {
  readonly lockerSigning: KeyFile;
  readonly lockerSealing: KeyFile;
  readonly fleetCommand: KeyFile;
  readonly fleetLink: KeyFile;
  readonly vaultSealing: KeyFile;
  readonly boardKeyFile: string;
  readonly pepperFile: string;
  readonly rosterKeyFile: string;
  readonly masterKeyFile: string;
  readonly operatorKey: ApiKey;
  readonly carrierKey: ApiKey;
};

/** A bearer key, and what a configuration holds of it. */
export type ApiKey = { readonly key: string; readonly sha256: string };

const PRIVATE = { mode: 0o600 } as const;

export function makeKeys(folder: string): DemoKeys {
  return {
    lockerSigning: keyFile(folder, "locker-signing", generateKeyPairSync("ed25519")),
    lockerSealing: keyFile(folder, "locker-sealing", generateKeyPairSync("x25519")),
    fleetCommand: keyFile(folder, "fleet-command", generateKeyPairSync("ed25519")),
    fleetLink: keyFile(folder, "fleet-link", generateKeyPairSync("ed25519")),
    vaultSealing: keyFile(folder, "vault-sealing", generateKeyPairSync("x25519")),
    boardKeyFile: secretFile(folder, "board-key", "base64"),
    pepperFile: secretFile(folder, "pepper", "base64"),
    rosterKeyFile: secretFile(folder, "roster-key", "base64url"),
    masterKeyFile: secretFile(folder, "master-key", "base64"),
    operatorKey: apiKey(),
    carrierKey: apiKey(),
  };
}

function keyFile(folder: string, name: string, { privateKey, publicKey }: KeyPairKeyObjectResult): KeyFile {
  const file = join(folder, `${name}.pem`);
  writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }), PRIVATE);
  const { x } = publicKey.export({ format: "jwk" });
  if (x === undefined) throw new Error(`${name}: the public key has no x`);
  return { file, public: x };
}

function secretFile(folder: string, name: string, encoding: "base64" | "base64url"): string {
  const file = join(folder, name);
  writeFileSync(file, randomBytes(32).toString(encoding), PRIVATE);
  return file;
}

function apiKey(): ApiKey {
  const key = randomBytes(32).toString("base64url");
  return { key, sha256: createHash("sha256").update(key).digest("hex") };
}
