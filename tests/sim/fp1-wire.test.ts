import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { BodyWriter, crc32, type Frame, frameToWire, SECURED, toHex, WireReader } from "../../sim/fp1/wire.ts";
import { bytesOf, opOf, pollOf, unlockBody } from "./fp1-bench.ts";

const BOOT_ID = 0xc0ffee01;
const vector = {
  F1: "00 05 10 03 07 02 01 05 3F 35 E7 6B 00",
  F2: "00 0B 11 03 07 82 01 EE FF C0 60 EA 01 01 01 06 10 FE FF FF FF 05 BF 08 D2 21 00",
  F3: "00 11 10 03 08 10 01 23 45 67 89 AB CD EF 01 EE FF C0 05 2C 01 E8 FD 01 01 05 8B 52 3B C8 00",
  F4: "00 0D 11 03 08 90 01 23 45 67 89 AB CD EF 02 01 06 01 48 88 18 2E 00",
  F5: "00 0F 11 03 09 90 01 23 45 67 89 AB CD EF 01 03 01 05 A3 EA 28 7F 00",
  F8: "00 11 12 03 08 10 01 23 45 67 89 AB CD EF 01 EE FF C0 05 2C 01 E8 FD 01 01 02 01 01 01 0D E1 D6 FE 2E 8E FC 22 08 DD 2D 5A 7D 00",
  F9: "00 0D 13 03 08 90 01 23 45 67 89 AB CD EF 02 01 03 01 01 01 01 0D 21 DC 8E 7D 05 15 45 4A 8B 25 6F 2C 00",
} as const;

const read = (bytes: Uint8Array) => new WireReader().read(bytes);

function frameOf(bytes: Uint8Array): Frame {
  const [received] = read(bytes);
  if (received?.kind !== "frame") throw new Error(`no frame: ${JSON.stringify(received)}`);
  return received.frame;
}

describe("the board's own FP1 bytes", () => {
  it("has the check value of CRC-32/ISO-HDLC", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  });

  it.each(Object.entries(vector))("reads and writes golden vector %s unchanged", (_name, hex) => {
    expect(toHex(frameToWire(frameOf(bytesOf(hex))))).toBe(toHex(bytesOf(hex)));
  });

  it("builds F1, F3 and F4 from their fields", () => {
    const poll = { flags: 0, address: 3, seq: 7, type: 0x02, body: new BodyWriter().u16(0).done() };
    expect(toHex(frameToWire(poll))).toBe(toHex(bytesOf(vector.F1)));
    const body = unlockBody({ bootId: BOOT_ID, channel: 0, pulseMs: 300, notAfterMs: 65_000 });
    expect(toHex(frameToWire({ flags: 0, address: 3, seq: 8, type: 0x10, body }))).toBe(toHex(bytesOf(vector.F3)));
    const answer = new BodyWriter().bytes(bytesOf("0123456789abcdef")).u8(0).u8(1).u8(0).u8(1).done();
    expect(toHex(frameToWire({ flags: 1, address: 3, seq: 8, type: 0x90, body: answer }))).toBe(
      toHex(bytesOf(vector.F4)),
    );
  });

  it("reads the fields of F2 and F5", () => {
    const poll = pollOf(frameOf(bytesOf(vector.F2)));
    expect(poll).toMatchObject({ bootId: BOOT_ID, uptimeMs: 60_000, lastEvent: 0, events: [], hasMore: false });
    expect(poll.doors).toEqual(["open", ...Array.from({ length: 15 }, () => "closed")]);
    const again = opOf(frameOf(bytesOf(vector.F5)));
    expect(again).toEqual({ type: 0x90, opId: "0123456789abcdef", result: 1, state: 3, channel: 0, door: 0 });
  });

  it.each(["F8", "F9"] as const)("finds the trailer of the secured vector %s", (name) => {
    const [received] = read(bytesOf(vector[name]));
    if (received?.kind !== "frame") throw new Error("no frame");
    const { frame, content } = received;
    const sessionKey = bytesOf("faabcaca0a26b0058890549a6e27d1f77988234b6654ab49666c840bc3ed19c7");
    const tag = createHmac("sha256", sessionKey).update(content.subarray(0, -8)).digest("hex").slice(0, 16);
    expect(frame.flags & SECURED).toBe(SECURED);
    expect(toHex(frame.trailer ?? new Uint8Array(0))).toBe(`01000000${tag}`);
  });

  it.each([0, 1, 253, 254, 255])("carries %i bytes without a zero, then a zero, through COBS", (nonZeroCount) => {
    // Longer than any FP1 body, so the reader's limit is left out: only the bytes on the wire are looked at.
    const body = Uint8Array.from({ length: nonZeroCount + 2 }, (_, index) => (index < nonZeroCount ? 0xaa : 0));
    const wire = frameToWire({ flags: 0, address: 3, seq: 1, type: 2, body });
    expect(wire.at(0)).toBe(0);
    expect(wire.at(-1)).toBe(0);
    expect(wire.subarray(1, -1)).not.toContain(0);
    if (wire.length < 200) expect(toHex(frameOf(wire).body)).toBe(toHex(body));
  });

  it("gives the same frames however the bytes are cut, with noise between them", () => {
    const bytes = bytesOf(`AA 55 ${vector.F1} 00 00 FF 01 ${vector.F3} 12 ${vector.F4}`);
    const whole = read(bytes);
    const reader = new WireReader();
    const single = Array.from(bytes).flatMap((byte) => reader.read(Uint8Array.of(byte)));
    expect(single).toEqual(whole);
    expect(whole.filter(({ kind }) => kind === "frame")).toHaveLength(3);
  });

  it("takes no frame with any single bit wrong", () => {
    const good = bytesOf(vector.F3);
    for (let bit = 8; bit < (good.length - 1) * 8; bit++) {
      const bad = good.slice();
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(read(bad).every(({ kind }) => kind === "noise")).toBe(true);
    }
  });

  it("drops a run that is longer than any frame and reads the next one", () => {
    const noise = Uint8Array.from({ length: 5_000 }, () => 0x11);
    const received = read(Uint8Array.from([...noise, ...bytesOf(vector.F1)]));
    expect(received.map(({ kind }) => kind)).toEqual(["noise", "frame"]);
  });
});
