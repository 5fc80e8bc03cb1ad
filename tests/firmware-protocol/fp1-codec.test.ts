import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeFrame,
  decodeReply,
  encodeFrame,
  encodeRequest,
  FP1_BLOCK_BYTES_MAX,
  isAnswerTo,
} from "../../firmware-protocol/fp1/codec.ts";
import type {
  Fp1Frame,
  Fp1PollReply,
  Fp1ReplyFrame,
  Fp1Request,
  Fp1RequestFrame,
} from "../../firmware-protocol/fp1/message.ts";
import { newCobsFramer, pushBytes } from "../../firmware-protocol/framer.ts";
import { chunkLengths, cut, fp1Frame, noise } from "./arbitraries.ts";
import { fp1Vectors, fromSpacedHex, toSpacedHex, vectorBytes } from "./fp1-vectors.ts";

/** What a host makes of a stream: messages, or the code of whatever refused the bytes. */
function hear(...chunks: readonly Uint8Array[]): readonly (Fp1Frame | string)[] {
  let framer = newCobsFramer(FP1_BLOCK_BYTES_MAX);
  const heard: (Fp1Frame | string)[] = [];
  for (const chunk of chunks) {
    const step = pushBytes(framer, chunk);
    framer = step.framer;
    for (const output of step.outputs) {
      if (output.kind === "discarded") heard.push(output.reason);
      else {
        const decoded = decodeFrame(output.bytes);
        heard.push(decoded.ok ? decoded.value : decoded.error.code);
      }
    }
  }
  return heard;
}

function wireOf(frame: Fp1Frame): Uint8Array {
  const encoded = encodeFrame(frame);
  if (!encoded.ok) throw new Error(`not encodable: ${encoded.error.field}`);
  return encoded.value;
}

function onlyFrame<Kind extends Fp1Frame["kind"]>(name: string, kind: Kind): Extract<Fp1Frame, { kind: Kind }> {
  const [frame] = hear(vectorBytes(name));
  if (typeof frame !== "object" || frame.kind !== kind) throw new Error(`${name} is no ${kind}`);
  return frame as Extract<Fp1Frame, { kind: Kind }>;
}

const goodVectors = fp1Vectors.flatMap(({ name, hex, expect: outcome }) =>
  "decoded" in outcome ? [{ name, hex, decoded: outcome.decoded }] : [],
);
const badVectors = fp1Vectors.flatMap(({ name, hex, expect: outcome }) =>
  "error" in outcome ? [{ name, hex, error: outcome.error }] : [],
);

const unlock = (change: Partial<Extract<Fp1Request, { kind: "unlock" }>> = {}): Fp1Request => ({
  kind: "unlock",
  opId: "0123456789abcdef",
  bootId: 1,
  channel: 0,
  pulseMs: 300,
  notAfterUptimeMs: 65_000,
  ...change,
});

describe("FP1 vectors", () => {
  it.each(goodVectors)("$name decodes to its meaning", ({ hex, decoded }) => {
    expect(hear(fromSpacedHex(hex))).toEqual([decoded]);
  });

  it.each(goodVectors)("$name is what its meaning encodes to", ({ hex, decoded }) => {
    expect(toSpacedHex(wireOf(decoded))).toBe(hex);
  });

  it.each(badVectors)("$name gives $error and costs no more than itself", ({ hex, error }) => {
    const [poll] = hear(vectorBytes("F1"));
    const heard = hear(fromSpacedHex(hex), vectorBytes("F1"));
    expect(new Set(heard.slice(0, -1))).toEqual(new Set([error]));
    expect(heard.at(-1)).toEqual(poll);
  });

  it("cover every message both ways and every error a stream can give", () => {
    const kinds = new Set(goodVectors.map(({ decoded }) => `${decoded.kind} ${decoded.body.kind}`));
    expect([...kinds].sort()).toEqual(
      [
        ...["hello", "op_query", "poll", "status", "unlock"].flatMap((kind) => [`reply ${kind}`, `request ${kind}`]),
        "reply nak",
      ].sort(),
    );
    expect([...new Set(badVectors.map(({ error }) => error))].sort()).toEqual([
      "bad_address",
      "bad_checksum",
      "bad_cobs",
      "bad_flags",
      "bad_length",
      "bad_value",
      "bad_version",
      "overflow",
      "truncated",
      "unknown_type",
    ]);
  });
});

