import { describe, expect, it } from "vitest";
import { drivers } from "../../../src/locker/bus/drivers/catalogue.ts";
import { opOf, VirtualBus } from "./virtual-bus.ts";

const POLL = 0x02;
const OP_QUERY = 0x11;

describe("events", () => {
  it("are acknowledged only after the daemon has committed them", () => {
    const bus = new VirtualBus({ commits: false });
    bus.start();
    bus.rig.cabinet.force(1);
    bus.until(() => bus.doorOf(1) === "open");
    bus.runMs(2_000);
    expect(bus.doorsOf(1)).toEqual(["open"]);
    bus.restartMachine();
    bus.openPort();
    bus.until(() => bus.doorsOf(1).length === 2);
    expect(bus.uncommitted).toHaveLength(2);
    const [first, again] = bus.uncommitted;
    expect(again).toEqual(first);
    if (again === undefined) throw new Error("no event was reported");
    bus.commit(again);
    bus.runMs(1_000);
    bus.restartDaemon();
    bus.openPort();
    bus.until(() => bus.doorsOf(1).length === 3);
    expect(bus.uncommitted).toHaveLength(2);
  });

  it("come again to a new daemon when the old one never committed them, even if the door is shut by then", () => {
    const bus = new VirtualBus({ commits: false });
    bus.start();
    bus.rig.cabinet.force(1);
    bus.runMs(200);
    bus.rig.cabinet.close(1);
    bus.until(() => bus.doorOf(1) === "closed");
    bus.reports.length = 0;
    bus.restartDaemon();
    bus.openPort();
    bus.until(() => bus.doorOf(1) === "closed");
    expect(bus.doorsOf(1)).toEqual(["open", "closed"]);
  });

  it("committed just before the process died are not told twice", () => {
    const bus = new VirtualBus({ commits: false });
    bus.start();
    bus.rig.cabinet.force(1);
    bus.runMs(200);
    bus.rig.cabinet.close(1);
    bus.until(() => bus.uncommitted.length === 2);
    for (const event of bus.uncommitted) bus.commit(event);
    bus.restartMachine();
    bus.reports.length = 0;
    bus.openPort();
    bus.runMs(1_000);
    expect(bus.doorsOf(1)).toEqual(["closed"]);
  });

  it("of an earlier boot, committed late, acknowledge nothing of the present one", () => {
    const bus = new VirtualBus({ commits: false, board: { bootMs: 5 } });
    bus.start();
    bus.rig.cabinet.force(1);
    bus.until(() => bus.uncommitted.length === 1);
    const [old] = bus.uncommitted;
    if (old === undefined) throw new Error("no event was reported");
    bus.board().reset("watchdog");
    bus.runMs(500);
    bus.rig.cabinet.close(1);
    bus.until(() => bus.uncommitted.length === 2);
    expect(bus.uncommitted[1]?.sequence).toBe(old.sequence);
    bus.commit(old);
    bus.runMs(500);
    bus.reports.length = 0;
    bus.restartDaemon();
    bus.openPort();
    bus.until(() => bus.uncommitted.length === 3);
    expect(bus.uncommitted[2]).toEqual(bus.uncommitted[1]);
  });

  it("drain in order from a full ring, though they do not fit into one answer", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.closePort();
    for (let count = 0; count < 15; count++) {
      bus.rig.cabinet.force(2);
      bus.runMs(30);
      bus.rig.cabinet.close(2);
      bus.runMs(30);
    }
    bus.openPort();
    bus.until(() => bus.doorsOf(2).length >= 30);
    expect(bus.doorsOf(2)).toEqual(Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? "open" : "closed")));
  });
});

describe("a door's level", () => {
  it("does not run ahead of events that are still to come", () => {
    const bus = new VirtualBus({ commits: false });
    bus.start();
    bus.closePort();
    for (let count = 0; count < 15; count++) {
      bus.rig.cabinet.force(2);
      bus.runMs(30);
      bus.rig.cabinet.close(2);
      bus.runMs(30);
    }
    bus.openPort();
    bus.runMs(2_000);
    expect(bus.doorsOf(2).length).toBeLessThan(30);
    expect(bus.uncommitted).toHaveLength(bus.doorsOf(2).length);
  });
});

