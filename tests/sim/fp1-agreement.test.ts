import { describe, expect, it } from "vitest";
import { decodeReply, encodeRequest, FP1_BLOCK_BYTES_MAX } from "../../firmware-protocol/fp1/codec.ts";
import type { Fp1Reply, Fp1Request } from "../../firmware-protocol/fp1/message.ts";
import vectors from "../../firmware-protocol/fp1/vectors.json" with { type: "json" };
import { newCobsFramer, pushBytes } from "../../firmware-protocol/framer.ts";
import { frameToWire, toHex, WireReader } from "../../sim/fp1/wire.ts";
import { bytesOf, OP_A, openBench } from "./fp1-bench.ts";

/** A host made of the product's codec, before a board made of its own bytes. */
function openProductHost() {
  const bench = openBench();
  let sequence = 0;
  const ask = (body: Fp1Request): Fp1Reply => {
    const encoded = encodeRequest({ address: 3, sequence: ++sequence, body });
    if (!encoded.ok) throw new Error(JSON.stringify(encoded.error));
    const before = bench.heardBytes.length;
    bench.line.fromHost(encoded.value);
    bench.pass(10);
    const [heard] = bench.heardBytes.slice(before);
    const { outputs } = pushBytes(newCobsFramer(FP1_BLOCK_BYTES_MAX), heard?.bytes ?? new Uint8Array(0));
    const [output] = outputs;
    if (output?.kind !== "frame" || outputs.length !== 1) throw new Error(`not one frame: ${JSON.stringify(outputs)}`);
    const reply = decodeReply(output.bytes);
    if (!reply.ok) throw new Error(JSON.stringify(reply.error));
    expect(reply.value).toMatchObject({ address: 3, sequence });
    return reply.value.body;
  };
  return { ...bench, ask };
}

describe("the product's codec and the model board", () => {
  it("understand each other in every kind of exchange", () => {
    const { ask, board, pass, cabinet } = openProductHost();
    const bootId = board.bootId ?? 0;
    expect(ask({ kind: "hello" })).toMatchObject({
      kind: "hello",
      protocolVersion: 1,
      bootId,
      resetReason: "power_on",
      channelCount: 10,
      bodyBytesMax: 192,
    });
    const unlock = { kind: "unlock", opId: OP_A, bootId, channel: 2, pulseMs: 300, notAfterUptimeMs: 60_000 } as const;
    expect(ask(unlock)).toEqual({
      kind: "unlock",
      opId: OP_A,
      result: "accepted",
      state: "queued",
      channel: 2,
      door: "closed",
    });
    pass(100);
    expect(ask({ kind: "op_query", opId: OP_A })).toEqual({
      kind: "op_query",
      opId: OP_A,
      result: "duplicate",
      state: "done_opened",
      channel: 2,
      door: "open",
    });
    expect(cabinet.truthOf(3)?.door).toBe("open");
    const poll = ask({ kind: "poll", ackEvent: 1 });
    if (poll.kind !== "poll") throw new Error(`answered ${poll.kind}`);
    expect(
      poll.doors.map((door, channel) => (door === "open" ? channel : -1)).filter((channel) => channel >= 0),
    ).toEqual([2]);
    expect(poll.events.map(({ kind, channel }) => [kind, channel])).toEqual([
      ["boot", 255],
      ["door_opened", 2],
      ["op_finished", 2],
    ]);
    expect(ask({ kind: "status" })).toMatchObject({
      kind: "status",
      supplyMillivolts: 12_000,
      supplyMillivoltsMin: 11_000,
      temperatureDecicelsius: 315,
      badCrcCount: 0,
    });
    expect(ask({ ...unlock, opId: "00000000000000aa", bootId: (bootId ^ 1) >>> 0 })).toMatchObject({
      result: "stale_boot",
      state: "unknown",
    });
    expect(ask({ kind: "op_query", opId: "00000000000000bb" })).toMatchObject({ result: "never_seen", channel: 255 });
  });

  it.each(vectors.vectors.filter(({ expect: { decoded } }) => decoded !== undefined))(
    "agree on the bytes of vector $name",
    ({ hex }) => {
      const [received] = new WireReader().read(bytesOf(hex));
      if (received?.kind !== "frame") throw new Error(JSON.stringify(received));
      expect(toHex(frameToWire(received.frame))).toBe(toHex(bytesOf(hex)));
    },
  );
});
