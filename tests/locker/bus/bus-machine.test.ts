import { describe, expect, it } from "vitest";
import { opOf, VirtualBus } from "./virtual-bus.ts";

const HELLO = 0x01;
const POLL = 0x02;
const UNLOCK = 0x10;
const OP_QUERY = 0x11;

describe("a bus that works", () => {
  it("tells every door and every board's health once after the port has opened", () => {
    const bus = new VirtualBus({ boards: 2 });
    bus.openPort();
    bus.runMs(1_000);
    for (let number = 1; number <= 16; number++) expect(bus.doorsOf(number)).toEqual(["closed"]);
    expect(bus.reports.filter(({ kind }) => kind === "board")).toEqual([
      { kind: "board", board: "board-1", health: "ok" },
      { kind: "board", board: "board-2", health: "ok" },
    ]);
  });

  it("accepts an unlock, reports the door open, and gives one pulse", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.unlock(3);
    bus.until(() => bus.doorOf(3) === "open");
    expect(bus.reports).toEqual([
      { kind: "unlock_result", op: opOf(3), outcome: "accepted" },
      { kind: "door", compartment: 3, door: "open" },
    ]);
    bus.rig.cabinet.close(3);
    bus.until(() => bus.doorOf(3) === "closed");
    bus.runMs(5_000);
    expect(bus.pulsesOf(3)).toBe(1);
    expect(bus.stillClosedCount(3)).toBe(0);
  });

  it("writes an unlock before the next poll, at most one exchange later", () => {
    const bus = new VirtualBus({ boards: 8 });
    bus.start();
    const askedMs = bus.nowMs;
    bus.unlock(60);
    bus.until(() => bus.requestTypesSince(askedMs).includes(UNLOCK), 50);
    expect(bus.requestTypesSince(askedMs).filter((type) => type === POLL).length).toBeLessThanOrEqual(1);
  });

  it("polls a board with an operation every 50 ms, and the others still", () => {
    const bus = new VirtualBus({ boards: 2 });
    bus.rig.cabinet.setBehaviour(1, "jammed");
    bus.start();
    bus.unlock(1);
    bus.until(() => bus.resultsOf(1).length === 1);
    const sinceMs = bus.nowMs;
    bus.runMs(500);
    const polls = bus.writes.filter(({ atMs }) => atMs > sinceMs);
    const ofBoard = (address: number) => polls.filter(({ bytes }) => bytes.includes(address)).length;
    expect(ofBoard(1)).toBeGreaterThanOrEqual(8);
    expect(ofBoard(2)).toBeGreaterThanOrEqual(4);
  });

  it("reports both edges, in order, of a door that opened and shut between two polls", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.rig.line.silence(90);
    bus.rig.cabinet.force(2);
    bus.runMs(40);
    bus.rig.cabinet.close(2);
    bus.until(() => bus.doorsOf(2).length === 2);
    expect(bus.doorsOf(2)).toEqual(["open", "closed"]);
  });

  it("says once that a door is still closed, after the pulse and inside the window for a second try", () => {
    const bus = new VirtualBus();
    bus.rig.cabinet.setBehaviour(5, "jammed");
    bus.start();
    bus.unlock(5);
    const tookMs = bus.until(() => bus.stillClosedCount(5) === 1);
    expect(tookMs).toBeGreaterThan(800);
    expect(tookMs).toBeLessThan(1_200);
    bus.runMs(10_000);
    expect(bus.stillClosedCount(5)).toBe(1);
    bus.unlock(5, { op: 1005 });
    bus.until(() => bus.resultsOf(1005).length === 1);
    expect(bus.resultsOf(1005)).toMatchObject([{ outcome: "accepted" }]);
  });

  it("lets a second try inside the window reach the coil", () => {
    const bus = new VirtualBus();
    bus.rig.cabinet.setBehaviour(5, "jammed");
    bus.start();
    bus.unlock(5);
    bus.until(() => bus.stillClosedCount(5) === 1);
    bus.unlock(5, { op: 1005 });
    bus.until(() => bus.pulsesOf(1005) === 1);
  });

  it("does not call a door still closed that waits for its turn in the board's queue", () => {
    const bus = new VirtualBus();
    for (const number of [1, 2, 3, 4]) bus.rig.cabinet.setBehaviour(number, "jammed");
    bus.start();
    for (const number of [1, 2, 3, 4]) bus.unlock(number);
    bus.until(() => bus.stillClosedCount(4) === 1);
    const pulse = bus.rig.cabinet.log.find((entry) => entry.kind === "pulse" && entry.opId === opOf(4));
    expect(bus.nowMs - (pulse?.at ?? Number.NaN)).toBeGreaterThan(800);
  });

  it("never calls a door still closed that opened and shut between two polls, whenever that was", () => {
    for (let offsetMs = 0; offsetMs < 1_000; offsetMs += 7) {
      const bus = new VirtualBus();
      bus.rig.cabinet.setBehaviour(1, "jammed");
      bus.start();
      bus.unlock(1);
      bus.runMs(offsetMs);
      bus.rig.cabinet.force(1);
      bus.runMs(21);
      bus.rig.cabinet.close(1);
      bus.runMs(3_000);
      expect(bus.doorsOf(1)).toEqual(["open", "closed"]);
      const openedAt = bus.reports.findIndex((report) => report.kind === "door" && report.door === "open");
      expect(bus.reports.slice(openedAt).map(({ kind }) => kind)).not.toContain("still_closed");
    }
  });

  it("polls at its ordinary pace again as soon as the door has opened", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.unlock(1);
    bus.until(() => bus.doorOf(1) === "open");
    bus.runMs(60);
    const sinceMs = bus.nowMs;
    bus.runMs(1_000);
    expect(bus.requestTypesSince(sinceMs).length).toBeLessThanOrEqual(11);
  });

  it("never calls a door still closed that opened and shut again after the pulse", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.unlock(4);
    bus.until(() => bus.rig.cabinet.truthOf(4)?.door === "open");
    bus.rig.line.silence(60);
    bus.runMs(30);
    bus.rig.cabinet.close(4);
    bus.runMs(6_000);
    expect(bus.doorsOf(4)).toEqual(["open", "closed"]);
    expect(bus.stillClosedCount(4)).toBe(0);
  });
});

