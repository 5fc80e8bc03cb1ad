import { decodeCobs } from "./cobs.ts";

/** Ends every block; it can occur nowhere else in a COBS stream, so each one is a point of resynchronisation. */
const DELIMITER = 0x00;

/** What is remembered between two chunks: never more than `blockBytesMax` bytes. */
export type CobsFramer = {
  readonly blockBytesMax: number;
  readonly pending: Uint8Array;
  /** The block in progress is longer than allowed: its bytes are thrown away up to the next delimiter. */
  readonly isOverflowing: boolean;
};

export type FramerOutput =
  /** The bytes of one block with the stuffing undone; nothing else about them was checked. */
  | { readonly kind: "frame"; readonly bytes: Uint8Array }
  /** Bytes as they came, which are part of no frame. An overflowing block comes in pieces of `blockBytesMax`. */
  | { readonly kind: "discarded"; readonly bytes: Uint8Array; readonly reason: "bad_cobs" | "overflow" };

export type FramerStep = { readonly framer: CobsFramer; readonly outputs: readonly FramerOutput[] };

/** A framer for blocks of at most `blockBytesMax` bytes, counted as stuffed and without the delimiters. */
export const newCobsFramer = (blockBytesMax: number): CobsFramer => ({
  blockBytesMax,
  pending: new Uint8Array(0),
  isOverflowing: false,
});

/**
 * Takes the next bytes off the line, cut anywhere, and gives what they complete, in order.
 *
 * Every byte that is not a delimiter ends up in exactly one output or is pending. Empty blocks give nothing, since
 * a leading delimiter that flushes noise is part of the protocol.
 */
export function pushBytes(framer: CobsFramer, chunk: Uint8Array): FramerStep {
  const { blockBytesMax } = framer;
  const outputs: FramerOutput[] = [];
  const block = new Uint8Array(blockBytesMax);
  block.set(framer.pending);
  let blockLength = framer.pending.length;
  let isOverflowing = framer.isOverflowing;
  for (const byte of chunk) {
    if (byte === DELIMITER) {
      if (blockLength > 0) outputs.push(closeBlock(block.slice(0, blockLength), isOverflowing));
      blockLength = 0;
      isOverflowing = false;
      continue;
    }
    if (blockLength === blockBytesMax) {
      outputs.push({ kind: "discarded", bytes: block.slice(), reason: "overflow" });
      blockLength = 0;
      isOverflowing = true;
    }
    block[blockLength++] = byte;
  }
  return { framer: { blockBytesMax, pending: block.slice(0, blockLength), isOverflowing }, outputs };
}

function closeBlock(block: Uint8Array, isOverflowing: boolean): FramerOutput {
  if (isOverflowing) return { kind: "discarded", bytes: block, reason: "overflow" };
  const decoded = decodeCobs(block);
  return decoded.ok
    ? { kind: "frame", bytes: decoded.value }
    : { kind: "discarded", bytes: block, reason: decoded.error.code };
}
