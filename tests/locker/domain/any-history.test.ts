import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OpId } from "../../../src/contract/ids.ts";
import type { Input } from "../../../src/locker/domain/input.ts";
import { COURIER, compartment, digest, TestLocker, verifier } from "../../support/test-locker.ts";

const nth = <T>(items: readonly T[], pick: number): T | undefined => items[pick % Math.max(1, items.length)];

const someOp = (locker: TestLocker, pick: number): OpId =>
  nth([...locker.state.attempt.keys()], pick) ?? ("0".repeat(16) as OpId);

const session = (locker: TestLocker): string => locker.state.session.get("kiosk")?.secret ?? "0".repeat(32);

const deposit = (locker: TestLocker, pick: number) =>
  nth([...locker.state.deposit.keys()], pick) ?? ("0".repeat(32) as never);

const happenings = {
  signIn: (l, pick): Input => ({
    kind: "sign_in",
    courier: COURIER,
    pinMatches: pick % 4 > 0,
    totpStep: l.mono + pick,
  }),
  start: (l, pick): Input => ({
    kind: "start_deposit",
    session: session(l),
    verifier: verifier(pick % 9),
    size: nth(["S", "M", "L"] as const, pick) ?? "S",
  }),
  confirm: (l, pick): Input => ({ kind: "confirm_deposit", session: session(l), deposit: deposit(l, pick) }),
  cancel: (l, pick): Input => ({ kind: "cancel_deposit", session: session(l), deposit: deposit(l, pick) }),
  reopen: (l, pick): Input => ({ kind: "reopen_deposit", session: session(l), deposit: deposit(l, pick) }),
  reopenPickup: (l, pick): Input => ({ kind: "reopen_pickup", deposit: deposit(l, pick) }),
  dispute: (l, pick): Input => ({ kind: "dispute_pickup", deposit: deposit(l, pick) }),
  type: (_, pick): Input => ({ kind: "type_code", code: digest(pick % 12), extension: pick % 3 ? null : digest(pick) }),
  scan: (_, pick): Input => ({ kind: "scan_qr", token: digest(0x2000 + (pick % 12)) }),
  prepared: (l, pick): Input => ({
    kind: "code_prepared",
    deposit: deposit(l, pick),
    digests: { code: digest(pick % 12), extension: digest(pick), qr: digest(0x2000 + (pick % 12)) },
    sealed: "s",
    sealedHash: "0".repeat(64),
  }),
  opens: (l, pick): Input => ({ kind: "door", compartment: compartment((pick % l.layout.length) + 1), door: "open" }),
  closes: (l, pick): Input => ({
    kind: "door",
    compartment: compartment((pick % l.layout.length) + 1),
    door: "closed",
  }),
  loses: (l, pick): Input => ({
    kind: "door",
    compartment: compartment((pick % l.layout.length) + 1),
    door: "unknown",
  }),
  accepted: (l, pick): Input => ({ kind: "unlock_result", op: someOp(l, pick), outcome: "accepted" }),
  unknown: (l, pick): Input => ({ kind: "unlock_result", op: someOp(l, pick), outcome: "unknown" }),
  rejected: (l, pick): Input => ({
    kind: "unlock_result",
    op: someOp(l, pick),
    outcome: "rejected",
    reason: pick % 2 ? "busy" : "bad_channel",
  }),
  stillClosed: (l, pick): Input => ({ kind: "still_closed", op: someOp(l, pick) }),
  evidence: (l, pick): Input => ({
    kind: "op_evidence",
    op: someOp(l, pick),
    evidence: nth(["never_seen", "no_change", "opened", "unknown"] as const, pick) ?? "unknown",
  }),
} as const satisfies Record<string, (locker: TestLocker, pick: number) => Input>;

const history = fc.array(
  fc.record({
    what: fc.constantFrom(...(Object.keys(happenings) as (keyof typeof happenings)[])),
    pick: fc.nat({ max: 40 }),
    waitMs: fc.oneof(fc.constant(0), fc.constant(700), fc.nat({ max: 70_000 })),
    crash: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
  }),
  { minLength: 20, maxLength: 120, size: "max" },
);

describe("in any history of inputs and crashes", () => {
  it("no rule is broken, and one authorisation gives at most two unlocks within its window", () => {
    fc.assert(
      fc.property(history, (events) => {
        const locker = new TestLocker(["S", "S", "L"]);
        locker.roster([COURIER]);
        const sent = new Map<OpId, number>();
        for (const { what, pick, waitMs, crash } of events) {
          if (crash) locker.crash();
          locker.effects = [];
          locker.submit((happenings[what] as (l: TestLocker, pick: number) => Input)(locker, pick));
          locker.advance(waitMs);
          for (const { op, notAfter } of locker.unlocks()) {
            expect(sent.has(op), `operation ${op} was ordered twice`).toBe(false);
            sent.set(op, notAfter);
            expect(locker.state.attempt.get(op), "an unlock without its row").toBeDefined();
          }
        }
        const authorisations = new Map<string, number[]>();
        for (const [op, notAfter] of sent) {
          const id = op.slice(0, 14);
          authorisations.set(id, [...(authorisations.get(id) ?? []), notAfter]);
        }
        for (const deadlines of authorisations.values()) {
          expect(deadlines.length).toBeLessThanOrEqual(2);
          expect(new Set(deadlines).size).toBe(1);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("the same inputs lead to the same state", () => {
    fc.assert(
      fc.property(history, (events) => {
        const run = () => {
          const locker = new TestLocker(["S", "L"]);
          locker.roster([COURIER]);
          for (const { what, pick, waitMs } of events) {
            locker.submit((happenings[what] as (l: TestLocker, pick: number) => Input)(locker, pick));
            locker.advance(waitMs);
          }
          return { state: locker.state, facts: locker.facts };
        };
        expect(run()).toEqual(run());
      }),
      { numRuns: 50 },
    );
  });
});
