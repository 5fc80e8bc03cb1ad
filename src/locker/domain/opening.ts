import type { Purpose } from "../../contract/events.ts";
import type { AuthorisationId, CompartmentId, DepositId, OpId } from "../../contract/ids.ts";
import type { Draft } from "./draft.ts";
import { invariant } from "./invariant.ts";
import { type Attempt, type Authorisation, isPending } from "./model.ts";
import type { Refusal, Reply } from "./output.ts";
import { BLOCKED_AFTER_MS, RETRY_WINDOW_MS, SHOWN_AFTER_END_MS } from "./policy.ts";

/** Operation id of one attempt: the authorisation (14 hex digits) and the attempt (2). */
export const opIdOf = (authorisation: AuthorisationId, number: 1 | 2): OpId => `${authorisation}0${number}` as OpId;

/** Why a door cannot be commanded now, whoever asks; undefined when it can. */
export function cannotOpen(d: Draft, compartment: CompartmentId): Refusal | undefined {
  const door = d.get("door", compartment)?.door ?? "unknown";
  if (d.authorisationAt(compartment)?.state === "commanded") return { code: "busy", compartment };
  if (door === "open") return { code: "door_already_open", compartment };
  if (door === "unknown") return { code: "compartment_unreachable", compartment };
  return undefined;
}

/** Writes the authorisation and its first attempt, and orders the one unlock frame that follows the commit. */
export function authorise(
  d: Draft,
  request: { readonly purpose: Purpose; readonly compartment: CompartmentId; readonly deposit: DepositId | null },
): Authorisation {
  invariant(
    cannotOpen(d, request.compartment) === undefined,
    `compartment ${request.compartment} cannot be opened now`,
  );
  const id = d.draw(14) as AuthorisationId;
  const authorisation: Authorisation = { id, ...request, state: "commanded", at: d.now.wall };
  d.put("authorisation", authorisation);
  d.setCompartment(request.compartment, { authorisation: id });
  d.setTimer("retry_window", id, RETRY_WINDOW_MS);
  d.setTimer("blocked", id, BLOCKED_AFTER_MS);
  sendAttempt(d, authorisation, 1);
  return authorisation;
}

/** Writes the attempt's row and orders its frame. Only for `authorise` and the one retry. */
export function sendAttempt(d: Draft, authorisation: Authorisation, number: Attempt["number"]): void {
  const op = opIdOf(authorisation.id, number);
  const notAfter = d.timerDue("retry_window", authorisation.id);
  invariant(notAfter !== undefined, "an unlock outside its window");
  invariant(d.get("attempt", op) === undefined, `attempt ${op} was already sent`);
  d.put("attempt", { op, authorisation: authorisation.id, number, outcome: "sent", at: d.now.wall });
  d.effect({ kind: "unlock", op, compartment: authorisation.compartment, notAfter });
}

/** Makes this the opening the kiosk's page follows. */
export function showAtKiosk(d: Draft, authorisation: Authorisation): Reply {
  d.put("operation", { id: "kiosk", authorisation: authorisation.id });
  return opening(authorisation);
}

/** The opening is over; its end stays on the screen a while, so that a page that starts later shows nobody's past. */
export function showEnd(d: Draft, authorisation: AuthorisationId): void {
  if (d.get("operation", "kiosk")?.authorisation === authorisation) {
    d.setTimer("shown", authorisation, SHOWN_AFTER_END_MS);
  }
}

/** The kiosk follows nothing any more, unless a door still moves because of it. */
export function stopShowing(d: Draft): void {
  const operation = d.get("operation", "kiosk");
  const authorisation = operation && d.get("authorisation", operation.authorisation);
  if (authorisation === undefined || !isPending(authorisation)) d.del("operation", "kiosk");
}

export const opening = (authorisation: Authorisation): Reply => ({
  kind: "opening",
  authorisation: authorisation.id,
  compartment: authorisation.compartment,
  deposit: authorisation.deposit,
});

export const refuse = (refusal: Refusal): Reply => ({ kind: "refused", refusal });
