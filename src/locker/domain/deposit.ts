import type { CourierId, DepositId } from "../../contract/ids.ts";
import { allocate } from "./allocation.ts";
import { courierSession } from "./courier.ts";
import { DONE, type Draft } from "./draft.ts";
import type { Input, KioskInput } from "./input.ts";
import { invariant } from "./invariant.ts";
import type { Authorisation, Deposit, Session } from "./model.ts";
import { isLive } from "./model.ts";
import { authorise, cannotOpen, refuse, showAtKiosk } from "./opening.ts";
import type { Refusal, Reply } from "./output.ts";
import { CONFIRM_SILENCE_MS, REOPEN_MS } from "./policy.ts";

type Of<K extends KioskInput["kind"]> = Extract<KioskInput, { kind: K }>;

/** The next parcel: what lies finished behind a closed door is confirmed by the scan itself. */
export function startDeposit(d: Draft, input: Of<"start_deposit">): Reply {
  const session = courierSession(d, input.session);
  if (session === undefined) return refuse({ code: "no_session" });
  if (!session.mayDeposit) return refuse({ code: "not_allowed" });
  const known = knownParcel(d, input);
  if (known !== undefined) return refuse(known);
  const unconfirmed = confirmEarlier(d, session.courier);
  if (unconfirmed !== undefined) return refuse(unconfirmed);
  const compartment = allocate(d, input.size);
  if (compartment === undefined) return refuse({ code: "no_compartment_free" });
  const deposit = newDeposit(d, input, compartment.id, session.courier);
  d.setCompartment(compartment.id, { deposit: deposit.id, occupancy: "reserved" });
  d.fact("deposit.started", {
    deposit: deposit.id,
    compartment: compartment.id,
    verifier: deposit.verifier,
    courier: deposit.courier,
  });
  return showAtKiosk(d, authorise(d, { purpose: "deposit", compartment: compartment.id, deposit: deposit.id }));
}

function newDeposit(
  d: Draft,
  { verifier }: Of<"start_deposit">,
  compartment: Deposit["compartment"],
  courier: CourierId,
): Deposit {
  const deposit: Deposit = {
    id: d.draw(32) as DepositId,
    compartment,
    verifier,
    courier,
    state: "depositing",
    doubtedBy: null,
    held: false,
    code: "none",
    codeDigest: null,
    extensionDigest: null,
    qrDigest: null,
    startedAt: d.now.wall,
    endedAt: null,
  };
  d.put("deposit", deposit);
  return deposit;
}

/** A token is good for one stay: twice in the locker, or after its end, it is refused. A cancelled deposit was none. */
function knownParcel(d: Draft, { verifier }: Of<"start_deposit">): Refusal | undefined {
  for (const deposit of d.all("deposit")) {
    if (deposit.verifier !== verifier || deposit.state === "cancelled") continue;
    return isLive(deposit)
      ? { code: "parcel_already_stored", compartment: deposit.compartment }
      : { code: "parcel_finished" };
  }
  return undefined;
}

/** Confirms what this courier left behind a closed door; an open or moving door must be seen to first. */
function confirmEarlier(d: Draft, courier: CourierId): Refusal | undefined {
  for (const deposit of [...d.all("deposit")]) {
    if (deposit.state !== "depositing" || deposit.courier !== courier) continue;
    if (d.compartment(deposit.compartment).occupancy === "unknown") continue;
    if (!isClosedBehind(d, deposit)) return { code: "door_not_closed", compartment: deposit.compartment };
    store(d, deposit);
  }
  return undefined;
}

/** Whether its door has been open for this deposit and is now seen shut. */
function isClosedBehind(d: Draft, deposit: Deposit): boolean {
  const authorisation = d.authorisationAt(deposit.compartment);
  const ours = authorisation?.deposit === deposit.id && authorisation.state === "closed";
  return ours && d.get("door", deposit.compartment)?.door === "closed";
}

/** "Done". */
export function confirmDeposit(d: Draft, input: Of<"confirm_deposit">): Reply {
  const deposit = ownDeposit(d, input);
  if (!("id" in deposit)) return refuse(deposit);
  if (!isClosedBehind(d, deposit)) return refuse({ code: "door_not_closed", compartment: deposit.compartment });
  store(d, deposit);
  return DONE;
}

/** Ten seconds of silence after the close say "Done" too. */
export function confirmBySilence(d: Draft, id: DepositId): void {
  const deposit = d.get("deposit", id);
  if (deposit?.state === "depositing" && isClosedBehind(d, deposit)) store(d, deposit);
}

function store(d: Draft, deposit: Deposit): void {
  const { id, compartment, verifier } = deposit;
  d.clearTimer("confirm", id);
  d.put("deposit", { ...deposit, state: "stored", code: "pending" });
  d.setCompartment(compartment, { occupancy: "occupied" });
  d.fact("deposit.stored", { deposit: id, compartment, verifier });
  d.effect({ kind: "prepare_code", deposit: id, verifier, compartment });
}

/** The courier takes the parcel back, before it counts. */
export function cancelDeposit(d: Draft, input: Of<"cancel_deposit">): Reply {
  const deposit = ownDeposit(d, input);
  if (!("id" in deposit)) return refuse(deposit);
  const authorisation = d.authorisationAt(deposit.compartment);
  if (authorisation?.state === "commanded") return refuse({ code: "busy", compartment: deposit.compartment });
  // Behind a door that is already shut again nobody has seen the parcel leave.
  const seenEmpty = authorisation?.state === "opened" && d.compartment(deposit.compartment).occupancy === "reserved";
  endCancelled(d, deposit, seenEmpty ? "available" : "unknown");
  return DONE;
}

