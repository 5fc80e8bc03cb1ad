import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from "node:crypto";
import { CompactSign } from "jose";

/** Signs claims as a compact JWS whose `typ` names its only purpose. */
export const signClaims = (key: KeyObject, typ: string, claims: object): Promise<string> =>
  new CompactSign(Buffer.from(JSON.stringify(claims), "utf8")).setProtectedHeader({ alg: "EdDSA", typ }).sign(key);

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM under a fleet key; `subject` ties the text to its row, so that rows cannot be swapped. */
export function sealText(key: Uint8Array, subject: string, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(subject, "utf8"));
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString("base64url");
}

/** Opens what {@link sealText} sealed for the same subject. Throws when it was changed or moved. */
export function openText(key: Uint8Array, subject: string, sealed: string): string {
  const bytes = Buffer.from(sealed, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES))
    .setAAD(Buffer.from(subject, "utf8"))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  const body = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
  return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
}
