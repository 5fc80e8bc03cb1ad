import type { DepositId } from "../../contract/ids.ts";
import { raiseDoubt, settleDoubt } from "./doubt.ts";
import { DONE, type Draft } from "./draft.ts";
import { codeGuess, codePause, extensionNeeded } from "./guessing.ts";
import type { KioskInput } from "./input.ts";
import { type Authorisation, type Deposit, isLive } from "./model.ts";
import { authorise, cannotOpen, opening, refuse, showAtKiosk } from "./opening.ts";
import type { Reply } from "./output.ts";
import { REOPEN_MS } from "./policy.ts";

type Of<K extends KioskInput["kind"]> = Extract<KioskInput, { kind: K }>;

/** A code was typed. With the guess budget spent nothing is looked up before all thirteen digits are there. */
export function typeCode(d: Draft, input: Of<"type_code">): Reply {
  const pause = codePause(d);
  if (pause !== undefined) return refuse(pause);
  if (input.extension === null && extensionNeeded(d)) return refuse({ code: "extension_needed" });
  const proof = d.get("proof", input.code);
  if (proof?.diedAt != null) return refuse({ code: "code_finished" });
  const deposit = proof?.deposit == null ? undefined : d.deposit(proof.deposit);
  const wrongExtension = input.extension !== null && deposit?.extensionDigest !== input.extension;
  if (proof?.kind !== "code" || deposit === undefined || wrongExtension) return codeGuess(d);
  return startPickup(d, deposit);
}

/** A QR token has 128 bits: nobody guesses it, so it costs nothing and is never paused. */
export function scanQr(d: Draft, input: Of<"scan_qr">): Reply {
  const proof = d.get("proof", input.token);
  if (proof?.kind !== "qr") return refuse({ code: "unknown_code" });
  if (proof.deposit === null) return refuse({ code: "code_finished" });
  return startPickup(d, d.deposit(proof.deposit));
}

function startPickup(d: Draft, deposit: Deposit): Reply {
  const compartment = d.compartment(deposit.compartment);
  const pending = d.authorisationAt(compartment.id);
  // A key pressed twice is one wish, not two.
  if (pending?.state === "commanded" && pending.purpose === "pickup" && pending.deposit === deposit.id) {
    return opening(pending);
  }
  if (deposit.held) return refuse({ code: "parcel_held", compartment: compartment.id });
  if (compartment.outOfService !== null) {
    return refuse({ code: "compartment_out_of_service", compartment: compartment.id });
  }
  const obstacle = cannotOpen(d, compartment.id);
  if (obstacle !== undefined) return refuse(obstacle);
  d.put("deposit", { ...deposit, state: "collecting", code: "claimed" });
  const authorisation = authorise(d, { purpose: "pickup", compartment: compartment.id, deposit: deposit.id });
  d.fact("pickup.started", { deposit: deposit.id, compartment: compartment.id, authorisation: authorisation.id });
  return showAtKiosk(d, authorisation);
}

/** The code is burned at the moment the door is sensed open, never before. */
export function pickupOpened(d: Draft, authorisation: Authorisation): void {
  const deposit = depositOf(d, authorisation);
  // A door that did not latch opens once more: what was collected stays collected.
  if (deposit === undefined || !isLive(deposit)) return;
  burnProofs(d, deposit);
  d.put("deposit", { ...deposit, state: "collecting", code: "burned", doubtedBy: null, ...noDigests });
  d.fact("pickup.opened", { deposit: deposit.id, compartment: deposit.compartment });
}

export function pickupClosed(d: Draft, authorisation: Authorisation): void {
  const deposit = depositOf(d, authorisation);
  if (deposit?.state !== "collecting" || deposit.code !== "burned" || deposit.held) return;
  d.put("deposit", { ...deposit, state: "collected", endedAt: d.now.wall });
  d.setCompartment(deposit.compartment, { deposit: null, occupancy: "available" });
  d.setTimer("reopen", deposit.compartment, REOPEN_MS);
  d.fact("pickup.collected", { deposit: deposit.id, compartment: deposit.compartment, verifier: deposit.verifier });
}