function endCancelled(d: Draft, deposit: Deposit, occupancy: "available" | "unknown"): void {
  d.clearTimer("confirm", deposit.id);
  d.put("deposit", { ...deposit, state: "cancelled", endedAt: d.now.wall });
  d.setCompartment(deposit.compartment, { deposit: null, occupancy });
  d.fact("deposit.cancelled", { deposit: deposit.id, compartment: deposit.compartment });
}

export function reopenDeposit(d: Draft, input: Of<"reopen_deposit">): Reply {
  const deposit = ownDeposit(d, input);
  if (!("id" in deposit)) return refuse(deposit);
  const obstacle = cannotOpen(d, deposit.compartment);
  if (obstacle !== undefined) return refuse(obstacle);
  d.clearTimer("confirm", deposit.id);
  d.setCompartment(deposit.compartment, { occupancy: "reserved" });
  return showAtKiosk(d, authorise(d, { purpose: "reopen", compartment: deposit.compartment, deposit: deposit.id }));
}

/** The caller's own, still unconfirmed deposit, or why not. */
function ownDeposit(
  d: Draft,
  { session, deposit: id }: { readonly session: Session["secret"]; readonly deposit: DepositId },
): Deposit | Refusal {
  const who = courierSession(d, session);
  if (who === undefined) return { code: "no_session" };
  const deposit = d.get("deposit", id);
  return deposit?.state === "depositing" && deposit.courier === who.courier ? deposit : { code: "unknown_deposit" };
}

/** An open door, whoever stands there: silence no longer means done. What was in doubt before is watched from here on. */
export function depositOpened(d: Draft, { deposit: id }: Authorisation): void {
  const deposit = id === null ? undefined : d.get("deposit", id);
  if (deposit?.state !== "depositing") return;
  d.clearTimer("confirm", deposit.id);
  d.setCompartment(deposit.compartment, { occupancy: "reserved" });
}

export function depositClosed(d: Draft, authorisation: Authorisation): void {
  const deposit = authorisation.deposit === null ? undefined : d.get("deposit", authorisation.deposit);
  // After a crash the compartment is unknown, and silence proves nothing: its courier must come back.
  const watched = deposit?.state === "depositing" && d.compartment(deposit.compartment).occupancy === "reserved";
  if (watched) d.setTimer("confirm", deposit.id, CONFIRM_SILENCE_MS);
  if (deposit?.state === "collected") d.setTimer("reopen", deposit.compartment, REOPEN_MS);
}

/** The door never opened, so nothing was put in: the courier gets another compartment. */
export function depositFailed(d: Draft, authorisation: Authorisation): void {
  const deposit = authorisation.deposit === null ? undefined : d.get("deposit", authorisation.deposit);
  if (deposit?.state === "depositing") endCancelled(d, deposit, "available");
}

/** The door stayed shut on a second opening: what was put in at the first is still there, and silence means done again. */
export function reopenFailed(d: Draft, { deposit: id }: Authorisation): void {
  const deposit = id === null ? undefined : d.get("deposit", id);
  if (deposit?.state !== "depositing") return;
  const first = [...d.all("authorisation")].findLast((each) => each.deposit === id && each.state === "closed");
  if (first === undefined) return interruptDeposit(d, deposit);
  d.setCompartment(deposit.compartment, { authorisation: first.id });
  d.setTimer("confirm", deposit.id, CONFIRM_SILENCE_MS);
}

/** Perhaps a parcel is inside, perhaps not: a person must say. */
export function depositInDoubt(d: Draft, authorisation: Authorisation): void {
  const deposit = authorisation.deposit === null ? undefined : d.get("deposit", authorisation.deposit);
  if (deposit?.state === "depositing") interruptDeposit(d, deposit);
  else emptyInDoubt(d, authorisation);
}

/** Its courier has to come back: reopen and finish, or cancel. */
export function interruptDeposit(d: Draft, { id, compartment }: Deposit): void {
  d.clearTimer("confirm", id);
  d.setCompartment(compartment, { occupancy: "unknown" });
  d.fact("deposit.interrupted", { deposit: id, compartment });
}

/** Where no parcel was, somebody may have put something in: nobody gets it before a person has looked. */
export function emptyInDoubt(d: Draft, { compartment }: Authorisation): void {
  if (d.compartment(compartment).deposit === null) d.setCompartment(compartment, { occupancy: "unknown" });
}

/** The digests of a fresh code arrived. A collision with a live or lately dead code asks for another one. */
export function codePrepared(d: Draft, input: Extract<Input, { kind: "code_prepared" }>): void {
  const deposit = d.get("deposit", input.deposit);
  if (deposit?.code !== "pending") return;
  const { digests } = input;
  const { id, verifier, compartment } = deposit;
  if (d.get("proof", digests.code) !== undefined || d.get("proof", digests.qr) !== undefined) {
    d.effect({ kind: "prepare_code", deposit: id, verifier, compartment });
    return;
  }
  invariant(isLive(deposit), `a code is pending for finished deposit ${id}`);
  d.put("proof", { digest: digests.code, kind: "code", deposit: id, diedAt: null });
  d.put("proof", { digest: digests.qr, kind: "qr", deposit: id, diedAt: null });
  d.put("deposit", {
    ...deposit,
    code: "live",
    codeDigest: digests.code,
    extensionDigest: digests.extension,
    qrDigest: digests.qr,
  });
  d.fact("code.issued", { deposit: id, verifier, sealed: input.sealedHash }, input.sealed);
}
