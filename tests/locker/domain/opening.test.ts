import { describe, expect, it } from "vitest";
import type { Reply } from "../../../src/locker/domain/output.ts";
import { TestLocker } from "../../support/test-locker.ts";

const refusal = (reply: Reply) => (reply.kind === "refused" ? reply.refusal.code : reply.kind);

describe("opening a door", () => {
  it("writes the authorisation and its attempt in the step that orders the unlock", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    locker.typeCode(1);
    const [unlock] = locker.unlocks();
    const attempt = unlock && locker.state.attempt.get(unlock.op);
    expect(unlock?.compartment).toBe(at);
    expect(attempt).toMatchObject({ number: 1, outcome: "sent" });
    expect(attempt && locker.state.authorisation.get(attempt.authorisation)).toMatchObject({
      state: "commanded",
      deposit,
    });
    expect(locker.deposit(deposit).code).toBe("claimed");
  });

  it("never takes the board's answer for an opening", () => {
    const locker = new TestLocker();
    const { deposit } = locker.store(1);
    locker.typeCode(1);
    locker.accepted();
    expect(locker.deposit(deposit).code).toBe("claimed");
    expect(locker.factNames()).not.toContain("door.opened");
  });

  it("burns the code when the sensor sees the door open, and collects at the close", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    locker.typeCode(1);
    locker.accepted();
    locker.door(at, "open");
    expect(locker.deposit(deposit)).toMatchObject({ code: "burned", state: "collecting" });
    locker.door(at, "closed");
    expect(locker.deposit(deposit).state).toBe("collected");
    expect(locker.at(at)).toMatchObject({ deposit: null, occupancy: "available" });
    expect(refusal(locker.typeCode(1))).toBe("code_finished");
  });

  it("opens once when the code is typed twice", () => {
    const locker = new TestLocker();
    locker.store(1);
    const first = locker.typeCode(1);
    expect(locker.typeCode(1)).toEqual(first);
    expect(locker.unlocks()).toHaveLength(1);
  });

  it("retries once after an accepted pulse that two fresh polls saw move nothing", () => {
    const locker = new TestLocker();
    locker.store(1);
    locker.typeCode(1);
    locker.accepted();
    locker.advance(700);
    locker.stillClosed();
    const [first, second] = locker.unlocks();
    expect(locker.unlocks()).toHaveLength(2);
    expect(second?.op.slice(0, 14)).toBe(first?.op.slice(0, 14));
    expect(second?.op).not.toBe(first?.op);
    expect(second?.notAfter).toBe(first?.notAfter);
    expect(locker.state.attempt.get(locker.lastOp())).toMatchObject({ number: 2, outcome: "sent" });
    locker.accepted();
    locker.advance(700);
    locker.stillClosed();
    expect(locker.unlocks()).toHaveLength(2);
  });

  it("does not retry after an unknown outcome", () => {
    const locker = new TestLocker();
    locker.store(1);
    locker.typeCode(1);
    locker.submit({ kind: "unlock_result", op: locker.lastOp(), outcome: "unknown" });
    locker.advance(700);
    locker.stillClosed();
    locker.advance(60_000);
    expect(locker.unlocks()).toHaveLength(1);
  });

  it("does not retry outside the window of 1.5 seconds", () => {
    const locker = new TestLocker();
    locker.store(1);
    locker.typeCode(1);
    locker.accepted();
    locker.advance(1_501);
    locker.stillClosed();
    expect(locker.unlocks()).toHaveLength(1);
  });

  it("calls a door that never moved blocked, re-arms the code and takes the compartment out of service", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    blockedPickup(locker);
    expect(locker.deposit(deposit)).toMatchObject({ state: "stored", code: "live", doubtedBy: null });
    expect(locker.at(at).outOfService).toBe("blocked");
    expect(locker.factNames()).toContain("unlock.blocked");
    expect(locker.factNames()).not.toContain("door.opened");
    expect(refusal(locker.typeCode(1))).toBe("compartment_out_of_service");
  });

  it("gives an opening within 60 s after blocked to that authorisation and burns the code", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    blockedPickup(locker);
    locker.advance(50_000);
    locker.door(at, "open");
    expect(locker.deposit(deposit).code).toBe("burned");
    expect(locker.factNames()).not.toContain("door.break_in");
  });

  it("calls an opening later than that a break-in and leaves the code alone", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    blockedPickup(locker);
    locker.advance(60_001);
    locker.door(at, "open");
    expect(locker.deposit(deposit)).toMatchObject({ code: "live", doubtedBy: "break_in" });
    expect(locker.factNames()).toContain("door.break_in");
  });

  it("re-arms at once when the board refuses, and keeps the compartment in service", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    locker.typeCode(1);
    locker.submit({ kind: "unlock_result", op: locker.lastOp(), outcome: "rejected", reason: "undervoltage" });
    expect(locker.deposit(deposit)).toMatchObject({ state: "stored", code: "live" });
    expect(locker.at(at).outOfService).toBeNull();
    expect(locker.typeCode(1).kind).toBe("opening");
  });

  it("leaves an unanswered opening in doubt: the code still opens, the compartment stays taken", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    locker.typeCode(1);
    locker.advance(3_000);
    expect(locker.factNames()).toContain("unlock.in_doubt");
    expect(locker.deposit(deposit)).toMatchObject({ state: "collecting", code: "live" });
    expect(locker.deposit(deposit).doubtedBy).not.toBeNull();
    expect(locker.at(at)).toMatchObject({ deposit, occupancy: "occupied" });
    expect(locker.typeCode(1).kind).toBe("opening");
  });

  it("holds both parcels when another door opens, with no retry and no re-arming", () => {
    const locker = new TestLocker();
    const one = locker.store(1);
    const two = locker.store(2);
    locker.typeCode(1);
    locker.accepted();
    locker.door(two.at, "open");
    locker.advance(700);
    locker.stillClosed();
    locker.advance(10_000);
    expect(locker.unlocks()).toHaveLength(1);
    expect(locker.deposit(one.deposit)).toMatchObject({ held: true, code: "claimed" });
    expect(locker.deposit(two.deposit).held).toBe(true);
    expect(locker.at(one.at).outOfService).toBe("broken");
    expect(locker.at(two.at).outOfService).toBe("broken");
    expect(locker.factNames()).toContain("door.wrong_opened");
    locker.door(two.at, "closed");
    expect(refusal(locker.typeCode(2))).toBe("parcel_held");
  });
});