describe("refusals", () => {
  it("names the board's reason in lower case", () => {
    const bus = new VirtualBus();
    bus.board().setSupply({ millivolts: 9_500, sagMillivolts: 0 });
    bus.start();
    bus.unlock(1);
    bus.until(() => bus.resultsOf(1).length === 1);
    expect(bus.resultsOf(1)).toEqual([
      { kind: "unlock_result", op: opOf(1), outcome: "rejected", reason: "undervoltage" },
    ]);
    expect(bus.pulsesOf(1)).toBe(0);
  });

  it("refuses a command whose time is over without writing it", () => {
    const bus = new VirtualBus();
    bus.start();
    const askedMs = bus.nowMs;
    bus.unlock(1, { forMs: 0 });
    expect(bus.resultsOf(1)).toEqual([{ kind: "unlock_result", op: opOf(1), outcome: "rejected", reason: "expired" }]);
    bus.runMs(2_000);
    expect(bus.requestTypesSince(askedMs)).not.toContain(UNLOCK);
  });

  it("refuses at once what is for a board known to be silent", () => {
    const bus = new VirtualBus({ boards: 2 });
    bus.start();
    bus.board(2).cutPower();
    bus.until(() => bus.healthOf(2) === "silent");
    const askedMs = bus.nowMs;
    bus.unlock(9);
    expect(bus.resultsOf(9)).toMatchObject([{ outcome: "rejected", reason: "board_silent" }]);
    bus.runMs(1_000);
    expect(bus.requestTypesSince(askedMs)).not.toContain(UNLOCK);
  });

  it("takes an expiry found by the board for a refusal", () => {
    const bus = new VirtualBus({ line: { lateMs: 3_000 } });
    bus.start();
    bus.rig.line.inject("late_request");
    bus.unlock(1, { forMs: 1_000 });
    bus.until(() => bus.resultsOf(1).length === 1);
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "rejected", reason: "not_received" }]);
    bus.runMs(5_000);
    expect(bus.pulsesOf(1)).toBe(0);
  });
});

