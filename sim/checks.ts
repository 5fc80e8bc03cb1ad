import type { AuthorisationId, CompartmentId, DepositId, OpId, ProofDigest } from "../src/contract/ids.ts";
import { violations } from "../src/locker/domain/invariants.ts";
import {
  type Change,
  type Deposit,
  DURABLE_TABLES,
  type DurableState,
  isLive,
  type State,
} from "../src/locker/domain/model.ts";
import { RETRY_WINDOW_MS } from "../src/locker/domain/policy.ts";
import type { Cabinet, TruthEntry } from "./cabinet.ts";
import type { Ledger, Opening } from "./world/ledger.ts";
import { verifierOf } from "./world/ledger.ts";
import type { Commit, Witness } from "./world/witness.ts";

/*
 * What must hold in every world, as functions that answer with what does not. The judge is always the model cabinet's
 * own log and what the witness saw being committed, never the product's own tables alone. Numbers are those of the
 * invariants in the simulation's documentation.
 */

/** A board looks at the deadline when the current is to begin, by a clock that counts whole milliseconds. */
const BOARD_REACTION_MS = 5;
/** How long a door may move without the daemon believing it, or saying that it does not know. */
const DOOR_NEWS_MS_MAX = 10_000;

/** What is known of the world from outside the daemon. */
export type Evidence = {
  readonly witness: Witness;
  readonly ledger: Ledger;
  readonly cabinet: Cabinet;
  /** The compartment each board's channel was meant to be wired to. */
  readonly plannedCompartment: (board: number, channel: number) => CompartmentId | undefined;
  /** Wires are crossed now, or were: which door a pulse opens is then nobody's claim. */
  readonly isMiswired: boolean;
};

/** 1 and 2, and the rules the domain states about its own rows; 5: no proof is live for two parcels. */
export function stateFaults(state: State): readonly string[] {
  const found = [...violations(state)];
  const holders = new Map<ProofDigest, DepositId>();
  const housed = new Map<CompartmentId, DepositId>();
  for (const deposit of state.deposit.values()) {
    if (!isLive(deposit)) continue;
    const neighbour = housed.get(deposit.compartment);
    if (neighbour !== undefined) found.push(`1: deposits ${neighbour} and ${deposit.id} live in one compartment`);
    housed.set(deposit.compartment, deposit.id);
    if (deposit.code !== "live" && deposit.code !== "claimed") continue;
    for (const digest of [deposit.codeDigest, deposit.qrDigest]) {
      const other = digest === null ? undefined : holders.get(digest);
      if (other !== undefined) found.push(`5: one proof is live for deposits ${other} and ${deposit.id}`);
      if (digest !== null) holders.set(digest, deposit.id);
    }
  }
  for (const proof of state.proof.values()) {
    if (proof.deposit === null || proof.kind !== "code") continue;
    const { code } = state.deposit.get(proof.deposit) ?? { code: "missing" };
    if (code !== "live" && code !== "claimed") found.push(`5: a live proof belongs to a deposit whose code is ${code}`);
  }
  return found;
}

/**
 * 3: a coil is only energised for an attempt whose row is durable, and at the compartment of that row.
 * 4: each attempt gives one pulse, an authorisation two, both soon after it was written.
 * 11: nobody is told "it will not open" and then it does: an authorisation that ended as rejected, blocked or closed
 * gives no pulse any more.
 */
