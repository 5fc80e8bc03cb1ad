import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/** A row's content under a key of its own, and that key under the master key. Losing the wrapped key loses the content. */
export type SealedRow = { readonly wrappedKey: Uint8Array; readonly sealed: Uint8Array };

const ROW_KEY_BYTES = 32;
/** AES-256-GCM, NIST SP 800-38D: a 96-bit random nonce and a 128-bit tag. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals a row under a fresh key.
 *
 * @param place Table and key of the row, authenticated, so that no sealed content can be moved to another row.
 */
export function sealRow(masterKey: Uint8Array, place: string, content: Uint8Array): SealedRow {
  const rowKey = randomBytes(ROW_KEY_BYTES);
  const sealed = encrypt(rowKey, place, content);
  const wrappedKey = encrypt(masterKey, place, rowKey);
  rowKey.fill(0);
  return { wrappedKey, sealed };
}

/** Opens a row. Throws when it was not sealed under this master key for this place: a broken or foreign database. */
export function openRow(masterKey: Uint8Array, place: string, row: SealedRow): Buffer {
  const rowKey = decrypt(masterKey, place, row.wrappedKey);
  const content = decrypt(rowKey, place, row.sealed);
  rowKey.fill(0);
  return content;
}

function encrypt(key: Uint8Array, place: string, content: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(place));
  return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Uint8Array, place: string, sealed: Uint8Array): Buffer {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const tag = sealed.subarray(sealed.length - TAG_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(place))
    .setAuthTag(tag);
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final()]);
}
