/**
 * The board's own reading and writing of FP1 frames.
 *
 * Deliberately a second implementation beside the product's codec, from the same specification: two that agree
 * prove more than one that agrees with itself.
 */

export const NODE_BODY_BYTES_MAX = 192;
/** Header, body, trailer, CRC and what COBS adds. Longer runs without a delimiter are noise. */
const WIRE_BYTES_MAX = 4 + NODE_BODY_BYTES_MAX + 12 + 4 + 2;

export const DIR_FROM_NODE = 0b0001;
export const SECURED = 0b0010;
export const MORE = 0b0100;
export const RESERVED_FLAG = 0b1000;

export type Frame = {
  /** Low nibble of the first byte: `DIR_FROM_NODE`, `SECURED`, `MORE`. */
  readonly flags: number;
  readonly address: number;
  readonly seq: number;
  readonly type: number;
  readonly body: Uint8Array;
  /** Counter and tag, twelve bytes, in a secured frame. */
  readonly trailer?: Uint8Array;
};

/** A frame as it was on the wire, with the bytes under its CRC, or the reason why it is none. */
export type Received =
  | { readonly kind: "frame"; readonly frame: Frame; readonly content: Uint8Array }
  | { readonly kind: "noise"; readonly reason: "cobs" | "short" | "crc" | "version" | "too_long" };

/** The complete wire bytes of a frame, both delimiters included. */
export function frameToWire(frame: Frame): Uint8Array {
  const trailer = frame.trailer ?? new Uint8Array(0);
  const content = new Uint8Array(4 + frame.body.length + trailer.length + 4);
  content.set([0x10 | frame.flags, frame.address, frame.seq, frame.type]);
  content.set(frame.body, 4);
  content.set(trailer, 4 + frame.body.length);
  const crcAt = content.length - 4;
  new DataView(content.buffer).setUint32(crcAt, crc32(content.subarray(0, crcAt)), true);
  return cobsDelimited(content);
}

/** Collects bytes between zero bytes and hands out what each run was. */
export class WireReader {
  #run: number[] = [];
  #tooLong = false;

  read(bytes: Uint8Array): Received[] {
    const received: Received[] = [];
    for (const byte of bytes) {
      if (byte !== 0) {
        if (this.#run.length < WIRE_BYTES_MAX) this.#run.push(byte);
        else this.#tooLong = true;
        continue;
      }
      if (this.#tooLong) received.push({ kind: "noise", reason: "too_long" });
      else if (this.#run.length > 0) received.push(frameFromRun(this.#run));
      this.#run = [];
      this.#tooLong = false;
    }
    return received;
  }
}

function frameFromRun(run: readonly number[]): Received {
  const plain = cobsUndone(run);
  if (plain === undefined) return { kind: "noise", reason: "cobs" };
  if (plain.length < 8) return { kind: "noise", reason: "short" };
  const crcAt = plain.length - 4;
  const content = plain.subarray(0, crcAt);
  if (new DataView(plain.buffer).getUint32(crcAt, true) !== crc32(content)) return { kind: "noise", reason: "crc" };
  const [first = 0, address = 0, seq = 0, type = 0] = content;
  if (first >> 4 !== 1) return { kind: "noise", reason: "version" };
  const flags = first & 0x0f;
  const trailerBytes = flags & SECURED ? 12 : 0;
  if (content.length < 4 + trailerBytes) return { kind: "noise", reason: "short" };
  const bodyEnd = content.length - trailerBytes;
  const frame = { flags, address, seq, type, body: content.subarray(4, bodyEnd) };
  return {
    kind: "frame",
    frame: trailerBytes === 0 ? frame : { ...frame, trailer: content.subarray(bodyEnd) },
    content,
  };
}

/** COBS between two zero bytes: each group begins with its length, standing for the zero that ended it. */
function cobsDelimited(plain: Uint8Array): Uint8Array {
  const out: number[] = [0];
  let groupAt = out.push(1) - 1;
  for (const [index, byte] of plain.entries()) {
    if (byte !== 0) out.push(byte);
    const groupBytes = out.length - groupAt;
    if (byte === 0 || (groupBytes === 0xff && index < plain.length - 1)) {
      out[groupAt] = groupBytes;
      groupAt = out.push(1) - 1;
    }
  }
  out[groupAt] = out.length - groupAt;
  out.push(0);
  return Uint8Array.from(out);
}

function cobsUndone(run: readonly number[]): Uint8Array | undefined {
  const out: number[] = [];
  let at = 0;
  while (at < run.length) {
    const groupBytes = run[at] ?? 0;
    const group = run.slice(at + 1, at + groupBytes);
    if (group.length !== groupBytes - 1) return undefined;
    out.push(...group);
    at += groupBytes;
    if (groupBytes < 0xff && at < run.length) out.push(0);
  }
  return Uint8Array.from(out);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32/ISO-HDLC, the one of zlib and Ethernet. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Builds a body, little-endian. */
export class BodyWriter {
  readonly #bytes: number[] = [];

  u8(value: number): this {
    this.#bytes.push(value & 0xff);
    return this;
  }

  u16(value: number): this {
    return this.u8(value).u8(value >>> 8);
  }

  u32(value: number): this {
    return this.u16(value).u16(value >>> 16);
  }

  bytes(values: Iterable<number>): this {
    for (const value of values) this.u8(value);
    return this;
  }

  /** One bit a channel, channel 0 in bit 0 of the first byte. */
  bitmap(bits: readonly boolean[]): this {
    for (let first = 0; first < bits.length; first += 8) {
      this.u8(bits.slice(first, first + 8).reduce((byte, bit, index) => (bit ? byte | (1 << index) : byte), 0));
    }
    return this;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
