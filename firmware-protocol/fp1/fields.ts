import { fromHex } from "../bytes.ts";
import { err, ok, type Result } from "../result.ts";
import type { Fp1DecodeError, Fp1EncodeError } from "./message.ts";

export const U8_MAX = 0xff;
export const U16_MAX = 0xffff;
export const U32_MAX = 0xffff_ffff;

/** A number to be sent and the values its field can carry. */
export type BoundedField = {
  readonly field: string;
  readonly value: number;
  readonly min?: number;
  readonly max: number;
};

/** Names the first field whose value is not an integer within its bounds. `min` is 0 unless given. */
export function checkFields(fields: readonly BoundedField[]): Result<null, Fp1EncodeError> {
  const fault = fields.find(({ value, min = 0, max }) => !Number.isInteger(value) || value < min || value > max);
  return fault === undefined ? ok(null) : err({ code: "out_of_range", field: fault.field });
}

/** The bytes of an identifier written as hexadecimal, such as an operation id or a tag. */
export function hexField(field: string, text: string, lengthBytes: number): Result<Uint8Array, Fp1EncodeError> {
  const bytes = fromHex(text, lengthBytes);
  return bytes === undefined ? err({ code: "out_of_range", field }) : ok(bytes);
}

export const badLength: Result<never, Fp1DecodeError> = err({ code: "bad_length" });
export const badValue = (field: string): Result<never, Fp1DecodeError> => err({ code: "bad_value", field });

export const bitmapBytes = (bitCount: number): number => Math.ceil(bitCount / 8);

/** Bit `index` of a bitmap that starts at `offset`: bit 0 of the first byte is index 0. */
export const bitAt = (bytes: Uint8Array, offset: number, index: number): boolean =>
  ((bytes[offset + (index >>> 3)] ?? 0) & (1 << (index & 7))) !== 0;

export function setBit(bytes: Uint8Array, offset: number, index: number): void {
  const byteOffset = offset + (index >>> 3);
  bytes[byteOffset] = (bytes[byteOffset] ?? 0) | (1 << (index & 7));
}
