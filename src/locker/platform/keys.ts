import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { err, ok, type Result } from "../../contract/result.ts";

/** Why a key cannot be used. `where` is its file, or its place in the configuration; never its content. */
export type KeyFault = {
  readonly code: "unreadable" | "wrong_kind";
  readonly where: string;
  /** What belongs there, and how to make one. */
  readonly wanted: string;
};

/** Every key of a locker. */
export type LockerKeys = {
  /** Ed25519, private: signs batches and sealed secrets. */
  readonly signingKey: KeyObject;
  /** X25519, private: opens what the fleet seals for this locker. */
  readonly sealingKey: KeyObject;
  /** AES-256, for what the database must not hold in the clear. */
  readonly boardKey: KeyObject;
  /** HMAC key of all digests of codes. */
  readonly pepper: KeyObject;
  /** Ed25519, public: the only one whose commands are obeyed. */
  readonly commandKey: KeyObject;
  /** X25519, public: the only one pickup secrets are sealed for. */
  readonly vaultKey: KeyObject;
  /** Key files others can read, for a warning in the log. */
  readonly exposedFiles: readonly string[];
};

/** Where the keys are: four files of the board, and two public keys pinned in the configuration (raw, base64url). */
export type LockerKeyPlaces = {
  readonly keys: {
    readonly signingKeyFile: string;
    readonly sealingKeyFile: string;
    readonly boardKeyFile: string;
    readonly pepperFile: string;
  };
  readonly fleet: { readonly commandKey: string };
  readonly vault: { readonly sealingKey: string };
};

type Curve = "Ed25519" | "X25519";
type Read = Result<KeyObject, KeyFault>;

const SECRET_BYTES = 32;
const OTHERS = 0o077;

/** Reads all keys, and lists all that are missing or wrong. */
export function loadKeys({ keys, fleet, vault }: LockerKeyPlaces): Result<LockerKeys, readonly KeyFault[]> {
  const read = {
    signingKey: readPrivateKey("Ed25519", keys.signingKeyFile),
    sealingKey: readPrivateKey("X25519", keys.sealingKeyFile),
    boardKey: readSecretKey(keys.boardKeyFile),
    pepper: readSecretKey(keys.pepperFile),
    commandKey: readPublicKey("Ed25519", { text: fleet.commandKey, where: "fleet.commandKey" }),
    vaultKey: readPublicKey("X25519", { text: vault.sealingKey, where: "vault.sealingKey" }),
  };
  const faults = Object.values(read).flatMap((key) => (key.ok ? [] : [key.error]));
  const found = Object.fromEntries(Object.entries(read).map(([name, key]) => [name, key.ok ? key.value : undefined]));
  if (faults.length > 0) return err(faults);
  return ok({ ...(found as Omit<LockerKeys, "exposedFiles">), exposedFiles: Object.values(keys).filter(isExposed) });
}

const isExposed = (path: string): boolean => (statSync(path).mode & OTHERS) !== 0;

function readPrivateKey(curve: Curve, path: string): Read {
  const wanted = `an ${curve} private key, PKCS#8 PEM; \`openssl genpkey -algorithm ${curve.toLowerCase()}\` makes one`;
  const content = readKeyFile(path, wanted);
  if (!content.ok) return content;
  try {
    const key = createPrivateKey(content.value);
    if (key.asymmetricKeyType === curve.toLowerCase()) return ok(key);
  } catch {
    // The parser's own words could quote the key.
  }
  return err({ code: "wrong_kind", where: path, wanted });
}

/** 32 random bytes: raw, or as hex or base64 text. */
function readSecretKey(path: string): Read {
  const wanted = `${SECRET_BYTES} random bytes, raw, hex or base64; \`openssl rand -hex ${SECRET_BYTES}\` makes them`;
  const content = readKeyFile(path, wanted);
  if (!content.ok) return content;
  const bytes = secretBytes(content.value);
  return bytes === undefined ? err({ code: "wrong_kind", where: path, wanted }) : ok(createSecretKey(bytes));
}

function secretBytes(content: Buffer): Buffer | undefined {
  if (content.length === SECRET_BYTES) return content;
  const text = content.toString("latin1").trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, "hex");
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, "base64");
  return undefined;
}

function readPublicKey(curve: Curve, { text, where }: { readonly text: string; readonly where: string }): Read {
  try {
    return ok(createPublicKey({ key: { kty: "OKP", crv: curve, x: text }, format: "jwk" }));
  } catch {
    const wanted = `the 32 raw bytes of an ${curve} public key as base64url text, 43 characters`;
    return err({ code: "wrong_kind", where, wanted });
  }
}

function readKeyFile(path: string, wanted: string): Result<Buffer, KeyFault> {
  try {
    return ok(readFileSync(path));
  } catch {
    return err({ code: "unreadable", where: path, wanted });
  }
}