describe("FP1 frames", () => {
  it("come back from the wire as they were, however the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(fp1Frame, { minLength: 1, maxLength: 4 }), chunkLengths, (frames, lengths) => {
        const stream = Uint8Array.from(frames.flatMap((frame) => [...wireOf(frame)]));
        expect(hear(...cut(stream, lengths))).toEqual(frames);
      }),
    );
  });

  it("survive noise in front of them", () => {
    fc.assert(
      fc.property(noise, fp1Frame, (garbage, frame) => {
        expect(hear(garbage, wireOf(frame)).at(-1)).toEqual(frame);
      }),
    );
  });

  it("are lost alone when a byte of theirs is flipped", () => {
    fc.assert(
      fc.property(fp1Frame, fp1Frame, fc.nat(), fc.integer({ min: 1, max: 255 }), (hit, next, position, flip) => {
        const bytes = wireOf(hit);
        const index = position % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ flip;
        const heard = hear(bytes, wireOf(next));
        expect(heard.at(-1)).toEqual(next);
        // A delimiter that turned into something else leaves the frame itself whole, and puts a byte in front of it.
        const isDelimiter = index === 0 || index === bytes.length - 1;
        if (!isDelimiter) expect(heard.slice(0, -1).every((item) => typeof item === "string")).toBe(true);
      }),
    );
  });

  it("refuse random bytes with a value, never by throwing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 260 }), (bytes) => {
        const decoded = decodeFrame(bytes);
        expect(decoded.ok || typeof decoded.error.code === "string").toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("altered before the checksum was made are decoded or refused, and what is decoded can be encoded", () => {
    const alteration = fc.record({ position: fc.nat(), value: fc.nat({ max: 0xff }) });
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(fp1Frame, fc.array(alteration, { minLength: 1, maxLength: 3 }), (frame, alterations) => {
        const content = contentOf(frame);
        for (const { position, value } of alterations) content[position % content.length] = value;
        const decoded = decodeFrame(withCrc(content));
        outcomes.add(decoded.ok ? "decoded" : decoded.error.code);
        // Reserved bits are not kept, so the bytes may differ and the meaning may not.
        if (decoded.ok) expect(hear(wireOf(decoded.value))).toEqual([decoded.value]);
      }),
      { numRuns: 2_000, seed: 1 },
    );
    expect([...outcomes].sort()).toEqual([
      "bad_address",
      "bad_flags",
      "bad_length",
      "bad_value",
      "bad_version",
      "decoded",
      "unknown_type",
    ]);
  });

  it("longer than any frame are refused before anything in them is read", () => {
    expect(decodeFrame(new Uint8Array(213))).toEqual({ ok: false, error: { code: "too_long" } });
    expect(decodeFrame(new Uint8Array(212))).toEqual({ ok: false, error: { code: "bad_checksum" } });
  });
});

/** The bytes a framer would give for this content, with the CRC by zlib's own table. */
function withCrc(content: Uint8Array): Uint8Array {
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(zlibCrc32(content));
  return Uint8Array.of(...content, ...crc);
}

/** Header, body and seal of a frame, as they are before the CRC. */
function contentOf(frame: Fp1Frame): Uint8Array {
  const [output] = pushBytes(newCobsFramer(FP1_BLOCK_BYTES_MAX), wireOf(frame)).outputs;
  if (output?.kind !== "frame") throw new Error("no frame");
  return output.bytes.slice(0, -4);
}