describe("crossed wires", () => {
  it("are seen even when the wrong door is in its minute of grace", () => {
    const locker = new TestLocker();
    const one = locker.store(1);
    const two = locker.store(2);
    locker.typeCode(2);
    locker.door(two.at, "open");
    locker.door(two.at, "closed");
    locker.typeCode(1);
    locker.accepted();
    const pulses = locker.unlocks().length;
    locker.door(two.at, "open");
    locker.stillClosed();
    expect(locker.factNames()).toContain("door.wrong_opened");
    expect(locker.unlocks()).toHaveLength(pulses);
    expect(locker.deposit(one.deposit).held).toBe(true);
  });
});

describe("after a crash", () => {
  it("before the commit, nothing has happened and the code opens", () => {
    const locker = new TestLocker();
    locker.store(1);
    locker.crash();
    locker.doorsSeen();
    expect(locker.effects).toEqual([]);
    expect(locker.typeCode(1).kind).toBe("opening");
  });

  it("between commit and sensor, no unlock is sent again and the board is asked", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    locker.typeCode(1);
    const op = locker.lastOp();
    locker.crash();
    expect(locker.unlocks()).toEqual([]);
    expect(locker.effects).toEqual([{ kind: "query_op", op, compartment: at, ageMs: 0 }]);
    expect(locker.deposit(deposit)).toMatchObject({ state: "collecting", code: "live" });
    expect(locker.deposit(deposit).doubtedBy).not.toBeNull();
    expect(locker.factNames()).toEqual(["locker.started", "unlock.in_doubt", "pickup.in_doubt"]);
  });

  it("a door found open is recorded and burns the code", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    locker.typeCode(1);
    locker.crash();
    locker.door(at, "open");
    expect(locker.deposit(deposit).code).toBe("burned");
    expect(locker.factNames()).not.toContain("door.break_in");
    locker.door(at, "closed");
    expect(locker.deposit(deposit).state).toBe("collected");
  });

  it("a door found closed leaves the parcel maybe collected, and its compartment taken", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    locker.typeCode(1);
    locker.crash();
    locker.doorsSeen();
    locker.advance(120_000);
    expect(locker.deposit(deposit).doubtedBy).not.toBeNull();
    expect(locker.at(at)).toMatchObject({ deposit, occupancy: "occupied" });
    expect(locker.typeCode(1).kind).toBe("opening");
  });

  it("the board's memory of an operation that never came lifts the doubt", () => {
    const locker = new TestLocker();
    const { deposit } = locker.store(1);
    locker.typeCode(1);
    const op = locker.lastOp();
    locker.crash();
    locker.doorsSeen();
    locker.submit({ kind: "op_evidence", op, evidence: "never_seen" });
    expect(locker.deposit(deposit)).toMatchObject({ state: "stored", doubtedBy: null, code: "live" });
  });

  it("the board's memory of an opening burns the code though the door is closed", () => {
    const locker = new TestLocker();
    const { deposit } = locker.store(1);
    locker.typeCode(1);
    const op = locker.lastOp();
    locker.crash();
    locker.doorsSeen();
    locker.submit({ kind: "op_evidence", op, evidence: "opened" });
    expect(locker.deposit(deposit)).toMatchObject({ state: "collected", code: "burned" });
  });

  it("a clock that was set back tells no age of the operation that was in doubt", () => {
    const ageAfter = (wallStepMs: number) => {
      const locker = new TestLocker();
      locker.store(1);
      locker.typeCode(1);
      locker.wall += wallStepMs;
      locker.crash();
      return locker.effects.find((effect) => effect.kind === "query_op");
    };
    expect(ageAfter(5_000)).toMatchObject({ ageMs: 5_000 });
    expect(ageAfter(-5_000)).toMatchObject({ ageMs: null });
  });

  it("the board's memory comes too late for somebody who has typed the code again", () => {
    for (const evidence of ["never_seen", "no_change", "opened"] as const) {
      const locker = new TestLocker();
      const { deposit, at } = locker.store(1);
      locker.typeCode(1);
      const op = locker.lastOp();
      locker.crash();
      locker.doorsSeen();
      expect(locker.typeCode(1).kind).toBe("opening");
      locker.submit({ kind: "op_evidence", op, evidence });
      expect(locker.deposit(deposit)).toMatchObject({ state: "collecting", code: "claimed" });
      locker.door(at, "open");
      locker.door(at, "closed");
      expect(locker.deposit(deposit).state).toBe("collected");
    }
  });

  it("days ago, a door forced soon after a start is a break-in and no collection", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    locker.typeCode(1);
    locker.advance(5 * 86_400_000);
    locker.crash();
    locker.doorsSeen();
    locker.door(at, "open");
    expect(locker.factNames()).toContain("door.break_in");
    expect(locker.deposit(deposit).code).toBe("live");
  });

  it("a door that stands open is reported when nobody closes it", () => {
    const locker = new TestLocker();
    const { at } = locker.store(1);
    locker.typeCode(1);
    locker.door(at, "open");
    locker.crash();
    locker.door(at, "open");
    locker.advance(180_000);
    expect(locker.factNames()).toContain("door.left_open");
  });

  it("after the door was recorded open, a door found closed means collected", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    locker.typeCode(1);
    locker.accepted();
    locker.door(at, "open");
    locker.crash();
    locker.doorsSeen();
    expect(locker.deposit(deposit).state).toBe("collected");
  });

  it("a deposit under way leaves its compartment unknown, until its courier reopens and confirms", () => {
    const locker = new TestLocker(["S"]);
    const { deposit, at } = locker.startDeposit(1);
    locker.accepted();
    locker.door(at, "open");
    locker.crash();
    locker.doorsSeen();
    expect(locker.at(at)).toMatchObject({ occupancy: "unknown", deposit });
    locker.advance(60_000);
    expect(locker.deposit(deposit).state).toBe("depositing");
    const session = locker.signIn();
    expect(locker.submit({ kind: "reopen_deposit", session, deposit }).kind).toBe("opening");
    locker.door(at, "open");
    locker.door(at, "closed");
    locker.submit({ kind: "confirm_deposit", session, deposit });
    expect(locker.deposit(deposit).state).toBe("stored");
    expect(locker.at(at).occupancy).toBe("occupied");
  });

  it("a code that was being prepared is prepared anew", () => {
    const locker = new TestLocker();
    const session = locker.signIn();
    const { deposit, at } = locker.startDeposit(1, "S", session);
    locker.door(at, "open");
    locker.door(at, "closed");
    locker.submit({ kind: "confirm_deposit", session, deposit });
    locker.crash();
    expect(locker.effects).toMatchObject([{ kind: "prepare_code", deposit }]);
    locker.codePrepared(deposit, 1);
    locker.doorsSeen();
    expect(locker.typeCode(1).kind).toBe("opening");
  });
});

function blockedPickup(locker: TestLocker): void {
  locker.typeCode(1);
  locker.accepted();
  locker.advance(700);
  locker.stillClosed();
  locker.accepted();
  locker.advance(700);
  locker.stillClosed();
  locker.advance(2_000);
}