export function pulseFaults(evidence: Evidence, pulse: Extract<TruthEntry, { kind: "pulse" }>): readonly string[] {
  const { witness, ledger, plannedCompartment } = evidence;
  const attempt = witness.attempts.get(pulse.opId as OpId);
  if (attempt === undefined)
    return [`3: compartment ${pulse.compartment} was pulsed for ${pulse.opId}, which no row knows`];
  const { authorisation } = attempt;
  const found: string[] = [];
  if (plannedCompartment(pulse.board, pulse.channel) !== authorisation.compartment) {
    found.push(`3: ${pulse.opId} is for compartment ${authorisation.compartment}; channel ${pulse.channel} was pulsed`);
  }
  if ((ledger.pulses.get(pulse.opId)?.length ?? 0) > 1) found.push(`4: attempt ${pulse.opId} gave two pulses`);
  const all = [...ledger.pulses].filter(([op]) => op.startsWith(authorisation.id)).flatMap(([, at]) => at);
  if (all.length > 2) found.push(`4: authorisation ${authorisation.id} gave ${all.length} pulses`);
  const ageMs = pulse.at - (witness.authorisedAtMs.get(authorisation.id) ?? Number.NEGATIVE_INFINITY);
  if (ageMs > RETRY_WINDOW_MS + BOARD_REACTION_MS)
    found.push(`4: ${pulse.opId} gave a pulse ${ageMs} ms after its row`);
  const now = witness.rows.authorisation.get(authorisation.id)?.state ?? "forgotten";
  if (now !== "commanded" && now !== "in_doubt" && now !== "opened") {
    found.push(`11: ${pulse.opId} gave a pulse while its authorisation was ${now}`);
  }
  return found;
}

/**
 * 4: one authorisation opens its door once.
 * 5: whoever opens a door by a code finds their own parcel or none, and a courier an empty compartment; but for what
 * somebody has left behind whose it was to take.
 */
export function openingFaults(evidence: Evidence, compartment: CompartmentId): readonly string[] {
  const { witness, ledger, isMiswired } = evidence;
  const opening = ledger.lastOpeningOf(compartment);
  if (opening === undefined || opening.op === null || isMiswired) return [];
  const authorisation = witness.attempts.get(opening.op)?.authorisation;
  if (authorisation === undefined) return [`3: compartment ${compartment} opened by ${opening.op}, which no row knows`];
  const found: string[] = [];
  const times = ledger.openings.filter(({ op }) => op?.startsWith(authorisation.id)).length;
  if (times > 1) found.push(`4: authorisation ${authorisation.id} opened compartment ${compartment} ${times} times`);
  const parcel = opening.kept;
  if (parcel === null) return found;
  const deposit = authorisation.deposit === null ? undefined : witness.rows.deposit.get(authorisation.deposit);
  const isOwn = deposit?.verifier === verifierOf(parcel);
  if (authorisation.purpose === "pickup" && !isOwn) found.push(`5: a code of ${deposit?.id} led to parcel ${parcel}`);
  if (authorisation.purpose === "deposit" && !isOwn) {
    found.push(`1: compartment ${compartment} was given to a courier while parcel ${parcel} lay in it`);
  }
  return found;
}

/**
 * 5: a code is claimed in the transaction that authorises its door, and burned in the one that records the opening.
 * 6: rows are numbered without a gap.
 * 11: what is said to have opened has opened, what is said to be stored was opened for and shut again.
 */
export function commitFaults(evidence: Evidence, commit: Commit): readonly string[] {
  const { witness, ledger, isMiswired } = evidence;
  const found: string[] = [];
  if (commit.lastSeq !== witness.lastSeq + commit.facts.length) {
    found.push(`6: ${commit.facts.length} facts after row ${witness.lastSeq} gave row ${commit.lastSeq}`);
  }
  found.push(...wrongDoorFaults(evidence, commit));
  for (const change of commit.changes) found.push(...claimFaults(evidence, commit, change));
  for (const { name, data } of commit.facts) {
    if (name === "door.opened" && data.authorisation !== null && !isMiswired) {
      const isTrue = ledger.openings.some(
        (opening) => opening.compartment === data.compartment && isOpeningOf(witness, data.authorisation, opening),
      );
      if (!isTrue) found.push(`11: compartment ${data.compartment} is said to have opened and has not`);
    }
    if (name === "deposit.stored") {
      const opened = ledger.openings.findLast(
        ({ op, compartment }) =>
          compartment === data.compartment &&
          (isMiswired || op === null || witness.attempts.get(op)?.authorisation.deposit === data.deposit),
      );
      if (opened?.closedAtMs == null) found.push(`11: deposit ${data.deposit} is stored behind a door that never shut`);
    }
  }
  return found;
}

