import { Agenda } from "../../sim/agenda.ts";
import { BodyWriter, type Frame, frameToWire, WireReader } from "../../sim/fp1/wire.ts";
import type { LineFault } from "../../sim/line.ts";
import { buildRig, type RigParts } from "../../sim/rig.ts";
import { seededRandom } from "../../sim/seeded-random.ts";

export const OP_A = "0123456789abcdef";
export const OP_B = "fedcba9876543210";

type BenchOptions = Partial<Omit<RigParts, "agenda" | "random" | "toHost">> & { seed?: number };

/** A rig under a virtual clock and a host that speaks FP1 to it by hand. Board 3, channels 0..9, compartments 1..10. */
export function openBench(options: BenchOptions = {}) {
  const agenda = new Agenda(1_000);
  const heardBytes: { at: number; bytes: Uint8Array }[] = [];
  const channels = Array.from({ length: 10 }, (_, channel) => ({ channel, compartment: channel + 1 }));
  const rig = buildRig({
    layout: { boards: [{ address: 3, channels }] },
    ...options,
    agenda,
    random: seededRandom(options.seed ?? 1),
    toHost: (bytes) => heardBytes.push({ at: agenda.now(), bytes }),
  });
  const board = rig.boards.get(3);
  if (board === undefined) throw new Error("the bench has no board 3");
  let seq = 0;

  /** Sends a request, lets `forMs` pass and returns every frame heard meanwhile. */
  const exchange = (request: Partial<Frame> & { type: number }, forMs = 10): Frame[] => {
    seq = seq === 255 ? 1 : seq + 1;
    const before = heardBytes.length;
    rig.line.fromHost(frameToWire({ flags: 0, address: 3, seq, body: new Uint8Array(0), ...request }));
    agenda.advance(agenda.now() + forMs);
    return framesIn(heardBytes.slice(before).map(({ bytes }) => bytes));
  };
  const only = (frames: Frame[]): Frame => {
    const [frame] = frames;
    if (frame === undefined || frames.length !== 1) throw new Error(`expected one reply, heard ${frames.length}`);
    return frame;
  };
  const poll = (ack = 0) => pollOf(only(exchange({ type: 0x02, body: new BodyWriter().u16(ack).done() })));
  const unlock = (fields: Partial<UnlockFields> = {}) =>
    opOf(only(exchange({ type: 0x10, body: unlockBody({ bootId: board.bootId ?? 0, ...fields }) })));
  const query = (opId: string) => opOf(only(exchange({ type: 0x11, body: bytesOf(opId) })));
  const pass = (ms: number) => agenda.advance(agenda.now() + ms);
  const pulses = () => rig.cabinet.log.filter((entry) => entry.kind === "pulse");
  const fault = (kind: LineFault) => rig.line.inject(kind);
  return { agenda, ...rig, board, heardBytes, exchange, only, poll, unlock, query, pass, pulses, fault };
}

type UnlockFields = { opId: string; bootId: number; channel: number; pulseMs: number; notAfterMs: number };

export function unlockBody(fields: Partial<UnlockFields>): Uint8Array {
  const { opId = OP_A, bootId = 0, channel = 0, pulseMs = 0, notAfterMs = 0x7fff_ffff } = fields;
  return new BodyWriter().bytes(bytesOf(opId)).u32(bootId).u8(channel).u16(pulseMs).u32(notAfterMs).u8(0).done();
}

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

export function framesIn(chunks: readonly Uint8Array[]): Frame[] {
  const reader = new WireReader();
  return chunks.flatMap((chunk) => reader.read(chunk)).flatMap((got) => (got.kind === "frame" ? [got.frame] : []));
}

export function opOf({ type, body }: Frame) {
  return {
    type,
    opId: Buffer.from(body.subarray(0, 8)).toString("hex"),
    result: body[8],
    state: body[9],
    channel: body[10],
    door: body[11],
  };
}

export function pollOf({ body, flags }: Frame) {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const channelCount = view.getUint8(10);
  const bitmapBytes = Math.ceil(channelCount / 8);
  const closed = body.subarray(11, 11 + bitmapBytes);
  const valid = body.subarray(11 + bitmapBytes, 11 + 2 * bitmapBytes);
  const eventsAt = 12 + 2 * bitmapBytes;
  const events = Array.from({ length: view.getUint8(eventsAt - 1) }, (_, index) => {
    const at = eventsAt + index * 10;
    const [kind, channel] = [view.getUint8(at + 2), view.getUint8(at + 3)];
    return {
      seq: view.getUint16(at, true),
      kind,
      channel,
      uptimeMs: view.getUint32(at + 4, true),
      arg: view.getUint16(at + 8, true),
    };
  });
  const bit = (bitmap: Uint8Array, channel: number) => ((bitmap[channel >> 3] ?? 0) >> (channel & 7)) & 1;
  const doors = Array.from({ length: channelCount }, (_, channel) => {
    if (bit(valid, channel) === 0) return "unknown";
    return bit(closed, channel) === 1 ? "closed" : "open";
  });
  const hasMore = (flags & 0b0100) !== 0;
  return {
    bootId: view.getUint32(0, true),
    uptimeMs: view.getUint32(4, true),
    lastEvent: view.getUint16(8, true),
    doors,
    events,
    hasMore,
  };
}