describe("health", () => {
  it("calls a board silent after three misses, its doors unknown, and tells everything when it is back", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.board().cutPower();
    expect(bus.until(() => bus.healthOf() === "silent")).toBeLessThan(500);
    for (let number = 1; number <= 8; number++) expect(bus.doorOf(number)).toBe("unknown");
    bus.board().restorePower();
    bus.until(() => bus.healthOf() === "ok" && bus.doorOf(8) === "closed");
  });

  it("asks for a new port object when nobody has answered for long, and works again with it", () => {
    const bus = new VirtualBus({ boards: 3 });
    bus.start();
    bus.rig.line.silence(4_000);
    bus.until(() => bus.reopensCount === 1, 6_000);
    bus.until(() => [1, 2, 3].every((address) => bus.healthOf(address) === "ok"));
    expect(bus.reopensCount).toBe(1);
  });

  it("does not blame the port for one dead board", () => {
    const bus = new VirtualBus({ boards: 2 });
    bus.start();
    bus.board(2).cutPower();
    bus.runMs(20_000);
    expect(bus.reopensCount).toBe(0);
  });

  it("lets a dead board cost the others little", () => {
    const bus = new VirtualBus({ boards: 2 });
    bus.start();
    bus.board(2).cutPower();
    bus.until(() => bus.healthOf(2) === "silent");
    bus.rig.cabinet.force(1);
    expect(bus.until(() => bus.doorOf(1) === "open")).toBeLessThan(250);
  });

  it("makes boards silent when the port stays closed, and refuses what waits for them", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.closePort();
    bus.unlock(1, { forMs: 10_000 });
    bus.until(() => bus.healthOf() === "silent");
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "rejected", reason: "board_silent" }]);
  });

  it("does not stay between ok and silent with a board whose polls never get through", () => {
    const bus = new VirtualBus();
    bus.start();
    const isPoll = () => bus.requestTypesSince(bus.nowMs - 0.5).at(-1) === POLL;
    for (let misses = 0; misses < 3; misses++) {
      bus.until(isPoll);
      bus.rig.line.inject("lost_reply");
      bus.runMs(60);
    }
    expect(bus.healthOf()).toBe("silent");
  });
});

describe("opening a port", () => {
  it("writes nothing but HELLO and POLL before a board is known", () => {
    const bus = new VirtualBus();
    bus.unlock(1);
    bus.queryOp(2, { ageMs: null });
    bus.openPort();
    bus.until(() => bus.resultsOf(1).length === 1);
    expect(bus.requestTypesSince(0).slice(0, 3)).toEqual([HELLO, POLL, UNLOCK]);
    bus.until(() => bus.evidenceOf(2).length === 1);
    expect(bus.requestTypesSince(0)).toContain(OP_QUERY);
  });

  it("does not write after a reopening what was commanded before and is late by then", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.closePort();
    bus.unlock(1, { forMs: 500 });
    bus.runMs(1_000);
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "rejected", reason: "expired" }]);
    const reopenedMs = bus.nowMs;
    bus.openPort();
    bus.runMs(3_000);
    expect(bus.requestTypesSince(reopenedMs)[0]).toBe(HELLO);
    expect(bus.requestTypesSince(reopenedMs)).not.toContain(UNLOCK);
    expect(bus.pulsesOf(1)).toBe(0);
  });

  it("calls unknown what was written just before the port went, and asks nothing about it later", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.rig.line.inject("lost_reply");
    bus.unlock(1);
    bus.until(() => bus.pulsesOf(1) === 1);
    bus.closePort();
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "unknown" }]);
    const reopenedMs = bus.nowMs;
    bus.openPort();
    bus.runMs(5_000);
    expect(bus.requestTypesSince(reopenedMs)).not.toContain(OP_QUERY);
    expect(bus.resultsOf(1)).toHaveLength(1);
    expect(bus.stillClosedCount(1)).toBe(0);
  });

  it("is not disturbed by noise, its own echo, and answers in pieces", () => {
    const bus = new VirtualBus({ line: { echo: true } });
    bus.start();
    bus.noise(Uint8Array.from({ length: 600 }, (_, index) => index & 0xff));
    bus.rig.line.setRates({ garbage_prefix: 0.5, split: 0.5 });
    bus.unlock(1);
    bus.until(() => bus.doorOf(1) === "open");
    bus.runMs(5_000);
    expect(bus.pulsesOf(1)).toBe(1);
    expect(bus.machine.counters.discardedBytesCount).toBeGreaterThan(600);
    expect(bus.healthOf()).toBeUndefined();
  });
});