/**
 * A pulse of its own opened the door, or a crowbar did and it was not yet shut again when the pulse was authorised: no
 * sensor can tell them apart.
 */
function isOpeningOf(witness: Witness, id: AuthorisationId | null, { op, closedAtMs }: Opening): boolean {
  const authorisedAtMs = id === null ? undefined : witness.authorisedAtMs.get(id);
  if (id === null || authorisedAtMs === undefined) return false;
  return op === null ? closedAtMs === null || closedAtMs >= authorisedAtMs : op.startsWith(id);
}

/**
 * Wrong door: an opening for another compartment that is recorded while that one still waits for its own door is
 * called wrong, and both compartments are out of service in the same transaction.
 */
function wrongDoorFaults({ witness, ledger }: Evidence, commit: Commit): readonly string[] {
  return commit.facts.flatMap(({ name, data }) => {
    if (name !== "door.opened" || data.authorisation !== null) return [];
    const op = ledger.lastOpeningOf(data.compartment)?.op;
    const meant = op == null ? undefined : witness.attempts.get(op)?.authorisation;
    if (meant === undefined || meant.compartment === data.compartment) return [];
    const before = commit.before.authorisation.get(meant.id) ?? witness.rows.authorisation.get(meant.id);
    if (before?.state !== "commanded") return [];
    const isTold = commit.facts.some(({ name: other }) => other === "door.wrong_opened");
    const areOut = [meant.compartment, data.compartment].every(
      (id) => witness.rows.compartment.get(id)?.outOfService !== null,
    );
    return isTold && areOut
      ? []
      : [`11: ${data.compartment} opened in place of ${meant.compartment}, and nobody is told`];
  });
}

function claimFaults({ witness }: Evidence, commit: Commit, change: Change): readonly string[] {
  if (change.table !== "authorisation" || !("put" in change) || change.put.purpose !== "pickup") return [];
  const { id, state, deposit } = change.put;
  const was = commit.before.authorisation.get(id)?.state;
  const row = commit.changes.find((other) => other.table === "deposit" && "put" in other && other.put.id === deposit) as
    | { readonly put: Deposit }
    | undefined;
  if (was === undefined && (row?.put.code !== "claimed" || row.put.state !== "collecting")) {
    return [`5: authorisation ${id} was written without claiming the code of ${deposit}`];
  }
  if (state !== "opened" || was === "opened") return [];
  // A door that did not latch opens again for a parcel that is collected: its code was burned the first time.
  if (row === undefined && deposit !== null && witness.rows.deposit.get(deposit)?.code === "burned") return [];
  if (row?.put.code !== "burned") return [`5: authorisation ${id} opened without burning the code of ${deposit}`];
  // What it had before: a finished deposit may forget them.
  const former = commit.before.deposit.get(row.put.id);
  const isDead = (digest: ProofDigest | null | undefined) =>
    digest != null &&
    (commit.changes.some(
      (c) => c.table === "proof" && "put" in c && c.put.digest === digest && c.put.diedAt !== null,
    ) ||
      witness.rows.proof.get(digest)?.diedAt != null);
  return isDead(former?.codeDigest) && isDead(former?.qrDigest)
    ? []
    : [`5: a proof of ${deposit} outlived its opening`];
}

/**
 * 11: where the parcels are.
 *
 * - A parcel that lies behind a door, and that nobody has been let at since, belongs to the live deposit the daemon
 *   has there, with a code that is not burned; unless the daemon calls the compartment unknown or out of service.
 * - A deposit that is stored, neither doubted nor held, in a compartment in service that is not being opened, has its
 *   parcel in it; unless its courier shut an empty compartment, which no machine can see.
 */