describe("doors without events", () => {
  it("heal after a reset that lost the edge, once two polls agree", () => {
    const bus = new VirtualBus({ board: { bootMs: 400 } });
    bus.start();
    bus.board().reset("watchdog");
    bus.rig.cabinet.force(1);
    bus.until(() => bus.doorOf(1) === "open", 5_000);
  });

  it("are unknown where no switch is wired, by the board's word or by the configuration", () => {
    const bus = new VirtualBus({ channel: (number) => (number === 2 ? { feedback: "none" } : {}) });
    bus.rig.harness.setFeedback(1, 0, "none");
    bus.openPort();
    bus.runMs(500);
    bus.rig.cabinet.force(2);
    bus.runMs(500);
    expect(bus.doorsOf(1)).toEqual(["unknown"]);
    expect(bus.doorsOf(2)).toEqual(["unknown"]);
    expect(bus.doorsOf(3)).toEqual(["closed"]);
  });

  it("are read the other way round where the contact closes with an open door", () => {
    const bus = new VirtualBus({ channel: (number) => (number === 1 ? { feedback: "open-closes" } : {}) });
    bus.rig.harness.setFeedback(1, 0, "inverted");
    bus.openPort();
    bus.runMs(500);
    bus.unlock(1);
    bus.until(() => bus.doorOf(1) === "open");
    bus.rig.cabinet.close(1);
    bus.until(() => bus.doorOf(1) === "closed");
    expect(bus.doorsOf(1)).toEqual(["closed", "open", "closed"]);
  });
});

