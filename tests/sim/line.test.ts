import { describe, expect, it } from "vitest";
import { toHex } from "../../sim/fp1/wire.ts";
import { type LineFault, lineFaults } from "../../sim/line.ts";
import { bytesOf, framesIn, openBench, unlockBody } from "./fp1-bench.ts";

const pollRequest = { type: 0x02, body: bytesOf("0000") };

function storm(seed: number): { heard: string[]; counts: Record<LineFault, number> } {
  const bench = openBench({ seed });
  bench.line.setRates(Object.fromEntries(lineFaults.map((fault) => [fault, 0.1])));
  for (let count = 0; count < 300; count++) bench.exchange(pollRequest, 20);
  bench.pass(1_000);
  return { heard: bench.heardBytes.map(({ at, bytes }) => `${at} ${toHex(bytes)}`), counts: bench.line.counts };
}

describe("the bus line", () => {
  it("gives the same faults for the same seed, and others for another", () => {
    const first = storm(7);
    expect(storm(7)).toEqual(first);
    expect(storm(8).heard).not.toEqual(first.heard);
    for (const fault of lineFaults) expect(first.counts[fault]).toBeGreaterThan(0);
  });

  it("never lets a storm make up a reply that no board sent", () => {
    const bench = openBench({ seed: 3 });
    const { bootId } = bench.board;
    bench.line.setRates({ bad_reply: 0.3, garbage_prefix: 0.3, split: 0.3, merge: 0.3 });
    for (let count = 0; count < 300; count++) bench.exchange(pollRequest, 20);
    const frames = framesIn(bench.heardBytes.map(({ bytes }) => bytes));
    expect(frames.length).toBeGreaterThan(50);
    for (const { body } of frames) expect(new DataView(body.buffer, body.byteOffset).getUint32(0, true)).toBe(bootId);
  });

  it.each(["lost_request", "bad_request", "lost_reply", "bad_reply"] as const)("%s leaves no reply, once", (fault) => {
    const bench = openBench();
    bench.fault(fault);
    expect(bench.exchange(pollRequest)).toEqual([]);
    expect(bench.exchange(pollRequest)).toHaveLength(1);
    expect(bench.line.counts[fault]).toBe(1);
  });

  it.each(["late_request", "late_reply"] as const)("%s makes the reply come too late", (fault) => {
    const bench = openBench();
    bench.fault(fault);
    expect(bench.exchange(pollRequest, 399)).toEqual([]);
    bench.pass(20);
    expect(bench.heardBytes).toHaveLength(1);
  });

  it.each(["duplicate_request", "duplicate_reply"] as const)("%s gives the same reply twice and one pulse", (fault) => {
    const bench = openBench();
    bench.fault(fault);
    bench.exchange({ type: 0x10, body: unlockBody({ bootId: bench.board.bootId ?? 0 }) }, 1_000);
    expect(bench.heardBytes).toHaveLength(2);
    expect(bench.heardBytes[0]?.bytes).toEqual(bench.heardBytes[1]?.bytes);
    expect(bench.pulses()).toHaveLength(1);
  });

  it("puts garbage before a reply, splits it, or holds it for the next one", () => {
    const bench = openBench();
    bench.fault("garbage_prefix");
    bench.exchange(pollRequest);
    expect(bench.heardBytes.at(-1)?.bytes[0]).not.toBe(0);
    bench.fault("split");
    bench.exchange(pollRequest, 30);
    expect(bench.heardBytes).toHaveLength(3);
    bench.fault("merge");
    expect(bench.exchange(pollRequest)).toEqual([]);
    expect(bench.exchange(pollRequest)).toHaveLength(2);
    expect(bench.heardBytes).toHaveLength(4);
  });

  it("is dead while silent and while unplugged, and what was under way is gone", () => {
    const bench = openBench();
    bench.line.silence(50);
    expect(bench.exchange(pollRequest, 60)).toEqual([]);
    bench.fault("late_reply");
    bench.exchange(pollRequest, 10);
    bench.line.unplug();
    expect(bench.exchange(pollRequest)).toEqual([]);
    bench.line.plug();
    expect(bench.exchange(pollRequest, 1_000)).toHaveLength(1);
  });

  it("lets the host hear itself when there is echo", () => {
    const bench = openBench({ lineSettings: { echo: true } });
    const frames = bench.exchange(pollRequest);
    expect(frames.map(({ flags, type }) => [flags, type])).toEqual([
      [0, 0x02],
      [1, 0x82],
    ]);
  });

  it("makes bytes take their time at a paced baud rate", () => {
    const bench = openBench({ lineSettings: { baud: 9_600 }, boardSettings: { latencyMsMin: 2, latencyMsMax: 2 } });
    const sentAt = bench.agenda.now();
    bench.exchange(pollRequest, 100);
    const replyBytes = bench.heardBytes[0]?.bytes.length ?? 0;
    const requestBytes = 13;
    expect(bench.heardBytes[0]?.at).toBeCloseTo(sentAt + 2 + ((requestBytes + replyBytes) * 10_000) / 9_600, 6);
  });
});