export function parcelFaults({ ledger }: Evidence, state: State): readonly string[] {
  const found: string[] = [];
  for (const [number, parcel] of ledger.inside) {
    if (ledger.handedOut.has(parcel)) continue;
    const compartment = state.compartment.get(number as CompartmentId);
    if (compartment === undefined) found.push(`11: compartment ${number} with parcel ${parcel} is forgotten`);
    else if (compartment.occupancy !== "unknown" && compartment.outOfService === null) {
      const deposit = compartment.deposit === null ? undefined : state.deposit.get(compartment.deposit);
      if (deposit?.verifier !== verifierOf(parcel)) {
        found.push(`11: parcel ${parcel} lies in compartment ${number}, which is ${compartment.occupancy} for others`);
      } else if (deposit.code === "burned") found.push(`11: parcel ${parcel} lies in ${number} and its code is burned`);
    }
  }
  for (const deposit of state.deposit.values()) {
    if (deposit.state !== "stored" || deposit.doubtedBy !== null || deposit.held) continue;
    const compartment = state.compartment.get(deposit.compartment);
    const last = compartment?.authorisation == null ? undefined : state.authorisation.get(compartment.authorisation);
    if (compartment === undefined || compartment.outOfService !== null || last?.state === "commanded") continue;
    const parcel = ledger.inside.get(compartment.id);
    const isThere = parcel !== undefined && verifierOf(parcel) === deposit.verifier;
    const full = ledger.storedFull.get(deposit.id);
    const wasForced = full !== undefined && ledger.forced.has(full);
    if (!isThere && full !== undefined && !wasForced)
      found.push(`11: deposit ${deposit.id} is stored in ${compartment.id} without its parcel`);
  }
  return found;
}

/** 7 and 11: which doors the running daemon has believed wrong for too long, and since when each one has been wrong. */
export class DoorNews {
  readonly #wrongSinceMs = new Map<CompartmentId, number>();

  /** A daemon that has just started has seen nothing yet. */
  forget(): void {
    this.#wrongSinceMs.clear();
  }

  faults({ cabinet }: Evidence, state: State, nowMs: number): readonly string[] {
    const found: string[] = [];
    for (const { compartment: number, door } of cabinet.truth()) {
      const compartment = number as CompartmentId;
      const believed = state.door.get(compartment)?.door ?? "unknown";
      if (believed === "unknown" || believed === door) {
        this.#wrongSinceMs.delete(compartment);
        continue;
      }
      const sinceMs = this.#wrongSinceMs.get(compartment) ?? nowMs;
      this.#wrongSinceMs.set(compartment, sinceMs);
      if (nowMs - sinceMs > DOOR_NEWS_MS_MAX) {
        found.push(
          `11: the door of ${compartment} is ${door} and has been believed ${believed} for ${nowMs - sinceMs} ms`,
        );
        this.#wrongSinceMs.set(compartment, Number.POSITIVE_INFINITY);
      }
    }
    return found;
  }
}

/** 6: durable rows are the same here and there. Answers the tables and keys that are not. */
export function tableFaults(what: string, one: DurableState, other: DurableState): readonly string[] {
  const found: string[] = [];
  for (const table of DURABLE_TABLES) {
    const [rows, others] = [one[table], other[table]] as readonly [Map<unknown, unknown>, Map<unknown, unknown>];
    for (const key of new Set([...rows.keys(), ...others.keys()])) {
      if (!isSameRow(rows.get(key), others.get(key))) found.push(`6: ${what}: row ${String(key)} of ${table}`);
    }
  }
  return found;
}

/** 6: the rows one commit wrote are in memory as they were committed. */
export function touchedFaults(
  witness: Witness,
  state: State,
  changes: readonly Change[],
  keyOf: (c: Change) => unknown,
) {
  return changes.flatMap((change) => {
    const key = keyOf(change);
    const committed = (witness.rows[change.table as keyof DurableState] as Map<unknown, unknown>).get(key);
    const inMemory = (state[change.table] as Map<unknown, unknown>).get(key);
    return isSameRow(committed, inMemory) ? [] : [`6: memory and store differ: row ${String(key)} of ${change.table}`];
  });
}

function isSameRow(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  const [fields, others] = [one as Record<string, unknown>, other as Record<string, unknown>];
  const names = Object.keys(fields);
  return names.length === Object.keys(others).length && names.every((name) => fields[name] === others[name]);
}
