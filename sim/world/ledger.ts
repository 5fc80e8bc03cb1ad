import type { CompartmentId, DepositId, OpId, ParcelVerifier } from "../../src/contract/ids.ts";
import type { Cabinet, CompartmentNumber, TruthEntry } from "../cabinet.ts";
import { sha256 } from "./secrets.ts";
import type { CommittedAttempt } from "./witness.ts";

export type Opening = {
  readonly atMs: number;
  readonly compartment: CompartmentNumber;
  /** Null: no pulse let it go. */
  readonly op: OpId | null;
  /** What lay behind it, if that was still nobody's to take. */
  readonly kept: string | null;
  closedAtMs: number | null;
};

/** What everybody but its label knows of a parcel. */
export const verifierOf = (parcel: string): ParcelVerifier => sha256(`label ${parcel}`).slice(0, 32) as ParcelVerifier;

/** The model cabinet's log, kept as an account: where each parcel lies, and whose hands it has been open to. */
export class Ledger {
  readonly openings: Opening[] = [];
  readonly pulses = new Map<string, number[]>();
  /** Parcels that lie behind a door, by compartment. */
  readonly inside = new Map<CompartmentNumber, string>();
  readonly takenOut = new Set<string>();
  /**
   * Parcels whose door has been opened for somebody who may take them, or forced. Whether they then do is not for any
   * machine to know, so nothing is claimed about such a parcel any more.
   */
  readonly handedOut = new Set<string>();
  /** Parcels behind a door that was forced. */
  readonly forced = new Set<string>();
  /** Deposits whose parcel lay in its place when they were called stored, and that parcel: a courier can also shut an empty compartment. */
  readonly storedFull = new Map<DepositId, string>();
  readonly #attempts: ReadonlyMap<OpId, CommittedAttempt>;

  constructor(cabinet: Cabinet, attempts: ReadonlyMap<OpId, CommittedAttempt>) {
    this.#attempts = attempts;
    cabinet.watch((entry) => this.#enter(entry));
  }

  lastOpeningOf(compartment: CompartmentId): Opening | undefined {
    return this.openings.findLast((opening) => opening.compartment === compartment);
  }

  /** A deposit counts as stored from now on. */
  stored(deposit: DepositId, verifier: ParcelVerifier, compartment: CompartmentId): void {
    const parcel = this.inside.get(compartment);
    if (parcel !== undefined && verifierOf(parcel) === verifier) this.storedFull.set(deposit, parcel);
  }

  #enter(entry: TruthEntry): void {
    const { compartment } = entry;
    switch (entry.kind) {
      case "pulse":
        this.pulses.set(entry.opId, [...(this.pulses.get(entry.opId) ?? []), entry.at]);
        return;
      case "parcel":
        if (entry.moved === "in") {
          this.inside.set(compartment, entry.parcel);
          this.handedOut.delete(entry.parcel);
          this.forced.delete(entry.parcel);
        } else {
          this.inside.delete(compartment);
          this.takenOut.add(entry.parcel);
        }
        return;
      case "door":
        if (entry.door === "closed") {
          const opening = this.lastOpeningOf(compartment as CompartmentId);
          if (opening !== undefined) opening.closedAtMs = entry.at;
        } else this.#opened(entry.at, compartment, entry.cause.by === "pulse" ? (entry.cause.opId as OpId) : null);
        return;
      default:
        throw new Error(`unreachable: ${JSON.stringify(entry satisfies never)}`);
    }
  }

  #opened(atMs: number, compartment: CompartmentNumber, op: OpId | null): void {
    const purpose = op === null ? undefined : this.#attempts.get(op)?.authorisation.purpose;
    const parcel = this.inside.get(compartment);
    const kept = parcel === undefined || this.handedOut.has(parcel) ? null : parcel;
    this.openings.push({ atMs, compartment, op, kept, closedAtMs: null });
    if (parcel !== undefined && op === null) this.forced.add(parcel);
    const isTakeable = op === null || purpose === "pickup" || purpose === "remote";
    if (parcel !== undefined && isTakeable) this.handedOut.add(parcel);
  }
}