describe("what a board remembers of an operation", () => {
  it("is that it opened", () => {
    const bus = new VirtualBus({ commits: false });
    bus.start();
    bus.unlock(1);
    bus.until(() => bus.doorOf(1) === "open");
    bus.restartDaemon();
    bus.openPort();
    bus.queryOp(1, { ageMs: 500 });
    bus.until(() => bus.evidenceOf(1).length === 1);
    expect(bus.evidenceOf(1)).toEqual(["opened"]);
  });

  it("is that nothing moved", () => {
    const bus = new VirtualBus();
    bus.rig.cabinet.setBehaviour(1, "jammed");
    bus.start();
    bus.unlock(1);
    bus.until(() => bus.pulsesOf(1) === 1);
    bus.restartDaemon();
    bus.openPort();
    bus.queryOp(1, { ageMs: 500 });
    bus.until(() => bus.evidenceOf(1).length === 1);
    expect(bus.evidenceOf(1)).toEqual(["no_change"]);
  });

  it("is not trusted to be nothing when a late opening is among its events", () => {
    const bus = new VirtualBus({ commits: false });
    bus.rig.cabinet.setBehaviour(1, "slow");
    bus.start();
    bus.unlock(1);
    bus.until(() => bus.rig.cabinet.truthOf(1)?.door === "open");
    bus.runMs(200);
    bus.rig.cabinet.close(1);
    bus.runMs(200);
    bus.restartDaemon();
    bus.openPort();
    bus.queryOp(1, { ageMs: 5_000 });
    bus.until(() => bus.evidenceOf(1).length === 1);
    expect(bus.evidenceOf(1)).toEqual(["unknown"]);
  });

  it("is nothing, which proves that no frame came, when its boot is older than the operation", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.runMs(120_000);
    bus.queryOp(1, { ageMs: 20_000 });
    expect(bus.until(() => bus.evidenceOf(1).length === 1)).toBeLessThan(200);
    expect(bus.evidenceOf(1)).toEqual(["never_seen"]);
  });

  it("is not taken for nothing before a frame held up on the way would be dead", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.runMs(120_000);
    bus.queryOp(1, { ageMs: 1_000 });
    expect(bus.until(() => bus.evidenceOf(1).length === 1, 20_000)).toBeGreaterThanOrEqual(4_000);
    expect(bus.evidenceOf(1)).toEqual(["never_seen"]);
  });

  it.each([
    ["the board has booted since", 70_000],
    ["the board booted so soon before that a clock set back could tell", 10_000],
    ["nobody knows how old the operation is", null],
  ])("proves nothing when %s", (_, ageMs) => {
    const bus = new VirtualBus();
    bus.start();
    bus.runMs(60_000);
    bus.queryOp(1, { ageMs });
    bus.until(() => bus.evidenceOf(1).length === 1);
    expect(bus.evidenceOf(1)).toEqual(["unknown"]);
  });

  it("proves nothing when the board is reset between the answer and its confirmation", () => {
    const bus = new VirtualBus({ board: { bootMs: 5 } });
    bus.start();
    bus.runMs(60_000);
    bus.queryOp(1, { ageMs: 20_000 });
    bus.until(() => bus.requestTypesSince(bus.nowMs).includes(OP_QUERY));
    bus.runMs(6);
    bus.board().reset("watchdog");
    bus.until(() => bus.evidenceOf(1).length === 1);
    expect(bus.evidenceOf(1)).toEqual(["unknown"]);
  });

  it("proves nothing when the board that saw no change is reset before it could tell of a late opening", () => {
    const bus = new VirtualBus({ board: { bootMs: 5 } });
    bus.rig.cabinet.setBehaviour(1, "jammed");
    bus.start();
    bus.unlock(1);
    bus.runMs(3_000);
    const askedMs = bus.nowMs;
    bus.queryOp(1, { ageMs: 3_000 });
    const isBeingConfirmed = () => {
      const types = bus.requestTypesSince(askedMs);
      return types.slice(types.indexOf(OP_QUERY) + 1).includes(POLL);
    };
    bus.until(isBeingConfirmed);
    bus.board().reset("watchdog");
    bus.until(() => bus.evidenceOf(1).length === 1);
    expect(bus.evidenceOf(1)).toEqual(["unknown"]);
  });

  it("is not trusted where the switch is wired otherwise than the board thinks", () => {
    const bus = new VirtualBus({ channel: () => ({ feedback: "open-closes" }) });
    bus.rig.harness.setFeedback(1, 0, "inverted");
    bus.rig.cabinet.setBehaviour(1, "jammed");
    bus.start();
    bus.unlock(1);
    bus.until(() => bus.stillClosedCount(1) === 1);
    bus.queryOp(1, { ageMs: 1_000 });
    bus.until(() => bus.evidenceOf(1).length === 1);
    expect(bus.evidenceOf(1)).toEqual(["unknown"]);
  });

  it("is unknown when the board is silent", () => {
    const bus = new VirtualBus();
    bus.start();
    bus.board().cutPower();
    bus.queryOp(1, { ageMs: 20_000 });
    bus.until(() => bus.evidenceOf(1).length === 1);
    bus.queryOp(2, { ageMs: 20_000 });
    bus.until(() => bus.evidenceOf(2).length === 1);
    expect([...bus.evidenceOf(1), ...bus.evidenceOf(2)]).toEqual(["unknown", "unknown"]);
  });

  it("cannot be had from a kind of board without memory: no answer is unknown at once", () => {
    const fp1 = { ...drivers.fp1, abilities: { remembersOperations: false } };
    const bus = new VirtualBus({ drivers: { fp1 } });
    bus.start();
    bus.rig.line.inject("lost_reply");
    bus.unlock(1);
    bus.queryOp(2, { ageMs: 20_000 });
    expect(bus.evidenceOf(2)).toEqual(["unknown"]);
    bus.until(() => bus.resultsOf(1).length === 1);
    expect(bus.resultsOf(1)).toEqual([{ kind: "unlock_result", op: opOf(1), outcome: "unknown" }]);
    bus.runMs(2_000);
    expect(bus.requestTypesSince(0)).not.toContain(OP_QUERY);
  });
});
