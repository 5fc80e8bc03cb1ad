import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCobs, encodeCobs } from "../../firmware-protocol/cobs.ts";
import { fromSpacedHex, toSpacedHex } from "./fp1-vectors.ts";

const run = (length: number, byte = 0x11): Uint8Array => new Uint8Array(length).fill(byte);

/** Runs about as long as a full group are where an encoder goes wrong, so they are drawn more often. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc
    .array(fc.tuple(fc.constantFrom(0, 1, 253, 254, 255, 508), fc.constantFrom(0x00, 0x11)), { maxLength: 4 })
    .map((runs) => Uint8Array.from(runs.flatMap(([length, byte]) => [...run(length, byte)]))),
);

describe("COBS", () => {
  it.each([
    ["", "01"],
    ["00", "01 01"],
    ["00 00", "01 01 01"],
    ["11 22 00 33", "03 11 22 02 33"],
    ["11 00 00 00", "02 11 01 01 01"],
  ])("stuffs %j as the paper's rule has it", (plain, stuffed) => {
    expect(toSpacedHex(encodeCobs(fromSpacedHex(plain)))).toBe(stuffed);
    expect(decodeCobs(fromSpacedHex(stuffed))).toEqual({ ok: true, value: fromSpacedHex(plain) });
  });

  it("spends one byte on up to 254 bytes and one more on the next", () => {
    expect(encodeCobs(run(253))).toHaveLength(254);
    expect(encodeCobs(run(254))).toHaveLength(255);
    expect(encodeCobs(run(255))).toHaveLength(257);
  });

  it("gives back what it stuffed, without a zero in between", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const block = encodeCobs(bytes);
        expect(block.includes(0)).toBe(false);
        expect(decodeCobs(block)).toEqual({ ok: true, value: bytes });
      }),
    );
  });

  it.each(["", "05 11 22", "02", "03 11 00", "02 11 FF 22"])("refuses the broken block %j", (block) => {
    expect(decodeCobs(fromSpacedHex(block))).toEqual({ ok: false, error: { code: "bad_cobs" } });
  });
});
