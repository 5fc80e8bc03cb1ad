import { describe, expect, it } from "vitest";
import { guessRefillPerDay } from "../../../src/locker/domain/guessing.ts";
import type { Reply } from "../../../src/locker/domain/output.ts";
import { digest, TestLocker } from "../../support/test-locker.ts";

const refusal = (reply: Reply) => (reply.kind === "refused" ? reply.refusal.code : reply.kind);

/** Wrong codes, each after the pause before it. */
function guess(locker: TestLocker, times: number): void {
  for (let i = 0; i < times; i++) {
    locker.advance(900_000);
    locker.typeCode(0xbad0 + i, "with_extension");
  }
}

function collected(locker: TestLocker) {
  const stored = locker.store(1);
  locker.typeCode(1);
  locker.accepted();
  locker.door(stored.at, "open");
  locker.door(stored.at, "closed");
  return stored;
}

describe("a pickup", () => {
  it("opens by QR token as by code, and burns both", () => {
    const locker = new TestLocker();
    const { at } = locker.store(1);
    expect(locker.submit({ kind: "scan_qr", token: digest(0x2001) }).kind).toBe("opening");
    locker.door(at, "open");
    locker.door(at, "closed");
    expect(refusal(locker.typeCode(1))).toBe("code_finished");
    expect(refusal(locker.submit({ kind: "scan_qr", token: digest(0x2001) }))).toBe("code_finished");
  });

  it("leaves no way from a dead proof to its deposit, and none back", () => {
    const locker = new TestLocker();
    const { deposit } = collected(locker);
    expect([...locker.state.proof.values()].map((proof) => proof.deposit)).toEqual([null, null]);
    expect(locker.deposit(deposit)).toMatchObject({ codeDigest: null, extensionDigest: null, qrDigest: null });
  });

  it("never takes a QR token for a code", () => {
    const locker = new TestLocker();
    locker.store(1);
    expect(refusal(locker.submit({ kind: "type_code", code: digest(0x2001), extension: null }))).toBe("unknown_code");
  });

  it("keeps its compartment from others while it may be reopened", () => {
    const locker = new TestLocker(["S"]);
    const { deposit } = collected(locker);
    const session = locker.signIn();
    const { verifier } = locker.deposit(deposit);
    const other = { kind: "start_deposit", session, verifier: `b${verifier.slice(1)}`, size: "S" } as never;
    expect(refusal(locker.submit(other))).toBe("no_compartment_free");
    locker.advance(59_000);
    locker.submit({ kind: "touch", session });
    locker.advance(1_000);
    expect(locker.submit(other).kind).toBe("opening");
  });

  it("leaves the kiosk's screen a minute after its door was closed", () => {
    const locker = new TestLocker();
    collected(locker);
    locker.advance(59_999);
    expect(locker.state.operation.size).toBe(1);
    locker.advance(1);
    expect(locker.state.operation.size).toBe(0);
  });

  it("stays on the kiosk's screen while its door is open, whoever signs out", () => {
    const locker = new TestLocker();
    const { at } = locker.store(1);
    const session = locker.signIn();
    locker.typeCode(1);
    locker.door(at, "open");
    locker.submit({ kind: "sign_out", session });
    locker.advance(600_000);
    expect(locker.state.operation.size).toBe(1);
  });

  it("may be reopened within 60 s of the close, and not later", () => {
    const locker = new TestLocker();
    const { deposit, at } = collected(locker);
    locker.advance(59_999);
    expect(locker.submit({ kind: "reopen_pickup", deposit }).kind).toBe("opening");
    locker.accepted();
    locker.door(at, "open");
    locker.door(at, "closed");
    locker.advance(60_000);
    expect(refusal(locker.submit({ kind: "reopen_pickup", deposit }))).toBe("reopen_over");
  });

  it("freezes the compartment when the recipient found it empty", () => {
    const locker = new TestLocker();
    const { deposit, at } = collected(locker);
    locker.submit({ kind: "dispute_pickup", deposit });
    expect(locker.deposit(deposit).state).toBe("disputed");
    expect(locker.at(at)).toMatchObject({ occupancy: "unknown", outOfService: "audit" });
    expect(refusal(locker.submit({ kind: "dispute_pickup", deposit }))).toBe("reopen_over");
  });

  it("stays disputed when the empty compartment's door is closed afterwards", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    locker.typeCode(1);
    locker.door(at, "open");
    locker.submit({ kind: "dispute_pickup", deposit });
    locker.door(at, "closed");
    expect(locker.deposit(deposit).state).toBe("disputed");
    expect(locker.at(at)).toMatchObject({ occupancy: "unknown", outOfService: "audit" });
    expect(locker.factNames()).not.toContain("pickup.collected");
  });

  it("is collected after a late opening too, and the compartment is free again", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    locker.typeCode(1);
    locker.accepted();
    locker.stillClosed();
    locker.accepted();
    locker.stillClosed();
    locker.advance(3_000);
    expect(locker.deposit(deposit)).toMatchObject({ state: "stored", code: "live" });
    locker.door(at, "open");
    expect(locker.deposit(deposit)).toMatchObject({ state: "collecting", code: "burned" });
    locker.door(at, "closed");
    expect(locker.deposit(deposit)).toMatchObject({ state: "collected", code: "burned" });
    expect(locker.at(at)).toMatchObject({ deposit: null, occupancy: "available", outOfService: "blocked" });
  });

  it("stays collected when its door did not latch and opens once more", () => {
    const locker = new TestLocker();
    const { deposit, at } = collected(locker);
    locker.facts = [];
    locker.door(at, "open");
    locker.door(at, "closed");
    expect(locker.factNames()).toEqual(["door.opened", "door.closed"]);
    expect(locker.deposit(deposit).state).toBe("collected");
  });

  it("keeps an older doubt when a further try is refused by the board", () => {
    const locker = new TestLocker();
    const { deposit } = locker.store(1);
    locker.typeCode(1);
    locker.advance(3_000);
    locker.facts = [];
    locker.typeCode(1);
    locker.submit({ kind: "unlock_result", op: locker.lastOp(), outcome: "rejected", reason: "busy" });
    expect(locker.deposit(deposit)).toMatchObject({ state: "collecting", code: "live" });
    expect(locker.factNames()).not.toContain("pickup.rearmed");
  });

  it("is not commanded while its door stands open", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    locker.door(at, "open");
    expect(refusal(locker.typeCode(1))).toBe("door_already_open");
    expect(locker.deposit(deposit).code).toBe("live");
  });

  it("is not attempted while the door cannot be seen, and the code stays unclaimed", () => {
    const locker = new TestLocker();
    const { deposit, at } = locker.store(1);
    locker.door(at, "unknown");
    expect(refusal(locker.typeCode(1))).toBe("compartment_unreachable");
    expect(locker.deposit(deposit).code).toBe("live");
  });
});

