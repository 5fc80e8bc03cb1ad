import { describe, expect, it } from "vitest";
import { parcelTokenPattern } from "../../src/contract/ids.ts";
import { cleanParcelToken, PARCEL_ALPHABET, PARCEL_TOKEN_CHARACTERS } from "../../src/web/kiosk/parcel-token.ts";
import { EMPTY_WEDGE, WEDGE_CHARACTERS_MAX, wedgeScan, wedgeTyped } from "../../src/web/kiosk/wedge.ts";
import { TOKEN } from "./kiosk-person.ts";

/** Types a text with equal pauses, presses Enter after another, and tells what was scanned. */
function scanOf(text: string, gapMs: number): string | null {
  let nowMs = 5_000;
  let wedge = EMPTY_WEDGE;
  for (const character of text) {
    wedge = wedgeTyped(wedge, character, nowMs);
    nowMs += gapMs;
  }
  return wedgeScan(wedge, nowMs);
}

describe("a keyboard-wedge scanner", () => {
  it("is told from a person by its pauses", () => {
    expect(scanOf(TOKEN, 10)).toBe(TOKEN);
    expect(scanOf("48291", 100)).toBe("48291");
    expect(scanOf("48291", 101)).toBeNull();
  });

  it("has said all within a second and a half", () => {
    expect(scanOf("123456789012345", 100)).toBe("123456789012345");
    expect(scanOf("1234567890123456", 100)).toBeNull();
  });

  it("says four characters or more", () => {
    expect(scanOf("123", 10)).toBeNull();
    expect(scanOf("1234", 10)).toBe("1234");
  });

  it("begins anew after a pause", () => {
    const late = wedgeTyped(wedgeTyped(EMPTY_WEDGE, "1", 1_000), "2", 1_101);
    expect(late.text).toBe("2");
  });

  it("cannot smuggle control characters, nor without end", () => {
    expect(scanOf("AB\u0000\u001b[31mCD\u200b", 5)).toBe("AB[31mCD");
    expect(scanOf("A".repeat(1_000), 1)).toHaveLength(WEDGE_CHARACTERS_MAX);
  });
});

describe("a parcel token", () => {
  it("is made of the characters and the length the locker takes", () => {
    for (let code = 0x20; code < 0x7f; code += 1) {
      const character = String.fromCharCode(code);
      const taken = new RegExp(parcelTokenPattern).test(character.repeat(PARCEL_TOKEN_CHARACTERS));
      expect([character, PARCEL_ALPHABET.includes(character)]).toEqual([character, taken]);
    }
  });

  it("is read in any case, with look-alikes and groups", () => {
    expect(cleanParcelToken(" 7k3m-9qx2 oOiIlL \u00e9\n")).toBe("7K3M9QX2001111");
  });
});
