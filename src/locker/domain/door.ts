import type { CompartmentId } from "../../contract/ids.ts";
import { endCommanded, opened } from "./access.ts";
import { raiseDoubt } from "./doubt.ts";
import type { Draft } from "./draft.ts";
import type { BusReport } from "./input.ts";
import type { Authorisation } from "./model.ts";
import { showEnd } from "./opening.ts";
import { outcomes } from "./outcome.ts";
import { LATE_OPENING_MS, LEFT_OPEN_MS } from "./policy.ts";

/** What a door sensor says. `unknown` is an answer too: then nothing is believed any more. */
export function doorReport(d: Draft, report: Extract<BusReport, { kind: "door" }>): void {
  const { compartment, door } = report;
  if (d.get("compartment", compartment) === undefined) return;
  const before = d.get("door", compartment)?.door ?? "unknown";
  if (door === before) return;
  d.put("door", { compartment, door });
  if (door === "open") {
    d.setTimer("left_open", compartment, LEFT_OPEN_MS);
    doorOpened(d, compartment);
  }
  if (door === "closed") doorClosed(d, compartment);
}

function doorOpened(d: Draft, compartment: CompartmentId): void {
  const authorisation = d.authorisationAt(compartment);
  if (authorisation?.state === "opened") return;
  if (authorisation !== undefined && mayStillOpen(d, authorisation)) return opened(d, authorisation);
  const commanded = commandedElsewhere(d);
  const neverSeen = d.compartment(compartment).door === "unknown";
  d.setCompartment(compartment, { door: "open" });
  d.fact("door.opened", { compartment, authorisation: null, purpose: null });
  // The doors of a new cabinet stand open until somebody closes them.
  if (neverSeen) return;
  if (commanded === undefined) breakIn(d, compartment);
  else wrongDoor(d, commanded, compartment);
}

/** A commanded door, a slow or pulled one soon after, or one that did not latch while its user still stands there. */
function mayStillOpen(d: Draft, authorisation: Authorisation): boolean {
  if (authorisation.state === "commanded") return true;
  if (d.timerDue("late_opening", authorisation.id) !== undefined) return true;
  if (authorisation.state !== "closed") return false;
  // While another door is waited for, this one moving on its own speaks of crossed wires, not of a loose latch.
  if (commandedElsewhere(d) !== undefined) return false;
  const unconfirmed = authorisation.deposit !== null && d.timerDue("confirm", authorisation.deposit) !== undefined;
  return unconfirmed || d.timerDue("reopen", authorisation.compartment) !== undefined;
}

export function doorClosed(d: Draft, compartment: CompartmentId): void {
  const authorisation = d.authorisationAt(compartment);
  const ours = authorisation?.state === "opened";
  d.clearTimer("left_open", compartment);
  if (!ours && d.compartment(compartment).door === "closed") return;
  d.setCompartment(compartment, { door: "closed" });
  d.fact("door.closed", { compartment });
  if (!ours) return;
  d.put("authorisation", { ...authorisation, state: "closed" });
  showEnd(d, authorisation.id);
  outcomes[authorisation.purpose].closed(d, authorisation);
}

/** An authorisation that waits for its door, while another door moves on its own. */
function commandedElsewhere(d: Draft): Authorisation | undefined {
  for (const timer of d.all("timer")) {
    if (timer.kind !== "blocked") continue;
    const authorisation = d.get("authorisation", timer.subject as Authorisation["id"]);
    if (authorisation?.state === "commanded") return authorisation;
  }
  return undefined;
}

/** Crossed wires: no retry and no re-arming, both compartments out of service, both parcels held. */
function wrongDoor(d: Draft, commanded: Authorisation, openedDoor: CompartmentId): void {
  endCommanded(d, commanded, "in_doubt");
  d.setTimer("late_opening", commanded.id, LATE_OPENING_MS);
  d.fact("unlock.in_doubt", { compartment: commanded.compartment, authorisation: commanded.id });
  d.fact("door.wrong_opened", { commanded: commanded.compartment, opened: openedDoor });
  for (const compartment of [commanded.compartment, openedDoor]) {
    const { deposit } = d.compartment(compartment);
    if (deposit !== null) d.put("deposit", { ...d.deposit(deposit), held: true });
    d.setCompartment(compartment, { outOfService: "broken", ...(deposit === null ? { occupancy: "unknown" } : {}) });
  }
}

/** Nobody was allowed to open it. A parcel behind it may be gone; an empty compartment may have been used. */
function breakIn(d: Draft, compartment: CompartmentId): void {
  d.fact("door.break_in", { compartment });
  const { deposit: id } = d.compartment(compartment);
  if (id === null) return d.setCompartment(compartment, { occupancy: "unknown" });
  const deposit = d.deposit(id);
  if (deposit.doubtedBy === null) raiseDoubt(d, deposit, "break_in");
}
