import { describe, expect, it } from "vitest";
import { epochMs } from "../../../src/contract/time.ts";
import type { Reply } from "../../../src/locker/domain/output.ts";
import { COURIER, TestLocker, verifier } from "../../support/test-locker.ts";

const refusal = (reply: Reply) => (reply.kind === "refused" ? reply.refusal.code : reply.kind);

const signIn = (locker: TestLocker, totpStep: number | null, pinMatches = true): Reply =>
  locker.submit({ kind: "sign_in", courier: COURIER, pinMatches, totpStep });

function withRoster(issuedDaysAgo = 0): TestLocker {
  const locker = new TestLocker();
  const issuedAt = epochMs(locker.wall - issuedDaysAgo * 86_400_000);
  const entry = { id: COURIER, pinHash: "-", totpSealed: "-", mayDeposit: true, mayRecall: true };
  locker.submit({ kind: "desired", version: 1, issuedAt, roster: [entry] });
  return locker;
}

describe("a courier's sign-in", () => {
  it("needs PIN and time code together", () => {
    const locker = withRoster();
    expect(refusal(signIn(locker, null))).toBe("wrong_credentials");
    expect(refusal(signIn(locker, 100, false))).toBe("wrong_credentials");
    expect(refusal(signIn(locker, 100))).toBe("signed_in");
  });

  it("takes a time code once, over a restart too", () => {
    const locker = withRoster();
    signIn(locker, 100);
    locker.crash();
    expect(refusal(signIn(locker, 100))).toBe("wrong_credentials");
    expect(refusal(signIn(locker, 99))).toBe("wrong_credentials");
    expect(refusal(signIn(locker, 101))).toBe("signed_in");
  });

  it("twice within the same half minute is no guess", () => {
    const locker = withRoster();
    signIn(locker, 100);
    const before = locker.state.budget.get("pin");
    for (let i = 0; i < 5; i++) expect(refusal(signIn(locker, 100))).toBe("wrong_credentials");
    expect(locker.state.budget.get("pin")).toEqual(before);
  });

  it("is paused for half a minute at most while the time code counts, however long somebody tries", () => {
    const locker = withRoster();
    for (let i = 0; i < 200; i++) {
      signIn(locker, null, false);
      locker.advance(30_000);
    }
    expect(refusal(signIn(locker, 100))).toBe("signed_in");
  });

  it("by PIN alone is paused for long once its budget is spent, and lets nobody recall", () => {
    const locker = withRoster();
    locker.submit({ kind: "clock", trust: "unset" });
    expect(signIn(locker, null)).toMatchObject({ kind: "signed_in", mayDeposit: true, mayRecall: false });
    for (let i = 0; i < 25; i++) {
      signIn(locker, null, false);
      locker.advance(900_000);
    }
    signIn(locker, null, false);
    locker.advance(60_000);
    expect(refusal(signIn(locker, null))).toBe("paused");
  });

  it("with a roster older than a week, or from the future, lets nobody recall", () => {
    expect(signIn(withRoster(8), 1)).toMatchObject({ mayDeposit: true, mayRecall: false });
    expect(signIn(withRoster(-300), 1)).toMatchObject({ mayDeposit: true, mayRecall: false });
    expect(signIn(withRoster(6), 1)).toMatchObject({ mayRecall: true });
  });
});

describe("a courier's session", () => {
  it("ends after a minute without a touch", () => {
    const locker = withRoster();
    const session = locker.signIn();
    locker.advance(59_000);
    locker.submit({ kind: "touch", session });
    locker.advance(59_000);
    expect(locker.state.session.size).toBe(1);
    locker.advance(1_000);
    expect(refusal(locker.submit({ kind: "touch", session }))).toBe("no_session");
  });

  it("ends at once when the roster drops the courier, or changes PIN or rights", () => {
    for (const change of [{ pinHash: "other" }, { mayDeposit: false }, { mayRecall: false }, null]) {
      const locker = withRoster();
      const session = locker.signIn();
      const entry = { id: COURIER, pinHash: "-", totpSealed: "-", mayDeposit: true, mayRecall: true };
      const roster = change === null ? [] : [{ ...entry, ...change }];
      locker.submit({ kind: "desired", version: 2, issuedAt: epochMs(locker.wall), roster });
      const answer = locker.submit({ kind: "start_deposit", session, verifier: verifier(1), size: "S" });
      expect(refusal(answer)).toBe("no_session");
    }
  });

  it("goes on when a new roster leaves the courier as he was", () => {
    const locker = withRoster();
    const session = locker.signIn();
    locker.roster([COURIER]);
    expect(locker.submit({ kind: "touch", session })).toEqual({ kind: "done" });
  });

  it("of somebody else replaces it", () => {
    const locker = withRoster();
    const first = locker.signIn();
    locker.signIn();
    expect(refusal(locker.submit({ kind: "touch", session: first }))).toBe("no_session");
  });
});

describe("a roster", () => {
  it("never goes back to an older version", () => {
    const locker = withRoster();
    locker.submit({ kind: "desired", version: 1, issuedAt: epochMs(0), roster: [] });
    expect(locker.state.courier.size).toBe(1);
  });
});
