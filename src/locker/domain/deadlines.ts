import type { AuthorisationId, CompartmentId, DepositId } from "../../contract/ids.ts";
import type { MonoMs } from "../../contract/time.ts";
import { openingOverdue } from "./access.ts";
import { endSession, metaOf } from "./courier.ts";
import { confirmBySilence } from "./deposit.ts";
import type { Draft } from "./draft.ts";
import { refill } from "./guessing.ts";
import { unreachable } from "./invariant.ts";
import { isLive, type State, type Timer } from "./model.ts";
import { stopShowing } from "./opening.ts";
import { DEAD_PROOF_MS, FINISHED_MS, HOUSEKEEPING_EVERY_MS } from "./policy.ts";

/** When the next `tick` is due; undefined when nothing waits. */
export function nextDeadline(state: State): MonoMs | undefined {
  let next: MonoMs | undefined;
  for (const { due } of state.timer.values()) if (next === undefined || due < next) next = due;
  return next;
}

/** Everything whose time has come, earliest first. */
export function tick(d: Draft): void {
  const due = [...d.all("timer")].filter((timer) => timer.due <= d.now.mono);
  due.sort((a, b) => a.due - b.due || (a.key < b.key ? -1 : 1));
  for (const timer of due) {
    // An earlier one of this tick may have cleared or moved it.
    if (d.get("timer", timer.key)?.due !== timer.due) continue;
    d.del("timer", timer.key);
    ring(d, timer);
  }
}

function ring(d: Draft, { kind, subject }: Timer): void {
  switch (kind) {
    case "blocked":
      return openingOverdue(d, subject as AuthorisationId);
    case "confirm":
      return confirmBySilence(d, subject as DepositId);
    case "left_open":
      return d.fact("door.left_open", { compartment: Number(subject) as CompartmentId });
    case "session":
      return endSession(d);
    case "shown":
      return stopShowingOf(d, subject as AuthorisationId);
    case "challenge":
      return d.del("challenge", subject);
    case "refill":
      d.setTimer("refill", "all", HOUSEKEEPING_EVERY_MS);
      return refill(d);
    case "prune":
      d.setTimer("prune", "all", HOUSEKEEPING_EVERY_MS);
      return prune(d);
    // These matter only while they run.
    case "retry_window":
    case "late_opening":
    case "reopen":
    case "pause":
      return;
    default:
      return unreachable(kind);
  }
}

function stopShowingOf(d: Draft, authorisation: AuthorisationId): void {
  if (d.get("operation", "kiosk")?.authorisation === authorisation) stopShowing(d);
}

/** Forgets what has been over long enough. Nothing is judged by a clock that may be wrong. */
function prune(d: Draft): void {
  if (d.runtime.clockTrust !== "synced") return;
  const { wall } = d.now;
  d.put("meta", { ...metaOf(d), wallFloor: wall });
  for (const proof of [...d.all("proof")]) {
    if (proof.diedAt !== null && wall - proof.diedAt > DEAD_PROOF_MS) d.del("proof", proof.digest);
  }
  for (const deposit of [...d.all("deposit")]) {
    if (!isLive(deposit) && deposit.endedAt !== null && wall - deposit.endedAt > FINISHED_MS) {
      d.del("deposit", deposit.id);
    }
  }
  const current = new Set(Array.from(d.all("compartment"), (compartment) => compartment.authorisation));
  for (const attempt of [...d.all("attempt")]) {
    if (wall - attempt.at > FINISHED_MS && !current.has(attempt.authorisation)) d.del("attempt", attempt.op);
  }
  for (const { id, at } of [...d.all("authorisation")]) {
    if (wall - at > FINISHED_MS && !current.has(id)) d.del("authorisation", id);
  }
}
