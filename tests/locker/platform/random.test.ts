import { describe, expect, it } from "vitest";
import { systemRandom } from "../../../src/locker/platform/random.ts";

/** Enough draws of 32 bytes to use up what is drawn ahead several times. */
const DRAWS = 1_000;

describe("the system's random bits", () => {
  it("never gives the same bits twice, nor any that were wiped", () => {
    const words = Array.from({ length: DRAWS }, () => systemRandom.hex(32)).flatMap((hex) => hex.match(/.{16}/g) ?? []);

    expect(words).toHaveLength(4 * DRAWS);
    expect(new Set(words).size).toBe(4 * DRAWS);
    expect(words).not.toContain("0".repeat(16));
  });

  it("gives two hex digits for each byte, at the end of what was drawn ahead as well", () => {
    const lengths = Array.from({ length: DRAWS }, () => systemRandom.hex(31).length);

    expect(new Set(lengths)).toEqual(new Set([62]));
  });

  it("refuses to give more at once than it draws", () => {
    expect(() => systemRandom.hex(4_097)).toThrow("more random bits");
  });
});
