import { DONE, type Draft } from "./draft.ts";
import { pinGuess, pinPause } from "./guessing.ts";
import type { Input, KioskInput } from "./input.ts";
import { invariant } from "./invariant.ts";
import type { Courier, Meta, Session } from "./model.ts";
import { refuse, stopShowing } from "./opening.ts";
import type { Reply } from "./output.ts";
import { ROSTER_FRESH_MS, SESSION_IDLE_MS } from "./policy.ts";

type Of<K extends KioskInput["kind"]> = Extract<KioskInput, { kind: K }>;

/**
 * Id, PIN and time code together. Without a clock the time code proves nothing: then the PIN alone lets a courier
 * deposit, and only that. A stale roster lets nobody recall either.
 */
export function signIn(d: Draft, input: Of<"sign_in">): Reply {
  const pause = pinPause(d);
  if (pause !== undefined) return refuse(pause);
  const courier = input.courier === null ? undefined : d.get("courier", input.courier);
  const synced = d.runtime.clockTrust === "synced";
  const fresh = input.totpStep !== null && courier !== undefined && input.totpStep > courier.totpStep;
  // An honest courier who signs in twice within the same half minute has guessed nothing.
  const repeated = courier !== undefined && input.pinMatches && input.totpStep === courier.totpStep;
  if (synced && repeated) return refuse({ code: "wrong_credentials" });
  if (courier === undefined || !input.pinMatches || (synced && !fresh)) return pinGuess(d);
  if (fresh && synced && input.totpStep !== null) d.put("courier", { ...courier, totpStep: input.totpStep });
  const rosterAgeMs = d.now.wall - metaOf(d).rosterIssuedAt;
  const session: Session = {
    id: "kiosk",
    secret: d.draw(32),
    courier: courier.id,
    mayDeposit: courier.mayDeposit,
    mayRecall: courier.mayRecall && synced && Math.abs(rosterAgeMs) < ROSTER_FRESH_MS,
  };
  d.put("session", session);
  d.setTimer("session", "kiosk", SESSION_IDLE_MS);
  d.fact("courier.signed_in", { courier: courier.id });
  const unfinished = [...d.all("deposit")]
    .filter((deposit) => deposit.state === "depositing" && deposit.courier === courier.id)
    .map((deposit) => ({ deposit: deposit.id, compartment: deposit.compartment }));
  return {
    kind: "signed_in",
    session: session.secret,
    mayDeposit: session.mayDeposit,
    mayRecall: session.mayRecall,
    unfinished,
  };
}

/** The session that this secret belongs to; using it keeps it awake. */
export function courierSession(d: Draft, secret: Session["secret"]): Session | undefined {
  const session = d.get("session", "kiosk");
  if (session?.secret !== secret) return undefined;
  d.setTimer("session", "kiosk", SESSION_IDLE_MS);
  return session;
}

export function touch(d: Draft, input: Of<"touch">): Reply {
  return courierSession(d, input.session) === undefined ? refuse({ code: "no_session" }) : DONE;
}

export function signOut(d: Draft, input: Of<"sign_out">): Reply {
  if (courierSession(d, input.session) !== undefined) endSession(d);
  return DONE;
}

export function endSession(d: Draft): void {
  d.del("session", "kiosk");
  d.clearTimer("session", "kiosk");
  stopShowing(d);
}

/** A newer roster replaces the old one; who is no longer on it, or on it with other rights, is out at once. */
export function applyRoster(d: Draft, input: Extract<Input, { kind: "desired" }>): void {
  const meta = metaOf(d);
  if (input.version <= meta.desiredVersion) return;
  const kept = new Set(input.roster.map((entry) => entry.id));
  const session = d.get("session", "kiosk");
  const entry = input.roster.find(({ id }) => id === session?.courier);
  if (session !== undefined && !isSame(entry, d.get("courier", session.courier))) endSession(d);
  for (const { id } of [...d.all("courier")]) if (!kept.has(id)) d.del("courier", id);
  for (const entry of input.roster) {
    d.put("courier", { ...entry, totpStep: d.get("courier", entry.id)?.totpStep ?? 0 });
  }
  d.put("meta", { ...meta, desiredVersion: input.version, rosterIssuedAt: input.issuedAt });
  d.fact("desired.applied", { version: input.version });
}

/** The time code's secret is sealed anew each time and cannot be compared. */
function isSame(entry: Omit<Courier, "totpStep"> | undefined, courier: Courier | undefined): boolean {
  return (
    entry !== undefined &&
    entry.pinHash === courier?.pinHash &&
    entry.mayDeposit === courier.mayDeposit &&
    entry.mayRecall === courier.mayRecall
  );
}

export function metaOf(d: Draft): Meta {
  const meta = d.get("meta", 1);
  invariant(meta !== undefined, "the database has no meta row");
  return meta;
}