describe("guessing", () => {
  it("pauses after three wrong codes, twice as long after each further one, fifteen minutes at most", () => {
    const locker = new TestLocker();
    locker.store(1);
    const pauses: number[] = [];
    for (let i = 0; i < 10; i++) {
      expect(refusal(locker.typeCode(0xbad + i))).toBe("unknown_code");
      const reply = locker.typeCode(1);
      const pausedMs = reply.kind === "refused" && reply.refusal.code === "paused" ? reply.refusal.remainingMs : 0;
      pauses.push(pausedMs);
      if (pausedMs === 0) {
        locker.door(1, "open");
        locker.door(1, "closed");
        locker.store(100 + i);
      }
      locker.advance(pausedMs);
    }
    expect(pauses).toEqual([0, 0, 30_000, 60_000, 120_000, 240_000, 480_000, 900_000, 900_000, 900_000]);
  });

  it("is not what a dead code is: it costs nothing", () => {
    const locker = new TestLocker();
    collected(locker);
    const before = locker.state.budget.get("code");
    expect(refusal(locker.typeCode(1))).toBe("code_finished");
    expect(locker.state.budget.get("code")).toEqual(before);
  });

  it("asks for thirteen digits once the budget is spent, before any look-up, and still opens", () => {
    const locker = new TestLocker();
    locker.store(1);
    guess(locker, 25);
    locker.advance(2_000);
    expect(refusal(locker.typeCode(1))).toBe("extension_needed");
    expect(refusal(locker.typeCode(0xbad))).toBe("extension_needed");
    expect(locker.typeCode(1, "with_extension").kind).toBe("opening");
  });

  it("counts a right code with a wrong extension", () => {
    const locker = new TestLocker();
    locker.store(1);
    const level = locker.state.budget.get("code")?.level ?? 0;
    locker.submit({ kind: "type_code", code: digest(1), extension: digest(0xbad) });
    expect(locker.state.budget.get("code")?.level).toBe(level - 1);
  });

  it("keeps its budget and its pause over a restart", () => {
    const locker = new TestLocker();
    locker.store(1);
    for (let i = 0; i < 3; i++) locker.typeCode(0xbad + i);
    const level = locker.state.budget.get("code")?.level;
    locker.crash();
    locker.doorsSeen();
    expect(locker.state.budget.get("code")?.level).toBe(level);
    expect(refusal(locker.typeCode(1))).toBe("paused");
  });

  it("gains nothing from a jump of the wall clock", () => {
    const locker = new TestLocker();
    guess(locker, 5);
    locker.wall += 365 * 86_400_000;
    const level = locker.state.budget.get("code")?.level ?? 0;
    locker.advance(3_600_000);
    const gained = (locker.state.budget.get("code")?.level ?? 0) - level;
    expect(gained).toBeGreaterThan(0);
    expect(gained).toBeLessThan(1);
  });

  it("refills by what both risk goals allow: 2.7 a day with 100 live codes", () => {
    expect(guessRefillPerDay(100)).toBeCloseTo(2.74, 2);
    expect(guessRefillPerDay(1)).toBeCloseTo(14.29, 2);
  });

  it("blocks nobody for minutes after a restart with the budget spent", () => {
    const locker = new TestLocker();
    locker.store(1);
    guess(locker, 25);
    locker.crash();
    locker.doorsSeen();
    locker.advance(2_000);
    expect(locker.typeCode(1, "with_extension").kind).toBe("opening");
  });

  it("raises an alarm for every ten guesses in an hour", () => {
    const locker = new TestLocker();
    for (let i = 0; i < 12; i++) {
      locker.typeCode(0xbad + i);
      const runtime = locker.state.runtime.get(1);
      if (runtime !== undefined) locker.state.runtime.set(1, { ...runtime, codePausedUntil: runtime.refilledAt });
    }
    expect(locker.factNames().filter((name) => name === "guessing.alarm")).toHaveLength(1);
  });
});
