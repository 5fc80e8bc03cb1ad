import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { readFileSync } from "node:fs";
import { CompactSign } from "jose";

/** Curves a pinned key may be on. */
type Curve = "Ed25519" | "X25519";

/**
 * A locker's public key as the configuration pins it: the 32 raw bytes, base64url (`x` of its JWK).
 *
 * Throws when the text is no point of that curve: a pin that cannot be read protects nothing.
 */
export const publicKey = (curve: Curve, x: string): KeyObject =>
  createPublicKey({ key: { kty: "OKP", crv: curve, x }, format: "jwk" });

/** Reads a private Ed25519 key from a PKCS#8 PEM file. Throws when the file holds anything else. */
export function readSigningKey(path: string): KeyObject {
  const content = readFileSync(path);
  const key = privateKeyIn(content);
  if (key?.asymmetricKeyType !== "ed25519") {
    throw new Error(`${path}: wants an Ed25519 private key in PKCS#8 PEM form`);
  }
  return key;
}

/** The parser's own words are left out: they could quote the key. */
function privateKeyIn(content: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(content);
  } catch {
    return undefined;
  }
}

const ROSTER_KEY_BYTES = 32;

/** Reads the roster key: 32 random bytes as base64url text. */
export function readRosterKey(path: string): Uint8Array {
  const bytes = Buffer.from(readFileSync(path, "utf8").trim(), "base64url");
  if (bytes.length !== ROSTER_KEY_BYTES) throw new Error(`${path}: wants ${ROSTER_KEY_BYTES} bytes as base64url text`);
  return bytes;
}

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
