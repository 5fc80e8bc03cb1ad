import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SCAN_START, type ScanState, scanPackets } from "../../../src/locker/uplink/packet-scan.ts";
import { packet } from "./packets.ts";

const BODY_BYTES_MAX = 300;

/** Reads a stream cut at these places. */
function scanned(stream: Buffer, cuts: readonly number[], bodyBytesMax = BODY_BYTES_MAX) {
  const edges = [0, ...cuts.map((cut) => cut % (stream.length + 1)).toSorted((a, b) => a - b), stream.length];
  let state: ScanState = SCAN_START;
  for (const [index, from] of edges.slice(0, -1).entries()) {
    const next = scanPackets(state, stream.subarray(from, edges[index + 1]), bodyBytesMax);
    if (!next.ok) return next.error;
    state = next.value;
  }
  return state;
}

const aCut = fc.array(fc.nat(), { maxLength: 12 });
const aType = fc.nat(255).filter((byte) => (byte & 0xf6) !== 0x34);
const aBody = fc.uint8Array({ maxLength: BODY_BYTES_MAX });
const aSoundPacket = fc.tuple(aType, aBody).map(([type, body]) => packet(type, body));
const sound = fc.array(aSoundPacket, { maxLength: 8 }).map((packets) => Buffer.concat(packets));

describe("a stream of packets", () => {
  it("is sound when no packet is too large, however it is cut and whatever is in the packets", () => {
    fc.assert(
      fc.property(sound, aCut, (stream, cuts) => {
        expect(scanned(stream, cuts)).toEqual(SCAN_START);
      }),
    );
  });

  it("is refused at the header of the first packet that is too large, however it is cut", () => {
    const tooMany = fc.integer({ min: BODY_BYTES_MAX + 1, max: 268_435_455 });
    fc.assert(
      fc.property(sound, aType, tooMany, aCut, (before, type, bodyBytes, cuts) => {
        const stream = Buffer.concat([before, packet(type, new Uint8Array(0), bodyBytes)]);
        expect(scanned(stream, cuts)).toEqual({ code: "packet_too_large" });
      }),
    );
  });

  it("knows where it stands within a packet", () => {
    const stream = packet(0x30, new Uint8Array(200));
    expect(scanned(stream.subarray(0, 1), [])).toEqual({ kind: "length", digitsCount: 0, bodyBytes: 0 });
    expect(scanned(stream.subarray(0, 2), [])).toEqual({ kind: "length", digitsCount: 1, bodyBytes: 72 });
    expect(scanned(stream.subarray(0, 103), [])).toEqual({ kind: "body", leftBytes: 100 });
  });

  it("is refused at a length of more than four digits", () => {
    const stream = Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80]);
    expect(scanned(stream, [1, 2, 3])).toEqual({ code: "malformed_length" });
  });

  it.each([0x34, 0x35, 0x3c, 0x3d])("is refused at a PUBLISH of QoS 2, first byte %i", (type) => {
    expect(scanned(packet(type, new Uint8Array(4)), [])).toEqual({ code: "qos_not_asked_for" });
  });

  it.each([0x30, 0x31, 0x32, 0x33, 0x3a, 0x62])("is read on at another first byte, %i", (type) => {
    expect(scanned(packet(type, new Uint8Array(4)), [])).toEqual(SCAN_START);
  });
});
