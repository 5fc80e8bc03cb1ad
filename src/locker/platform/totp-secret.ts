import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from "node:crypto";
import type { CourierId } from "../../contract/ids.ts";

/** AES-256-GCM, NIST SP 800-38D: a 96-bit random nonce and a 128-bit tag. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Ties a sealed secret to its courier, so that rows cannot be swapped. */
const subjectOf = (courier: CourierId): Buffer => Buffer.from(`lockerd/1/totp\n${courier}`, "utf8");

/** Seals a courier's TOTP secret under the board key: a copied database alone signs nobody in. */
export function sealTotpSecret(boardKey: KeyObject, courier: CourierId, secret: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", boardKey, nonce).setAAD(subjectOf(courier));
  const body = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString("base64url");
}

/** @throws when it was sealed under another board key, for another courier, or changed since. */
export function unsealTotpSecret(boardKey: KeyObject, courier: CourierId, sealed: string): string {
  const bytes = Buffer.from(sealed, "base64url");
  try {
    const decipher = createDecipheriv("aes-256-gcm", boardKey, bytes.subarray(0, NONCE_BYTES))
      .setAAD(subjectOf(courier))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    const body = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
  } catch (cause) {
    throw new Error(`unseal the time code secret of courier ${courier}: not sealed under this board key`, { cause });
  }
}