export function pickupFailed(d: Draft, authorisation: Authorisation): void {
  const deposit = depositOf(d, authorisation);
  if (deposit === undefined || deposit.code !== "claimed") return;
  if (deposit.doubtedBy !== null) return raiseDoubt(d, deposit, deposit.doubtedBy);
  d.put("deposit", { ...deposit, state: "stored", code: "live" });
  d.fact("pickup.rearmed", { deposit: deposit.id, compartment: deposit.compartment });
}

export function pickupInDoubt(d: Draft, authorisation: Authorisation): void {
  const deposit = depositOf(d, authorisation);
  if (deposit?.code === "claimed") raiseDoubt(d, deposit, authorisation.id);
}

export function pickupCleared(d: Draft, authorisation: Authorisation): void {
  const deposit = depositOf(d, authorisation);
  if (deposit !== undefined) settleDoubt(d, deposit, authorisation.id);
}

/** Once more, for the person who still stands there: within the grace window after the close. */
export function reopenPickup(d: Draft, id: DepositId): Reply {
  const deposit = d.get("deposit", id);
  if (deposit === undefined) return refuse({ code: "unknown_deposit" });
  if (isOver(d, deposit)) return refuse({ code: "reopen_over" });
  if (!isKioskDeposit(d, id)) return refuse({ code: "unknown_deposit" });
  if (deposit.state !== "collected") return refuse({ code: "reopen_over" });
  const obstacle = cannotOpen(d, deposit.compartment);
  if (obstacle !== undefined) return refuse(obstacle);
  return showAtKiosk(d, authorise(d, { purpose: "reopen", compartment: deposit.compartment, deposit: id }));
}

/** "The compartment is empty", "this is not my parcel": nobody uses it before a person has looked. */
export function disputePickup(d: Draft, id: DepositId): Reply {
  const deposit = d.get("deposit", id);
  if (deposit === undefined) return refuse({ code: "unknown_deposit" });
  if (isOver(d, deposit)) return refuse({ code: "reopen_over" });
  if (!isKioskDeposit(d, id)) return refuse({ code: "unknown_deposit" });
  const isOpened = deposit.state === "collecting" && deposit.code === "burned";
  if (deposit.state !== "collected" && !isOpened) return refuse({ code: "reopen_over" });
  d.put("deposit", { ...deposit, state: "disputed", endedAt: d.now.wall });
  d.setCompartment(deposit.compartment, { deposit: null, occupancy: "unknown", outOfService: "audit" });
  d.fact("pickup.disputed", { deposit: id, compartment: deposit.compartment });
  return DONE;
}

const noDigests = { codeDigest: null, extensionDigest: null, qrDigest: null } as const;

/** Kills the code and the QR token; the rows no longer lead to the deposit, nor the deposit to them. */
function burnProofs(d: Draft, deposit: Deposit): void {
  for (const digest of [deposit.codeDigest, deposit.qrDigest]) {
    const proof = digest === null ? undefined : d.get("proof", digest);
    if (proof !== undefined && proof.diedAt === null) {
      d.put("proof", { ...proof, deposit: null, diedAt: d.now.wall });
    }
  }
}

const depositOf = (d: Draft, authorisation: Authorisation): Deposit | undefined =>
  authorisation.deposit === null ? undefined : d.get("deposit", authorisation.deposit);

/** Collected, and the minute of grace after the close is gone. */
const isOver = (d: Draft, { state, compartment }: Deposit): boolean =>
  state === "collected" && d.timerDue("reopen", compartment) === undefined;

/** Only the deposit whose door this kiosk opened last may be reopened or disputed here. */
function isKioskDeposit(d: Draft, id: DepositId): boolean {
  const operation = d.get("operation", "kiosk");
  return operation !== undefined && d.get("authorisation", operation.authorisation)?.deposit === id;
}
