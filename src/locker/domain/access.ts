import type { AuthorisationId, OpId } from "../../contract/ids.ts";
import type { Draft } from "./draft.ts";
import type { BusReport } from "./input.ts";
import { invariant } from "./invariant.ts";
import type { Attempt, Authorisation } from "./model.ts";
import { opIdOf, sendAttempt, showEnd } from "./opening.ts";
import { outcomes } from "./outcome.ts";
import { LATE_OPENING_MS } from "./policy.ts";

/*
 * What becomes of an authorisation between its command and its door. The board's answer never counts as an opening;
 * only the sensor does. A second pulse goes out only when the board accepted the first, and fresh polls saw the door
 * closed throughout, inside the retry window.
 */

type Of<K extends BusReport["kind"]> = Extract<BusReport, { kind: K }>;

function commandedAttempt(d: Draft, op: OpId): { attempt: Attempt; authorisation: Authorisation } | undefined {
  const attempt = d.get("attempt", op);
  const authorisation = attempt && d.get("authorisation", attempt.authorisation);
  return attempt && authorisation ? { attempt, authorisation } : undefined;
}

export function unlockResult(d: Draft, report: Of<"unlock_result">): void {
  const found = commandedAttempt(d, report.op);
  if (found === undefined || found.attempt.outcome !== "sent") return;
  const { attempt, authorisation } = found;
  d.put("attempt", { ...attempt, outcome: report.outcome });
  // The second attempt follows an accepted pulse, so a refusal of it says nothing about the door: the deadline decides.
  if (report.outcome !== "rejected" || attempt.number !== 1 || authorisation.state !== "commanded") return;
  endCommanded(d, authorisation, "rejected");
  d.fact("unlock.rejected", {
    compartment: authorisation.compartment,
    authorisation: authorisation.id,
    reason: report.reason,
  });
  if (report.reason === "bad_channel" || report.reason === "inhibited") {
    d.setCompartment(authorisation.compartment, { outOfService: "broken" });
  }
  outcomes[authorisation.purpose].failed(d, authorisation);
}

export function stillClosed(d: Draft, report: Of<"still_closed">): void {
  const found = commandedAttempt(d, report.op);
  if (found === undefined || found.attempt.outcome !== "accepted" || found.authorisation.state !== "commanded") return;
  const { attempt, authorisation } = found;
  d.put("attempt", { ...attempt, outcome: "stayed_closed" });
  const windowOpen = d.timerDue("retry_window", authorisation.id) !== undefined;
  const seenClosed = d.get("door", authorisation.compartment)?.door === "closed";
  if (attempt.number === 1 && windowOpen && seenClosed) sendAttempt(d, authorisation, 2);
}

/** The deadline of an opening: blocked when every pulse was seen to move nothing, else in doubt. */
export function openingOverdue(d: Draft, id: AuthorisationId): void {
  const authorisation = d.get("authorisation", id);
  if (authorisation?.state !== "commanded") return;
  const first = d.get("attempt", opIdOf(id, 1));
  const second = d.get("attempt", opIdOf(id, 2));
  invariant(first !== undefined, `authorisation ${id} has no attempt`);
  const secondHarmless = second === undefined || second.outcome === "stayed_closed" || second.outcome === "rejected";
  if (first.outcome === "stayed_closed" && secondHarmless) block(d, authorisation);
  else doubt(d, authorisation);
}

function block(d: Draft, authorisation: Authorisation): void {
  endCommanded(d, authorisation, "blocked");
  d.setTimer("late_opening", authorisation.id, LATE_OPENING_MS);
  d.fact("unlock.blocked", { compartment: authorisation.compartment, authorisation: authorisation.id });
  d.setCompartment(authorisation.compartment, { outOfService: "blocked" });
  outcomes[authorisation.purpose].failed(d, authorisation);
}

/** Nobody can tell whether the door opened: the code stays good, the compartment stays taken. */
export function doubt(d: Draft, authorisation: Authorisation): void {
  endCommanded(d, authorisation, "in_doubt");
  d.setTimer("late_opening", authorisation.id, LATE_OPENING_MS);
  d.fact("unlock.in_doubt", { compartment: authorisation.compartment, authorisation: authorisation.id });
  outcomes[authorisation.purpose].inDoubt(d, authorisation);
}

export function endCommanded(d: Draft, authorisation: Authorisation, state: Authorisation["state"]): void {
  d.put("authorisation", { ...authorisation, state });
  d.clearTimer("retry_window", authorisation.id);
  d.clearTimer("blocked", authorisation.id);
  if (state !== "opened") showEnd(d, authorisation.id);
}

/** The sensor saw the door of this authorisation open. */
export function opened(d: Draft, authorisation: Authorisation): void {
  const { id, compartment, purpose } = authorisation;
  endCommanded(d, authorisation, "opened");
  d.clearTimer("late_opening", id);
  d.setCompartment(compartment, { door: "open" });
  d.fact("door.opened", { compartment, authorisation: id, purpose });
  outcomes[authorisation.purpose].opened(d, authorisation);
}
