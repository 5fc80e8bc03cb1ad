import { concatBytes, toHex, viewOf } from "../bytes.ts";
import { err, ok, type Result } from "../result.ts";
import { decodeFrame, encodeContent, FP1_CRC_BYTES, FP1_TAG_BYTES } from "./codec.ts";
import type { Fp1DecodeError, Fp1EncodeError, Fp1Frame } from "./message.ts";

/** HMAC-SHA-256, lent by the caller: this folder reaches no cryptography of its own. */
export type HmacSha256 = (key: Uint8Array, data: Uint8Array) => Uint8Array;

/** Separates a session key from every other use of the node's key. README.md, "Authentication". */
const SESSION_LABEL = "fp1-session";
const BOOT_ID_BYTES = 4;

export type Fp1SessionParts = {
  /** The node's 256-bit key, which never crosses the bus. */
  readonly nodeKey: Uint8Array;
  /** 8 bytes; so is the node's. */
  readonly hostNonce: Uint8Array;
  readonly nodeNonce: Uint8Array;
  readonly bootId: number;
  readonly address: number;
};

/** The 32-byte key both sides seal with until the node's next boot or the next session. */
export function deriveSessionKey(parts: Fp1SessionParts, hmacSha256: HmacSha256): Uint8Array {
  const bootIdAndAddress = new Uint8Array(BOOT_ID_BYTES + 1);
  viewOf(bootIdAndAddress).setUint32(0, parts.bootId, true);
  bootIdAndAddress[BOOT_ID_BYTES] = parts.address;
  const label = Uint8Array.from(SESSION_LABEL, (letter) => letter.charCodeAt(0));
  return hmacSha256(parts.nodeKey, concatBytes(label, parts.hostNonce, parts.nodeNonce, bootIdAndAddress));
}

export type Fp1SealingKey = { readonly sessionKey: Uint8Array; readonly hmacSha256: HmacSha256 };

/**
 * The same frame with a seal for `counter`, which has to rise from each frame of this direction to the next.
 *
 * @returns `out_of_range` as `encodeFrame`.
 */
export function sealFrame<Frame extends Fp1Frame>(
  frame: Frame,
  counter: number,
  { sessionKey, hmacSha256 }: Fp1SealingKey,
): Result<Frame, Fp1EncodeError> {
  const tagToCome = toHex(new Uint8Array(FP1_TAG_BYTES));
  const content = encodeContent({ ...frame, seal: { counter, tag: tagToCome } });
  if (!content.ok) return content;
  const signed = content.value.subarray(0, content.value.length - FP1_TAG_BYTES);
  const tag = toHex(hmacSha256(sessionKey, signed).subarray(0, FP1_TAG_BYTES));
  return ok({ ...frame, seal: { counter, tag } });
}

export type Fp1SealError = { readonly code: "not_sealed" | "bad_tag" | "stale_counter" };

/**
 * `decodeFrame` for a session: nothing of the frame is believed before its tag is.
 *
 * `lastCounter` is the last one accepted from this direction, 0 for none; the frame's own is to be remembered next.
 *
 * @returns `stale_counter` for a good tag seen before, or one overtaken: a replay. Else as `decodeFrame`.
 */
export function decodeSealedFrame(
  bytes: Uint8Array,
  lastCounter: number,
  { sessionKey, hmacSha256 }: Fp1SealingKey,
): Result<{ readonly frame: Fp1Frame; readonly counter: number }, Fp1DecodeError | Fp1SealError> {
  const decoded = decodeFrame(bytes);
  if (!decoded.ok) return decoded;
  const { seal } = decoded.value;
  if (seal === null) return err({ code: "not_sealed" });
  const signed = bytes.subarray(0, bytes.length - FP1_TAG_BYTES - FP1_CRC_BYTES);
  const expected = hmacSha256(sessionKey, signed).subarray(0, FP1_TAG_BYTES);
  if (!isSameTag(expected, bytes.subarray(signed.length, signed.length + FP1_TAG_BYTES)))
    return err({ code: "bad_tag" });
  return seal.counter > lastCounter
    ? ok({ frame: decoded.value, counter: seal.counter })
    : err({ code: "stale_counter" });
}

/** Looks at every byte, so that the time taken tells a forger nothing about how many were right. */
function isSameTag(expected: Uint8Array, received: Uint8Array): boolean {
  let difference = expected.length ^ received.length;
  for (const [index, byte] of expected.entries()) difference |= byte ^ (received[index] ?? 0);
  return difference === 0;
}
