import { err, ok, type Result } from "./result.ts";

/** A group's code byte is its length plus one; FF is a full group that stands for no zero after it. */
const FULL_GROUP_CODE = 0xff;

/**
 * Consistent Overhead Byte Stuffing: the same bytes without any 00, one byte longer for every 254 begun.
 *
 * @see Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking, 1999.
 */
export function encodeCobs(bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(bytes.length + Math.floor(bytes.length / (FULL_GROUP_CODE - 1)) + 1);
  let codeOffset = 0;
  let end = 1;
  for (const [index, byte] of bytes.entries()) {
    if (byte !== 0) block[end++] = byte;
    const code = end - codeOffset;
    // A full group at the very end needs no group after it, since it stands for no zero.
    const isFull = code === FULL_GROUP_CODE && index < bytes.length - 1;
    if (byte === 0 || isFull) {
      block[codeOffset] = code;
      codeOffset = end++;
    }
  }
  block[codeOffset] = end - codeOffset;
  return block.subarray(0, end);
}

/**
 * The bytes a stuffed block (without its delimiters) stands for.
 *
 * @returns `bad_cobs` when the block is empty, holds a 00, or a group runs past its end.
 */
export function decodeCobs(block: Uint8Array): Result<Uint8Array, { readonly code: "bad_cobs" }> {
  if (block.length === 0 || block.includes(0)) return err({ code: "bad_cobs" });
  const bytes = new Uint8Array(block.length - 1);
  let written = 0;
  let codeOffset = 0;
  while (codeOffset < block.length) {
    const code = block[codeOffset] ?? 0;
    const groupEnd = codeOffset + code;
    if (groupEnd > block.length) return err({ code: "bad_cobs" });
    bytes.set(block.subarray(codeOffset + 1, groupEnd), written);
    written += code - 1;
    // The zero that ends a group is left out of the last group, and a full group has none.
    if (code !== FULL_GROUP_CODE && groupEnd < block.length) written++;
    codeOffset = groupEnd;
  }
  return ok(bytes.subarray(0, written));
}
