import { createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import type { LockerHandle } from "../../../src/contract/ids.ts";

export const HANDLE = "testlocker01" as LockerHandle;

export const ed25519 = () => generateKeyPairSync("ed25519");
export const x25519 = () => generateKeyPairSync("x25519");
export const aes256 = (): KeyObject => createSecretKey(randomBytes(32));

/** The 32 raw bytes of a public key, base64url, as a configuration pins it. */
export function rawPublicKey(key: KeyObject): string {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return String(publicKey.export({ format: "jwk" }).x);
}
