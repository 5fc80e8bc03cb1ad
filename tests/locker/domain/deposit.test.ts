import { describe, expect, it } from "vitest";
import type { Reply } from "../../../src/locker/domain/output.ts";
import { compartment, digest, TestLocker, verifier } from "../../support/test-locker.ts";

const refusal = (reply: Reply) => (reply.kind === "refused" ? reply.refusal.code : reply.kind);

function opened(locker: TestLocker, parcel = 1) {
  const session = locker.signIn();
  const deposit = locker.startDeposit(parcel, "S", session);
  locker.accepted();
  locker.door(deposit.at, "open");
  return { session, ...deposit };
}

describe("a deposit", () => {
  it("gets the smallest free compartment that fits", () => {
    const locker = new TestLocker(["L", "M", "S"]);
    const session = locker.signIn();
    expect(locker.startDeposit(1, "M", session).at).toBe(compartment(2));
  });

  it("takes a larger compartment when the fitting ones are taken", () => {
    const locker = new TestLocker(["L", "S"]);
    locker.store(1);
    expect(locker.store(2).at).toBe(compartment(1));
    const session = locker.signIn();
    const full = locker.submit({ kind: "start_deposit", session, verifier: verifier(3), size: "S" });
    expect(refusal(full)).toBe("no_compartment_free");
  });

  it("is never given a compartment whose door is not seen closed", () => {
    const locker = new TestLocker(["S"], { doors: "unknown" });
    const session = locker.signIn();
    const answer = locker.submit({ kind: "start_deposit", session, verifier: verifier(1), size: "S" });
    expect(refusal(answer)).toBe("no_compartment_free");
  });

  it("counts only after a sensed close and Done", () => {
    const locker = new TestLocker();
    const { session, deposit, at } = opened(locker);
    expect(refusal(locker.submit({ kind: "confirm_deposit", session, deposit }))).toBe("door_not_closed");
    locker.door(at, "closed");
    expect(locker.deposit(deposit).state).toBe("depositing");
    locker.submit({ kind: "confirm_deposit", session, deposit });
    expect(locker.deposit(deposit)).toMatchObject({ state: "stored", code: "pending" });
    expect(locker.effects.at(-1)).toMatchObject({ kind: "prepare_code", deposit });
  });

  it("counts after ten seconds of silence behind the closed door, and not before", () => {
    const locker = new TestLocker();
    const { deposit, at } = opened(locker);
    locker.door(at, "closed");
    locker.advance(9_999);
    expect(locker.deposit(deposit).state).toBe("depositing");
    locker.advance(1);
    expect(locker.deposit(deposit).state).toBe("stored");
  });

  it("is confirmed by the scan of the next parcel", () => {
    const locker = new TestLocker();
    const { session, deposit, at } = opened(locker);
    locker.door(at, "closed");
    locker.startDeposit(2, "S", session);
    expect(locker.deposit(deposit).state).toBe("stored");
  });

  it("holds the next one up while its door is open", () => {
    const locker = new TestLocker();
    const { session } = opened(locker);
    const next = locker.submit({ kind: "start_deposit", session, verifier: verifier(2), size: "S" });
    expect(refusal(next)).toBe("door_not_closed");
  });

  it("issues no code when cancelled, and frees the compartment seen open", () => {
    const locker = new TestLocker();
    const { session, deposit, at } = opened(locker);
    locker.submit({ kind: "cancel_deposit", session, deposit });
    locker.door(at, "closed");
    locker.advance(60_000);
    expect(locker.deposit(deposit).state).toBe("cancelled");
    expect(locker.at(at)).toMatchObject({ occupancy: "available", deposit: null });
    expect(locker.effects.filter((effect) => effect.kind === "prepare_code")).toEqual([]);
  });

  it("leaves the compartment unknown when cancelled behind a closed door", () => {
    const locker = new TestLocker();
    const { session, deposit, at } = opened(locker);
    locker.door(at, "closed");
    locker.submit({ kind: "cancel_deposit", session, deposit });
    expect(locker.at(at).occupancy).toBe("unknown");
  });

  it("moves on by itself when its door is blocked: nothing was put in", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.startDeposit(1);
    locker.accepted();
    locker.stillClosed();
    locker.accepted();
    locker.stillClosed();
    locker.advance(3_000);
    expect(locker.deposit(deposit).state).toBe("cancelled");
    expect(locker.at(at)).toMatchObject({ outOfService: "blocked", deposit: null });
    expect(locker.startDeposit(1).at).not.toBe(at);
  });

  it("can be reopened before it counts, and silence starts anew after the close", () => {
    const locker = new TestLocker();
    const { session, deposit, at } = opened(locker);
    locker.door(at, "closed");
    locker.advance(8_000);
    expect(locker.submit({ kind: "reopen_deposit", session, deposit }).kind).toBe("opening");
    locker.accepted();
    locker.door(at, "open");
    locker.advance(20_000);
    locker.door(at, "closed");
    locker.advance(9_999);
    expect(locker.deposit(deposit).state).toBe("depositing");
    locker.advance(1);
    expect(locker.deposit(deposit).state).toBe("stored");
  });

  it("still counts when the door is jammed on a second opening: the parcel is behind it", () => {
    const locker = new TestLocker();
    const { session, deposit, at } = opened(locker);
    locker.door(at, "closed");
    locker.submit({ kind: "reopen_deposit", session, deposit });
    locker.submit({ kind: "unlock_result", op: locker.lastOp(), outcome: "rejected", reason: "busy" });
    expect(locker.submit({ kind: "confirm_deposit", session, deposit })).toEqual({ kind: "done" });
    expect(locker.deposit(deposit).state).toBe("stored");
  });

  it("counts by silence after such a second opening too", () => {
    const locker = new TestLocker();
    const { session, deposit, at } = opened(locker);
    locker.door(at, "closed");
    locker.submit({ kind: "reopen_deposit", session, deposit });
    locker.submit({ kind: "unlock_result", op: locker.lastOp(), outcome: "rejected", reason: "busy" });
    locker.advance(10_000);
    expect(locker.deposit(deposit).state).toBe("stored");
  });

  it("counts by silence when its door opened late and was seen to close", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.startDeposit(1);
    locker.advance(3_500);
    expect(locker.at(at).occupancy).toBe("unknown");
    locker.door(at, "open");
    locker.door(at, "closed");
    locker.advance(10_000);
    expect(locker.deposit(deposit).state).toBe("stored");
  });

  it("treats a door that did not latch as the courier's own", () => {
    const locker = new TestLocker();
    const { deposit, at } = opened(locker);
    locker.door(at, "closed");
    locker.advance(2_000);
    locker.door(at, "open");
    expect(locker.factNames()).not.toContain("door.break_in");
    locker.advance(30_000);
    expect(locker.deposit(deposit).state).toBe("depositing");
  });

  it("refuses a parcel that is already inside, and one that was collected", () => {
    const locker = new TestLocker();
    const { at } = locker.store(1);
    const session = locker.signIn();
    const again = () => refusal(locker.submit({ kind: "start_deposit", session, verifier: verifier(1), size: "S" }));
    expect(again()).toBe("parcel_already_stored");
    locker.typeCode(1);
    locker.door(at, "open");
    locker.door(at, "closed");
    expect(again()).toBe("parcel_finished");
  });

  it("draws another code when its digest is taken by a live or lately dead one", () => {
    const locker = new TestLocker();
    locker.store(1);
    const session = locker.signIn();
    const { deposit, at } = locker.startDeposit(2, "S", session);
    locker.door(at, "open");
    locker.door(at, "closed");
    locker.submit({ kind: "confirm_deposit", session, deposit });
    locker.effects = [];
    locker.codePrepared(deposit, 1);
    expect(locker.deposit(deposit).code).toBe("pending");
    expect(locker.effects).toMatchObject([{ kind: "prepare_code", deposit }]);
    expect(locker.state.proof.get(digest(1))?.deposit).not.toBe(deposit);
  });

  it("leaves the kiosk's screen when its courier signs out", () => {
    const locker = new TestLocker();
    const { session, deposit, at } = opened(locker);
    locker.door(at, "closed");
    locker.submit({ kind: "confirm_deposit", session, deposit });
    locker.submit({ kind: "sign_out", session });
    expect(locker.state.operation.size).toBe(0);
  });

  it("belongs to its courier's session alone", () => {
    const locker = new TestLocker();
    const { deposit, at } = opened(locker);
    locker.door(at, "closed");
    const stranger = "f".repeat(32);
    expect(refusal(locker.submit({ kind: "confirm_deposit", session: stranger, deposit }))).toBe("no_session");
    expect(refusal(locker.submit({ kind: "reopen_deposit", session: stranger, deposit }))).toBe("no_session");
  });
});

describe("an open door", () => {
  it("is reported when nobody closes it", () => {
    const locker = new TestLocker();
    const { at } = opened(locker);
    locker.advance(179_999);
    expect(locker.factNames()).not.toContain("door.left_open");
    locker.advance(1);
    expect(locker.facts.at(-1)).toMatchObject({ name: "door.left_open", data: { compartment: at } });
  });

  it("without an authorisation is a break-in: an empty compartment becomes unknown", () => {
    const locker = new TestLocker();
    locker.door(2, "open");
    expect(locker.factNames()).toContain("door.break_in");
    locker.door(2, "closed");
    expect(locker.at(compartment(2)).occupancy).toBe("unknown");
  });

  it("of a cabinet that was never seen before is no break-in", () => {
    const locker = new TestLocker(["S"], { doors: "unknown" });
    locker.door(1, "open");
    locker.door(1, "closed");
    expect(locker.factNames()).not.toContain("door.break_in");
    expect(locker.at(compartment(1)).occupancy).toBe("available");
  });

  it("that opened unseen while the daemon was down is a break-in too", () => {
    const locker = new TestLocker();
    locker.store(1);
    locker.crash();
    locker.door(1, "open");
    expect(locker.factNames()).toContain("door.break_in");
  });
});