describe("FP1 poll reply", () => {
  const reply = (content: readonly number[]) => decodeFrame(withCrc(Uint8Array.of(0x11, 3, 7, 0x82, ...content)));
  const head = [1, 0, 0, 0, 2, 0, 0, 0, 0, 0];

  it("calls a door unknown when its switch is not valid, and ignores bits beyond the last channel", () => {
    const decoded = reply([...head, 2, 0b1111_1111, 0b1111_1101, 0]);
    expect(decoded.ok && decoded.value.body).toMatchObject({ doors: ["closed", "unknown"] });
  });

  it.each([
    ["no channel", [...head, 0, 0], "channelCount"],
    ["an event numbered 0", [...head, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], "events.sequence"],
  ])("with %s is refused", (_what, content, field) => {
    expect(reply(content)).toEqual({ ok: false, error: { code: "bad_value", field } });
  });

  it("that would not fit into a frame is not encoded", () => {
    const event = { sequence: 1, kind: "door_opened", channel: 0, uptimeMs: 1, argument: 0 } as const;
    const body = (events: number): Fp1PollReply => ({
      kind: "poll",
      bootId: 1,
      uptimeMs: 2,
      lastEvent: 1,
      doors: ["closed"],
      events: Array.from({ length: events }, () => event),
    });
    const encode = (events: number) =>
      encodeFrame({ kind: "reply", address: 3, sequence: 7, hasMoreEvents: false, seal: null, body: body(events) });
    expect(encode(17).ok).toBe(true);
    expect(encode(18)).toEqual({ ok: false, error: { code: "out_of_range", field: "body" } });
  });
});

describe("FP1 for a host", () => {
  it("encodes a request without a seal as the vectors have it", () => {
    const encoded = encodeRequest({ address: 3, sequence: 7, body: { kind: "poll", ackEvent: 0 } });
    expect(encoded.ok && toSpacedHex(encoded.value)).toBe(toSpacedHex(vectorBytes("F1")));
  });

  it.each([
    ["address", { address: 128, sequence: 1, body: { kind: "hello" } }],
    ["address", { address: -1, sequence: 1, body: { kind: "hello" } }],
    ["address", { address: 127, sequence: 1, body: unlock() }],
    ["address", { address: 0, sequence: 1, body: unlock() }],
    ["sequence", { address: 1, sequence: 256, body: { kind: "hello" } }],
    ["ackEvent", { address: 1, sequence: 1, body: { kind: "poll", ackEvent: 65_536 } }],
    ["opId", { address: 1, sequence: 1, body: unlock({ opId: "0123456789ABCDEF" }) }],
    ["opId", { address: 1, sequence: 1, body: unlock({ opId: "0123" }) }],
    ["opId", { address: 1, sequence: 1, body: { kind: "op_query", opId: "" } }],
    ["bootId", { address: 1, sequence: 1, body: unlock({ bootId: 2 ** 32 }) }],
    ["channel", { address: 1, sequence: 1, body: unlock({ channel: 255 }) }],
    ["pulseMs", { address: 1, sequence: 1, body: unlock({ pulseMs: 2_001 }) }],
    ["pulseMs", { address: 1, sequence: 1, body: unlock({ pulseMs: 0.5 }) }],
    ["notAfterUptimeMs", { address: 1, sequence: 1, body: unlock({ notAfterUptimeMs: -1 }) }],
  ] as const)("names %s when the wire has no form for it", (field, request) => {
    expect(encodeRequest(request)).toEqual({ ok: false, error: { code: "out_of_range", field } });
  });

  it("knows its own request, echoed by an adapter, from a reply", () => {
    const outputs = (name: string) => pushBytes(newCobsFramer(FP1_BLOCK_BYTES_MAX), vectorBytes(name)).outputs;
    const [echo] = outputs("F3");
    const [reply] = outputs("F4");
    expect(echo && decodeReply(echo.bytes)).toEqual({ ok: false, error: { code: "wrong_direction" } });
    expect(reply && decodeReply(reply.bytes)).toEqual({ ok: true, value: onlyFrame("F4", "reply") });
  });

  it("takes a reply for an answer only when address, sequence, type and operation fit", () => {
    const request: Fp1RequestFrame = onlyFrame("F3", "request");
    const answer: Fp1ReplyFrame = onlyFrame("F4", "reply");
    expect(isAnswerTo(request, answer)).toBe(true);
    expect(isAnswerTo(request, onlyFrame("F7b", "reply"))).toBe(true);
    expect(isAnswerTo(request, { ...answer, address: 4 })).toBe(false);
    expect(isAnswerTo(request, { ...answer, sequence: 9 })).toBe(false);
    expect(isAnswerTo(request, { ...onlyFrame("F2", "reply"), sequence: 8 })).toBe(false);
    expect(isAnswerTo({ ...request, body: unlock({ opId: "0123456789abcdee" }) }, answer)).toBe(false);
    expect(isAnswerTo(onlyFrame("F1", "request"), onlyFrame("F2", "reply"))).toBe(true);
  });
});
