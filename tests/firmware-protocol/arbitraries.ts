import fc from "fast-check";
import {
  type Fp1Event,
  type Fp1EventKind,
  type Fp1Frame,
  type Fp1Reply,
  type Fp1Request,
  fp1Door,
  fp1EventKind,
  fp1NakReason,
  fp1OpQueryResult,
  fp1OpState,
  fp1ResetReason,
  fp1UnlockResult,
} from "../../firmware-protocol/fp1/message.ts";

const u8 = fc.nat({ max: 0xff });
const u16 = fc.nat({ max: 0xffff });
const u32 = fc.nat({ max: 0xffff_ffff });
const hex = (digits: number) =>
  fc.uint8Array({ minLength: digits / 2, maxLength: digits / 2 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const nameIn = <Name extends string>(codes: Readonly<Record<Name, number>>) =>
  fc.constantFrom(...(Object.keys(codes) as Name[]));

const request: fc.Arbitrary<Fp1Request> = fc.oneof(
  fc.record({ kind: fc.constant("hello" as const) }),
  fc.record({ kind: fc.constant("poll" as const), ackEvent: u16 }),
  fc.record({ kind: fc.constant("status" as const) }),
  fc.record({
    kind: fc.constant("unlock" as const),
    opId: hex(16),
    bootId: u32,
    channel: fc.nat({ max: 254 }),
    pulseMs: fc.nat({ max: 2_000 }),
    notAfterUptimeMs: u32,
  }),
  fc.record({ kind: fc.constant("op_query" as const), opId: hex(16) }),
);

const eventFacts = { sequence: fc.integer({ min: 1, max: 0xffff }), channel: u8, uptimeMs: u32, argument: u16 };
const event: fc.Arbitrary<Fp1Event> = fc.oneof(
  fc.record({ ...eventFacts, kind: nameIn<Fp1EventKind>(fp1EventKind) }),
  fc.record({
    ...eventFacts,
    kind: fc.constant("unrecognised" as const),
    kindCode: u8.filter((code) => !Object.values<number>(fp1EventKind).includes(code)),
  }),
);

const opReport = { opId: hex(16), state: nameIn(fp1OpState), channel: u8, door: nameIn(fp1Door) };

const reply: fc.Arbitrary<Fp1Reply> = fc.oneof(
  fc.record({
    kind: fc.constant("hello" as const),
    protocolVersion: u8,
    hardwareId: u16,
    firmwareVersion: u32,
    uid: hex(24),
    bootId: u32,
    resetReason: nameIn(fp1ResetReason),
    bootCount: u32,
    channelCount: fc.integer({ min: 1, max: 255 }),
    capabilities: u32,
    bodyBytesMax: fc.integer({ min: 64, max: 192 }),
  }),
  fc.record({
    kind: fc.constant("poll" as const),
    bootId: u32,
    uptimeMs: u32,
    lastEvent: u16,
    doors: fc.array(nameIn(fp1Door), { minLength: 1, maxLength: 255 }),
    // Eleven events are what fits beside the bitmaps of 255 channels.
    events: fc.array(event, { maxLength: 11 }),
  }),
  fc.record({
    kind: fc.constant("status" as const),
    supplyMillivolts: fc.option(fc.nat({ max: 0xfffe })),
    supplyMillivoltsMin: fc.option(fc.nat({ max: 0xfffe })),
    temperatureDecicelsius: fc.option(fc.integer({ min: -0x7fff, max: 0x7fff })),
    channels: fc.array(
      fc.record({
        hasCoilFault: fc.boolean(),
        occupancy: fc.constantFrom("occupied" as const, "empty" as const, "unknown" as const),
      }),
      { minLength: 1, maxLength: 255 },
    ),
    badCrcCount: u32,
    overrunCount: u32,
    lostEventCount: u32,
  }),
  fc.record({ ...opReport, kind: fc.constant("unlock" as const), result: nameIn(fp1UnlockResult) }),
  fc.record({ ...opReport, kind: fc.constant("op_query" as const), result: nameIn(fp1OpQueryResult) }),
  fc.record({ kind: fc.constant("nak" as const), reason: nameIn(fp1NakReason), bootId: u32 }),
);

const seal = fc.option(fc.record({ counter: fc.integer({ min: 1, max: 0xffff_ffff }), tag: hex(16) }));

/** Every frame the protocol can carry. */
export const fp1Frame: fc.Arbitrary<Fp1Frame> = fc.oneof(
  fc.record({
    kind: fc.constant("request" as const),
    address: fc.integer({ min: 1, max: 126 }),
    sequence: u8,
    seal,
    body: request,
  }),
  fc.record({
    kind: fc.constant("reply" as const),
    address: fc.integer({ min: 0, max: 126 }),
    sequence: u8,
    hasMoreEvents: fc.boolean(),
    seal,
    body: reply,
  }),
);

/** Line noise: biased towards the delimiter and small group codes, which mislead a framer most. */
export const noise = fc
  .array(fc.oneof(u8, fc.constantFrom(0x00, 0x01, 0x02, 0xff)), { maxLength: 700 })
  .map((bytes) => Uint8Array.from(bytes));

/** Lengths at which to cut a stream; whatever is left over is the last chunk. */
export const chunkLengths = fc.array(fc.nat({ max: 40 }), { maxLength: 60 });

export function cut(bytes: Uint8Array, lengths: readonly number[]): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const length of lengths) {
    chunks.push(bytes.subarray(offset, offset + length));
    offset += length;
  }
  chunks.push(bytes.subarray(offset));
  return chunks;
}
