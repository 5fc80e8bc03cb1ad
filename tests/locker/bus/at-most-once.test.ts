import { describe, expect, it } from "vitest";
import { opOf, VirtualBus } from "./virtual-bus.ts";

const UNLOCK = 0x10;

const unlocksWritten = (bus: VirtualBus): number => bus.requestTypesSince(0).filter((type) => type === UNLOCK).length;

describe("an unlock that gets no answer", () => {
  it("is asked about, not repeated, and found accepted when only the reply was lost", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.rig.line.inject("lost_reply");
    bus.unlock(1);
    expect(bus.until(() => bus.resultsOf(1).length === 1)).toBeLessThan(200);
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "accepted" }]);
    bus.until(() => bus.doorOf(1) === "open");
    bus.runMs(5_000);
    expect(bus.pulsesOf(1)).toBe(1);
    expect(unlocksWritten(bus)).toBe(1);
  });

  it("is rejected when the request was lost, but only after a late frame would be dead", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.rig.line.inject("lost_request");
    bus.unlock(1, { forMs: 2_000 });
    expect(bus.until(() => bus.resultsOf(1).length === 1)).toBeGreaterThanOrEqual(2_000);
    expect(bus.resultsOf(1)).toEqual([
      { kind: "unlock_result", op: opOf(1), outcome: "rejected", reason: "not_received" },
    ]);
    bus.runMs(10_000);
    expect(bus.pulsesOf(1)).toBe(0);
    expect(unlocksWritten(bus)).toBe(1);
  });

  it("is accepted when its frame was held up and arrives after the board was asked in vain", () => {
    const bus = new VirtualBus({ line: { lateMs: 700 } });
    bus.start();
    bus.rig.line.inject("late_request");
    bus.unlock(1, { forMs: 1_500 });
    bus.until(() => bus.resultsOf(1).length === 1);
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "accepted" }]);
    expect(bus.pulsesOf(1)).toBe(1);
    expect(bus.doorOf(1)).toBe("open");
  });

  it("dies within seconds wherever it is held up, however long the command would live", () => {
    const bus = new VirtualBus({ line: { lateMs: 6_000 } });
    bus.start();
    bus.rig.line.inject("late_request");
    bus.unlock(1, { forMs: 30_000 });
    bus.until(() => bus.resultsOf(1).length === 1, 10_000);
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "rejected", reason: "not_received" }]);
    bus.runMs(10_000);
    expect(bus.pulsesOf(1)).toBe(0);
  });

  it("gives one pulse when the line delivers the frame twice", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.rig.line.inject("duplicate_request");
    bus.unlock(1);
    bus.until(() => bus.doorOf(1) === "open");
    bus.runMs(5_000);
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "accepted" }]);
    expect(bus.pulsesOf(1)).toBe(1);
  });

  it("is unknown when the board falls silent before it said anything", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.rig.line.inject("lost_reply");
    bus.unlock(1);
    bus.until(() => bus.pulsesOf(1) === 1);
    bus.board().cutPower();
    bus.until(() => bus.resultsOf(1).length === 1);
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "unknown" }]);
  });

  it("is unknown when the board was reset by the very pulse, and is not tried again", () => {
    const bus = new VirtualBus();
    bus.board().setSupply({ millivolts: 12_000, sagMillivolts: 6_000 });
    bus.start();
    bus.rig.line.inject("lost_reply");
    bus.unlock(1);
    bus.until(() => bus.resultsOf(1).length === 1);
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "unknown" }]);
    bus.until(() => bus.doorOf(1) === "open", 10_000);
    bus.runMs(5_000);
    expect(bus.pulsesOf(1)).toBe(1);
    expect(unlocksWritten(bus)).toBe(1);
    expect(bus.stillClosedCount(1)).toBe(0);
  });
});

describe("a board of another boot", () => {
  it("makes an operation stale, and rejected because it had booted before the frame was written", () => {
    const bus = new VirtualBus({ board: { bootMs: 5 } });
    bus.start();
    const { exchangesCount } = bus.machine.counters;
    bus.until(() => bus.machine.counters.exchangesCount > exchangesCount);
    bus.runMs(10);
    bus.board().reset("watchdog");
    bus.runMs(30);
    bus.unlock(1);
    expect(bus.requestTypesSince(bus.nowMs)).toEqual([UNLOCK]);
    bus.until(() => bus.resultsOf(1).length === 1);
    expect(bus.resultsOf(1)).toEqual([
      { kind: "unlock_result", op: opOf(1), outcome: "rejected", reason: "stale_boot" },
    ]);
    bus.runMs(5_000);
    expect(bus.pulsesOf(1)).toBe(0);
  });

  it("costs one operation, not those that wait behind it", () => {
    const bus = new VirtualBus({ board: { bootMs: 5 } });
    bus.start();
    const { exchangesCount } = bus.machine.counters;
    bus.until(() => bus.machine.counters.exchangesCount > exchangesCount);
    bus.runMs(10);
    bus.board().reset("watchdog");
    bus.runMs(30);
    bus.unlock(1);
    bus.unlock(2);
    bus.until(() => bus.doorOf(2) === "open");
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "rejected", reason: "stale_boot" }]);
  });

  it("leaves an operation unknown that may have run before a quick reset", () => {
    const bus = new VirtualBus({ board: { bootMs: 5 } });
    bus.start();
    bus.rig.line.inject("lost_reply");
    bus.unlock(1);
    bus.until(() => bus.pulsesOf(1) === 1);
    bus.board().reset("brownout");
    bus.until(() => bus.resultsOf(1).length === 1);
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "unknown" }]);
    expect(bus.healthOf()).toBeUndefined();
  });

  it("forgets nothing it needs: the next unlock carries the new boot and opens", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.board().reset("watchdog");
    bus.until(() => bus.healthOf() === "silent");
    bus.until(() => bus.healthOf() === "ok" && bus.doorOf(1) === "closed", 10_000);
    bus.unlock(1);
    bus.until(() => bus.doorOf(1) === "open");
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "accepted" }]);
  });

  it("does not speak for an accepted operation whose pulse the reset cut short", () => {
    const bus = new VirtualBus({ board: { bootMs: 5 } });
    bus.rig.cabinet.setBehaviour(1, "jammed");
    bus.start();
    bus.unlock(1);
    bus.until(() => bus.resultsOf(1).length === 1);
    bus.runMs(100);
    bus.board().reset("brownout");
    bus.runMs(8_000);
    expect(bus.resultsOf(1)).toMatchObject([{ outcome: "accepted" }]);
    expect(bus.stillClosedCount(1)).toBe(0);
    expect(bus.pulsesOf(1)).toBe(1);
  });
});
