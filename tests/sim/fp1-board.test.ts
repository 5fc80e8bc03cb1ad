import { describe, expect, it } from "vitest";
import { BodyWriter, frameToWire, toHex } from "../../sim/fp1/wire.ts";
import { bytesOf, OP_A, OP_B, openBench, opOf, pollOf, unlockBody } from "./fp1-bench.ts";

const result = {
  accepted: 0,
  duplicate: 1,
  staleBoot: 2,
  expired: 3,
  busy: 4,
  cooldown: 5,
  badChannel: 6,
  undervoltage: 7,
  neverSeen: 15,
};
const state = { unknown: 0, queued: 1, pulsing: 2, doneOpened: 3, doneNoChange: 4, fault: 5 };
const opIdOf = (index: number) => index.toString(16).padStart(16, "0");

describe("an FP1 board asked to unlock", () => {
  it("accepts, pulses the coil once, and reports the opened door as events", () => {
    const bench = openBench();
    expect(bench.unlock({ channel: 4, pulseMs: 250 })).toMatchObject({
      opId: OP_A,
      result: result.accepted,
      state: state.queued,
      channel: 4,
      door: 1,
    });
    bench.pass(400);
    expect(bench.pulses()).toMatchObject([{ board: 3, channel: 4, compartment: 5, opId: OP_A, pulseMs: 250 }]);
    const { doors, events } = bench.poll();
    expect(doors[4]).toBe("open");
    expect(doors.filter((door) => door === "open")).toHaveLength(1);
    expect(events).toMatchObject([
      { kind: 4, channel: 255, arg: 1 },
      { kind: 1, channel: 4 },
      { kind: 3, channel: 4, arg: state.doneOpened },
    ]);
  });

  it("never pulses twice for one operation, and tells what became of it", () => {
    const bench = openBench();
    bench.unlock();
    expect(bench.unlock()).toMatchObject({ result: result.duplicate });
    bench.pass(1_000);
    expect(bench.unlock()).toMatchObject({ result: result.duplicate, state: state.doneOpened, door: 0 });
    bench.pass(5_000);
    expect(bench.pulses()).toHaveLength(1);
  });

  it("answers a repeated frame bit for bit from its cache and executes nothing", () => {
    const bench = openBench();
    const body = unlockBody({ bootId: bench.board.bootId ?? 0 });
    bench.exchange({ type: 0x10, seq: 9, body }, 1_000);
    bench.exchange({ type: 0x10, seq: 9, body }, 1_000);
    const [first, second] = bench.heardBytes.map(({ bytes }) => toHex(bytes));
    expect(second).toBe(first);
    expect(bench.heardBytes).toHaveLength(2);
    expect(bench.pulses()).toHaveLength(1);
  });

  it("refuses another request under the same sequence number", () => {
    const bench = openBench();
    bench.exchange({ type: 0x02, seq: 9, body: new BodyWriter().u16(0).done() });
    const reply = bench.only(
      bench.exchange({ type: 0x10, seq: 9, body: unlockBody({ bootId: bench.board.bootId ?? 0 }) }),
    );
    expect([reply.type, reply.body[0]]).toEqual([0xff, 4]);
    bench.pass(1_000);
    expect(bench.pulses()).toEqual([]);
  });

  it("forgets its cached reply, but no operation, at a link restart", () => {
    const bench = openBench();
    const body = unlockBody({ bootId: bench.board.bootId ?? 0 });
    bench.exchange({ type: 0x10, seq: 9, body });
    bench.exchange({ type: 0x01, seq: 0 });
    expect(opOf(bench.only(bench.exchange({ type: 0x10, seq: 9, body }, 1_000)))).toMatchObject({
      result: result.duplicate,
    });
    expect(bench.pulses()).toHaveLength(1);
  });

  it("refuses a boot id that is not its own", () => {
    const bench = openBench();
    expect(bench.unlock({ bootId: 0xdeadbeef })).toMatchObject({ result: result.staleBoot, state: state.unknown });
    bench.pass(1_000);
    expect(bench.pulses()).toEqual([]);
  });

  it("refuses after a reset what was sent for the boot before", () => {
    const bench = openBench();
    const bootId = bench.board.bootId ?? 0;
    bench.unlock({ bootId });
    bench.pass(1_000);
    bench.board.reset("watchdog");
    bench.pass(3_000);
    expect(bench.unlock({ bootId })).toMatchObject({ result: result.staleBoot });
    expect(bench.query(OP_A)).toMatchObject({ result: result.neverSeen, channel: 255, door: 2 });
    bench.pass(3_000);
    expect(bench.pulses()).toHaveLength(1);
  });

  it("refuses when the deadline is past", () => {
    const bench = openBench();
    bench.pass(5_000);
    expect(bench.unlock({ notAfterMs: 4_999 })).toMatchObject({ result: result.expired });
    expect(bench.unlock({ opId: OP_B, notAfterMs: 5_100 })).toMatchObject({ result: result.accepted });
    bench.pass(1_000);
    expect(bench.pulses()).toMatchObject([{ opId: OP_B }]);
  });

  it("lets an operation die whose deadline passes in the queue", () => {
    const bench = openBench();
    bench.unlock({ channel: 0 });
    bench.unlock({ opId: OP_B, channel: 1, notAfterMs: 100 });
    bench.pass(2_000);
    expect(bench.pulses()).toMatchObject([{ opId: OP_A }]);
    expect(bench.query(OP_B)).toMatchObject({ result: result.duplicate, state: state.fault });
  });

  it("drives one coil at a time, queues eight and is busy for the ninth", () => {
    const bench = openBench();
    const results = Array.from({ length: 10 }, (_, channel) => bench.unlock({ opId: opIdOf(channel), channel }).result);
    expect(results).toEqual([...Array.from({ length: 9 }, () => result.accepted), result.busy]);
    bench.pass(10_000);
    const pulses = bench.pulses();
    expect(pulses.map(({ channel }) => channel)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for (const [index, pulse] of pulses.entries()) {
      const before = pulses[index - 1];
      if (before !== undefined) expect(pulse.at - before.at).toBeGreaterThan(399.9);
    }
  });

  it("refuses on a weak supply, and may accept the same operation when that is over", () => {
    const bench = openBench();
    bench.board.setSupply({ millivolts: 9_000 });
    expect(bench.unlock()).toMatchObject({ result: result.undervoltage, state: state.unknown });
    expect(bench.query(OP_A)).toMatchObject({ result: result.neverSeen });
    bench.pass(1_000);
    expect(bench.pulses()).toEqual([]);
    bench.board.setSupply({ millivolts: 12_000 });
    expect(bench.unlock()).toMatchObject({ result: result.accepted });
  });

  it("lets a channel rest after its pulse", () => {
    const bench = openBench();
    bench.unlock();
    bench.pass(400);
    expect(bench.unlock({ opId: OP_B })).toMatchObject({ result: result.cooldown });
    bench.pass(500);
    expect(bench.unlock({ opId: opIdOf(3) })).toMatchObject({ result: result.accepted });
    bench.pass(1_000);
    expect(bench.pulses()).toHaveLength(2);
  });

  it("refuses a channel it does not have", () => {
    const bench = openBench();
    expect(bench.unlock({ channel: 10 })).toMatchObject({ result: result.badChannel, door: 2 });
  });

  it("shortens a pulse to its own limit, and refuses one, a channel or flags without a meaning", () => {
    const bench = openBench({ boardSettings: { pulseMsMax: 500 } });
    bench.unlock({ pulseMs: 2_000 });
    bench.pass(100);
    expect(bench.pulses()).toMatchObject([{ pulseMs: 500 }]);
    const good = unlockBody({ opId: OP_B, bootId: bench.board.bootId ?? 0, channel: 1 });
    for (const [at, value] of [
      [14, 0x08],
      [12, 0xff],
      [19, 1],
    ] as const) {
      const reply = bench.only(bench.exchange({ type: 0x10, body: good.with(at, value) }));
      expect([reply.type, reply.body[0]]).toEqual([0xff, 2]);
    }
  });

  it("remembers 32 operations and forgets the oldest first", () => {
    const bench = openBench({ boardSettings: { gapMs: 0, cooldownMs: 0, dutyMsMax: 1_000_000 } });
    for (let index = 0; index < 33; index++) {
      bench.unlock({ opId: opIdOf(index), channel: index % 10 });
      bench.pass(1_000);
    }
    expect(bench.query(opIdOf(0))).toMatchObject({ result: result.neverSeen });
    expect(bench.query(opIdOf(1))).toMatchObject({ result: result.duplicate, channel: 1 });
  });

  it("reports a coil without current as a fault", () => {
    const bench = openBench();
    bench.harness.cutCoil(3, 0);
    bench.unlock();
    bench.pass(100);
    expect(bench.query(OP_A)).toMatchObject({ state: state.fault });
    expect(bench.poll().events.map(({ kind }) => kind)).toContain(7);
    expect(bench.pulses()).toEqual([]);
  });

  it("ends as done without change when the door stays shut", () => {
    const bench = openBench();
    bench.cabinet.setBehaviour(1, "jammed");
    bench.unlock();
    bench.pass(1_400);
    expect(bench.query(OP_A)).toMatchObject({ state: state.pulsing });
    bench.pass(200);
    expect(bench.query(OP_A)).toMatchObject({ result: result.duplicate, state: state.doneNoChange, door: 1 });
    expect(bench.pulses()).toHaveLength(1);
  });

  it("ends as done without change where there is no switch", () => {
    const bench = openBench();
    bench.harness.setFeedback(3, 0, "none");
    bench.pass(100);
    bench.unlock();
    bench.pass(2_000);
    expect(bench.query(OP_A)).toMatchObject({ state: state.doneNoChange, door: 2 });
  });

  it("counts a door as opened that a hand opens while it is watched", () => {
    const bench = openBench();
    bench.cabinet.setBehaviour(1, "sticky");
    bench.unlock();
    bench.pass(700);
    bench.cabinet.pull(1);
    bench.pass(100);
    expect(bench.query(OP_A)).toMatchObject({ state: state.doneOpened, door: 0 });
  });
});

describe("an FP1 board's events", () => {
  it("come again until they are acknowledged", () => {
    const bench = openBench();
    bench.cabinet.force(3);
    bench.pass(100);
    const first = bench.poll();
    expect(first.events.map(({ kind, channel }) => [kind, channel])).toEqual([
      [4, 255],
      [1, 2],
    ]);
    expect(bench.poll().events).toEqual(first.events);
    expect(bench.poll(1).events).toEqual(first.events.slice(1));
    expect(bench.poll(first.lastEvent)).toMatchObject({ events: [], lastEvent: 2 });
  });

  it("are not erased by a number that this boot has not sent", () => {
    const bench = openBench();
    bench.cabinet.force(3);
    bench.pass(100);
    expect(bench.poll(2).events).toHaveLength(2);
    expect(bench.poll(40).events).toHaveLength(2);
  });

  it("say that some were lost when more than 64 waited, and the doors are still right", () => {
    const bench = openBench();
    for (let round = 0; round < 40; round++) {
      bench.cabinet.force(1);
      bench.pass(50);
      bench.cabinet.close(1);
      bench.pass(50);
    }
    let heard = bench.poll();
    const kinds: number[] = [];
    let lost = 0;
    for (let count = 0; heard.events.length > 0 && count < 20; count++) {
      kinds.push(...heard.events.map(({ kind }) => kind));
      for (const { kind, arg } of heard.events) if (kind === 9) lost += arg;
      expect(heard.hasMore).toBe(heard.events.at(-1)?.seq !== heard.lastEvent);
      heard = bench.poll(heard.events.at(-1)?.seq);
    }
    expect(kinds).toHaveLength(65);
    expect(kinds.filter((kind) => kind === 9)).toHaveLength(1);
    expect(lost).toBe(81 - 64);
    expect(heard.doors[0]).toBe("closed");
  });

  it("do not come from a switch that rattles for less than the debounce time", () => {
    const bench = openBench();
    bench.harness.setFeedback(3, 0, "bouncing");
    bench.cabinet.force(1);
    bench.pass(100);
    expect(bench.poll().events.map(({ kind }) => kind)).toEqual([4, 1]);
  });

  it("tell of a supply that sags", () => {
    const bench = openBench();
    bench.board.setSupply({ millivolts: 12_000, sagMillivolts: 2_000 });
    bench.unlock();
    bench.pass(100);
    expect(bench.poll().events.map(({ kind, arg }) => [kind, arg])).toContainEqual([5, 10_000]);
  });
});

describe("an FP1 board that loses power", () => {
  it("comes back silent at first, with a new boot id, an empty memory and a boot event", () => {
    const bench = openBench();
    const before = bench.poll();
    bench.board.reset("watchdog");
    expect(bench.exchange({ type: 0x01 }, 1_900)).toEqual([]);
    bench.pass(200);
    const after = bench.poll();
    expect(after.bootId).not.toBe(before.bootId);
    expect(after.uptimeMs).toBeLessThan(500);
    expect(after.events).toMatchObject([{ seq: 1, kind: 4, arg: 3 }]);
  });

  it("forgets its ring when the pulse itself browns it out, though the door has opened", () => {
    const bench = openBench();
    bench.board.setSupply({ millivolts: 12_000, sagMillivolts: 6_000 });
    bench.exchange({ type: 0x10, body: unlockBody({ bootId: bench.board.bootId ?? 0 }) });
    bench.pass(3_000);
    expect(bench.query(OP_A)).toMatchObject({ result: result.neverSeen });
    expect(bench.poll()).toMatchObject({ events: [{ kind: 4, channel: 0, arg: 2 }] });
    expect(bench.poll().doors[0]).toBe("open");
    expect(bench.pulses()).toHaveLength(1);
  });

  it("does not pulse what was queued when the power went", () => {
    const bench = openBench();
    bench.unlock({ channel: 0 });
    bench.unlock({ opId: OP_B, channel: 1 });
    bench.board.cutPower();
    bench.pass(1_000);
    bench.board.restorePower();
    bench.pass(5_000);
    expect(bench.pulses()).toMatchObject([{ opId: OP_A }]);
  });

  it("does not pulse what it was about to pulse when the power went", () => {
    const bench = openBench();
    const body = unlockBody({ bootId: bench.board.bootId ?? 0 });
    bench.line.fromHost(frameToWire({ flags: 0, address: 3, seq: 1, type: 0x10, body }));
    bench.agenda.advance(bench.agenda.now());
    bench.board.cutPower();
    bench.pass(5_000);
    expect(bench.pulses()).toEqual([]);
  });

  it("says in HELLO why it started", () => {
    const bench = openBench();
    bench.board.reset("pin");
    bench.pass(2_100);
    const { body } = bench.only(bench.exchange({ type: 0x01 }));
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    expect(body).toHaveLength(34);
    expect({
      protocol: view.getUint8(0),
      bootId: view.getUint32(19, true),
      reason: view.getUint8(23),
      boots: view.getUint32(24, true),
      channels: view.getUint8(28),
    }).toEqual({
      protocol: 1,
      bootId: bench.board.bootId,
      reason: 6,
      boots: 2,
      channels: 10,
    });
  });
});

describe("an FP1 board on a shared line", () => {
  it("ignores frames for others, broadcasts, replies of other nodes and noise", () => {
    const bench = openBench();
    const body = unlockBody({ bootId: bench.board.bootId ?? 0 });
    expect(bench.exchange({ type: 0x10, address: 4, body }, 1_000)).toEqual([]);
    expect(bench.exchange({ type: 0x10, address: 127, body }, 1_000)).toEqual([]);
    expect(bench.exchange({ type: 0x10, flags: 1, body }, 1_000)).toEqual([]);
    bench.line.fromHost(bytesOf("00 FF FE 01 02 00 11 22"));
    bench.pass(1_000);
    expect(bench.pulses()).toEqual([]);
    expect(bench.poll().doors[0]).toBe("closed");
  });

  it.each([
    ["an unknown type", 0x05, "", 1],
    ["a poll of the wrong length", 0x02, "00", 2],
    ["a type it does not support", 0x20, "", 3],
  ])("refuses %s and says its boot id", (_name, type, bodyHex, code) => {
    const bench = openBench();
    const reply = bench.only(bench.exchange({ type, body: bytesOf(bodyHex) }));
    expect(reply.type).toBe(0xff);
    expect(toHex(reply.body)).toBe(
      toHex(
        new BodyWriter()
          .u8(code)
          .u32(bench.board.bootId ?? 0)
          .done(),
      ),
    );
  });

  it("reports its supply, the lowest supply and bad checksums", () => {
    const bench = openBench();
    bench.line.fromHost(bytesOf("00 05 10 03 07 02 01 05 3F 35 E7 6C 00"));
    bench.unlock();
    bench.pass(500);
    const { body } = bench.only(bench.exchange({ type: 0x03 }));
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    expect([view.getUint16(0, true), view.getUint16(2, true), view.getUint8(6)]).toEqual([12_000, 11_000, 10]);
    expect(body).toHaveLength(7 + 3 * 2 + 12);
    expect(view.getUint32(13, true)).toBe(1);
  });

  it("says that it has no session to a sealed request, and nothing to meaningless header bits", () => {
    const bench = openBench();
    const sealed = { type: 0x02, flags: 2, body: bytesOf("0000"), trailer: new Uint8Array(12) };
    expect(bench.only(bench.exchange(sealed)).body[0]).toBe(5);
    expect(bench.exchange({ type: 0x02, flags: 4, body: bytesOf("0000") })).toEqual([]);
    expect(bench.exchange({ type: 0x02, flags: 8, body: bytesOf("0000") })).toEqual([]);
  });

  it("answers between 0.2 and 5 ms after the request", () => {
    const bench = openBench();
    for (let count = 0; count < 50; count++) {
      const askedAt = bench.agenda.now();
      pollOf(bench.only(bench.exchange({ type: 0x02, body: bytesOf("0000") })));
      const latencyMs = (bench.heardBytes.at(-1)?.at ?? 0) - askedAt;
      expect(latencyMs).toBeGreaterThanOrEqual(0.2);
      expect(latencyMs).toBeLessThanOrEqual(5);
    }
  });

  it("shows an unwired channel as not valid", () => {
    const bench = openBench({ layout: { boards: [{ address: 3, channels: [{ channel: 2, compartment: 1 }] }] } });
    expect(bench.poll().doors).toEqual(["unknown", "unknown", "closed"]);
  });
});
