import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeCobs } from "../../firmware-protocol/cobs.ts";
import { type CobsFramer, type FramerOutput, newCobsFramer, pushBytes } from "../../firmware-protocol/framer.ts";
import { chunkLengths, cut, noise } from "./arbitraries.ts";
import { fromSpacedHex, toSpacedHex } from "./fp1-vectors.ts";

const BLOCK_BYTES_MAX = 20;

function feed(chunks: readonly Uint8Array[], start: CobsFramer = newCobsFramer(BLOCK_BYTES_MAX)) {
  let framer = start;
  const outputs: FramerOutput[] = [];
  for (const chunk of chunks) {
    const step = pushBytes(framer, chunk);
    framer = step.framer;
    outputs.push(...step.outputs);
  }
  return { framer, outputs };
}

const told = (outputs: readonly FramerOutput[]): readonly string[] =>
  outputs.map((output) => `${output.kind === "frame" ? "frame" : output.reason} ${toSpacedHex(output.bytes)}`);

const onWire = (bytes: Uint8Array): Uint8Array => Uint8Array.of(0, ...encodeCobs(bytes), 0);

describe("the COBS framer", () => {
  it("takes two frames out of one chunk and says nothing of empty blocks", () => {
    const { outputs } = feed([fromSpacedHex("00 02 11 00 00 00 03 22 33 00")]);
    expect(told(outputs)).toEqual(["frame 11", "frame 22 33"]);
  });

  it("waits for the delimiter of a frame that arrives byte by byte", () => {
    const bytes = fromSpacedHex("00 03 22 33 00");
    const { outputs } = feed(cut(bytes, [1, 1, 1, 1]));
    expect(told(feed(cut(bytes.subarray(0, 4), [1, 1, 1])).outputs)).toEqual([]);
    expect(told(outputs)).toEqual(["frame 22 33"]);
  });

  it("reports noise before a frame and still gives the frame", () => {
    const { outputs } = feed([fromSpacedHex("FA FD 99 99 00 03 22 33 00")]);
    expect(told(outputs)).toEqual(["bad_cobs FA FD 99 99", "frame 22 33"]);
  });

  it("accepts a block as long as allowed and refuses one byte more, in pieces, up to the delimiter", () => {
    const longest = Uint8Array.of(BLOCK_BYTES_MAX, ...new Uint8Array(BLOCK_BYTES_MAX - 1).fill(0x11), 0);
    expect(told(feed([longest]).outputs)).toEqual([`frame ${"11 ".repeat(BLOCK_BYTES_MAX - 1).trim()}`]);
    const tooLong = new Uint8Array(BLOCK_BYTES_MAX * 2 + 1).fill(0x02);
    const { outputs } = feed([tooLong, fromSpacedHex("00 02 11 00")]);
    const piece = "02 ".repeat(BLOCK_BYTES_MAX).trim();
    expect(told(outputs)).toEqual([`overflow ${piece}`, `overflow ${piece}`, "overflow 02", "frame 11"]);
  });

  it("gives the same outputs however the stream is cut", () => {
    fc.assert(
      fc.property(noise, chunkLengths, (bytes, lengths) => {
        const whole = feed([bytes]);
        const pieces = feed(cut(bytes, lengths));
        expect(told(pieces.outputs)).toEqual(told(whole.outputs));
        expect(pieces.framer).toEqual(whole.framer);
      }),
    );
  });

  it("loses no byte and keeps no more than one block", () => {
    fc.assert(
      fc.property(noise, (bytes) => {
        const { framer, outputs } = feed([bytes]);
        expect(framer.pending.length).toBeLessThanOrEqual(BLOCK_BYTES_MAX);
        // Blocks this short have one stuffed form only, so a frame tells the bytes it came from.
        const accounted = outputs.flatMap((output) => [
          ...(output.kind === "frame" ? encodeCobs(output.bytes) : output.bytes),
        ]);
        expect([...accounted, ...framer.pending]).toEqual([...bytes.filter((byte) => byte !== 0)]);
      }),
    );
  });

  it("does not change the framer it was given", () => {
    const before = feed([fromSpacedHex("00 05 11")]).framer;
    const first = pushBytes(before, fromSpacedHex("22 33 44 00"));
    const second = pushBytes(before, fromSpacedHex("55 66 77 00"));
    expect(told(first.outputs)).toEqual(["frame 11 22 33 44"]);
    expect(told(second.outputs)).toEqual(["frame 11 55 66 77"]);
  });

  it("pays for noise with no frame that comes after it", () => {
    const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: BLOCK_BYTES_MAX - 1 }), { maxLength: 5 });
    fc.assert(
      fc.property(noise, frames, (garbage, contents) => {
        const { outputs } = feed([garbage, ...contents.map(onWire)]);
        const expected = contents.map((content) => `frame ${toSpacedHex(content)}`);
        expect(told(outputs).slice(outputs.length - contents.length)).toEqual(expected);
      }),
    );
  });
});
