import { invariant } from "./invariant.ts";
import { type Change, type Compartment, type Deposit, isLive, type State } from "./model.ts";
import { opIdOf } from "./opening.ts";

/*
 * What must hold after every input. The cheap check looks at what a step touched and runs in production; the whole
 * check walks everything and runs after loading and in the simulation.
 */

/** Contradictions in the whole state, as sentences; empty when all is well. */
export function violations(state: State): readonly string[] {
  const found: string[] = [];
  for (const compartment of state.compartment.values()) found.push(...compartmentFaults(state, compartment));
  for (const deposit of state.deposit.values()) found.push(...depositFaults(state, deposit));
  for (const proof of state.proof.values()) {
    if ((proof.deposit === null) !== (proof.diedAt !== null))
      found.push(`a ${proof.kind} proof is neither live nor dead`);
    const deposit = proof.deposit === null ? undefined : state.deposit.get(proof.deposit);
    if (proof.deposit !== null && deposit?.codeDigest !== proof.digest && deposit?.qrDigest !== proof.digest) {
      found.push(`a live ${proof.kind} proof opens deposit ${proof.deposit}, which does not name it`);
    }
  }
  for (const attempt of state.attempt.values()) {
    if (!state.authorisation.has(attempt.authorisation)) found.push(`attempt ${attempt.op} has no authorisation`);
  }
  for (const session of state.session.values()) {
    if (!state.courier.has(session.courier)) found.push(`session of ${session.courier}, who is not on the roster`);
  }
  return found;
}

/** The same, for the rows one step wrote. Throws: the process ends, start-up loads what was committed. */
export function assertTouched(state: State, changes: readonly Change[]): void {
  for (const change of changes) {
    if (!("put" in change)) continue;
    if (change.table === "compartment") refuseAny(compartmentFaults(state, change.put));
    if (change.table === "deposit") refuseAny(depositFaults(state, change.put));
    if (change.table === "budget") invariant(change.put.level >= 0, `budget ${change.put.name} is below zero`);
  }
}

function refuseAny(faults: readonly string[]): void {
  invariant(faults.length === 0, faults.join("; "));
}

function compartmentFaults(state: State, compartment: Compartment): readonly string[] {
  const found: string[] = [];
  const { id, occupancy, authorisation } = compartment;
  const deposit = compartment.deposit === null ? undefined : state.deposit.get(compartment.deposit);
  if (compartment.deposit !== null) {
    if (deposit === undefined) found.push(`compartment ${id} names missing deposit ${compartment.deposit}`);
    else if (!isLive(deposit)) found.push(`compartment ${id} names finished deposit ${deposit.id}`);
    else if (deposit.compartment !== id) found.push(`compartment ${id} names deposit of ${deposit.compartment}`);
    if (occupancy === "available")
      found.push(`compartment ${id} is available and holds deposit ${compartment.deposit}`);
  } else if (occupancy === "occupied" || occupancy === "reserved") {
    found.push(`compartment ${id} is ${occupancy} without a deposit`);
  }
  const last = authorisation === null ? undefined : state.authorisation.get(authorisation);
  if (authorisation !== null && last === undefined) found.push(`compartment ${id} names missing ${authorisation}`);
  if (last !== undefined && last.compartment !== id)
    found.push(`compartment ${id} names opening of ${last.compartment}`);
  if (last?.state === "commanded" && !state.attempt.has(opIdOf(last.id, 1))) found.push(`${last.id} has no attempt`);
  return found;
}

function depositFaults(state: State, deposit: Deposit): readonly string[] {
  const found: string[] = [];
  const { id, code, codeDigest } = deposit;
  if (isLive(deposit) !== (state.compartment.get(deposit.compartment)?.deposit === id)) {
    found.push(`deposit ${id} is ${deposit.state} and compartment ${deposit.compartment} does not agree`);
  }
  if (isLive(deposit) !== (deposit.endedAt === null)) found.push(`deposit ${id} is ${deposit.state} with a wrong end`);
  const proof = codeDigest === null ? undefined : state.proof.get(codeDigest);
  const armed = code === "live" || code === "claimed";
  if (armed !== (proof?.deposit === id)) found.push(`deposit ${id} has a ${code} code and a proof that disagrees`);
  if (deposit.state === "depositing" && code !== "none") found.push(`unconfirmed deposit ${id} has a code`);
  if (deposit.state === "stored" && code !== "pending" && code !== "live")
    found.push(`stored deposit ${id} has a ${code} code`);
  if ((deposit.state === "collected" || deposit.state === "disputed") && armed) {
    found.push(`finished deposit ${id} has a ${code} code`);
  }
  return found;
}
