import type { TruthEntry } from "../../../sim/cabinet.ts";
import type { LockerView, ParcelView } from "../../../src/contract/fleet-api.ts";
import type { AuthorisationRow, DepositRow, LockerDatabase } from "../support/locker-database.ts";

/** Two pulses of one authorisation lie within this. */
const RETRY_WINDOW_MS = 1_500;

type Pulse = Extract<TruthEntry, { kind: "pulse" }>;
const isPulse = (entry: TruthEntry): entry is Pulse => entry.kind === "pulse";
const authorisationOf = (opId: string): string => opId.slice(0, -2);

/** A restart: what was authorised before it must not move a coil from this entry of the truth on. */
export type Restart = { readonly ofWhom: string; readonly fromIndex: number; readonly authorised: ReadonlySet<string> };

/** Every way in which coils moved without leave, or too often. Empty when all is well. */
export function judgePulses(
  truth: readonly TruthEntry[],
  { authorisations }: LockerDatabase,
  restarts: readonly Restart[],
): readonly string[] {
  const pulses = truth.filter(isPulse);
  const faults: string[] = [];
  const byAuthorisation = Map.groupBy(pulses, ({ opId }) => authorisationOf(opId));
  for (const [id, own] of byAuthorisation) {
    const row = authorisations.find((authorisation) => authorisation.id === id);
    if (row === undefined) faults.push(`a pulse of ${id}, which no row authorises`);
    if (own.some(({ compartment }) => compartment !== row?.compartment))
      faults.push(`${id} pulsed another compartment`);
    if (own.length > 2) faults.push(`${id} pulsed ${own.length} times`);
    if (new Set(own.map(({ opId }) => opId)).size !== own.length) faults.push(`an attempt of ${id} pulsed twice`);
    const [first, second] = own;
    if (first && second && second.at - first.at > RETRY_WINDOW_MS) faults.push(`${id} pulsed again too late`);
  }
  for (const { ofWhom, fromIndex, authorised } of restarts) {
    for (const { index, opId } of pulses) {
      const isOld = index >= fromIndex && authorised.has(authorisationOf(opId));
      if (isOld) faults.push(`${opId} pulsed after a restart of the ${ofWhom}`);
    }
  }
  return faults;
}

/** Openings nobody was allowed, and second openings of one permission. */
export function judgeOpenings(truth: readonly TruthEntry[]): readonly string[] {
  const seen = new Set<string>();
  return truth.flatMap((entry) => {
    if (entry.kind !== "door" || entry.door !== "opened") return [];
    if (entry.cause.by === "force") return [`door ${entry.compartment} opened by force`];
    const id = authorisationOf(entry.cause.opId);
    if (seen.has(id)) return [`${id} opened its door twice`];
    seen.add(id);
    return [];
  });
}

/** Parcels the locker has lost track of, or gave to somebody else. */
export function judgeParcels(truth: readonly TruthEntry[], database: LockerDatabase): readonly string[] {
  const inside = new Map<number, string>();
  const faults: string[] = [];
  let opening = "";
  for (const entry of truth) {
    if (entry.kind === "door" && entry.door === "opened" && entry.cause.by === "pulse") {
      opening = authorisationOf(entry.cause.opId);
    }
    if (entry.kind !== "parcel") continue;
    if (entry.moved === "in") inside.set(entry.compartment, entry.parcel);
    else {
      inside.delete(entry.compartment);
      const row = database.authorisations.find(({ id }) => id === opening);
      if (!isForRecipient(row, database, entry.parcel)) faults.push(`${entry.parcel} went to somebody else`);
    }
  }
  for (const [compartment, parcel] of inside) {
    const deposit = liveIn(database, compartment);
    if (deposit?.verifier !== parcel) faults.push(`${parcel} lies forgotten in compartment ${compartment}`);
  }
  return [...faults, ...phantoms(database, inside)];
}

function isForRecipient(row: AuthorisationRow | undefined, { deposits }: LockerDatabase, parcel: string): boolean {
  if (row?.purpose !== "pickup") return false;
  return deposits.find(({ id }) => id === row.deposit)?.verifier === parcel;
}

const liveIn = ({ deposits }: LockerDatabase, compartment: number): DepositRow | undefined =>
  deposits.find(
    (deposit) => deposit.compartment === compartment && ["depositing", "stored", "collecting"].includes(deposit.state),
  );

/** Compartments the locker is sure of, and wrong. */
function phantoms(database: LockerDatabase, inside: ReadonlyMap<number, string>): readonly string[] {
  return database.compartments.flatMap(({ id, occupancy }) => {
    const parcel = inside.get(id);
    if (occupancy === "available" && parcel !== undefined)
      return [`compartment ${id} is called free and holds ${parcel}`];
    const deposit = liveIn(database, id);
    const isSure = occupancy === "occupied" && deposit?.doubted_by === null;
    return isSure && parcel === undefined ? [`compartment ${id} is called occupied and is empty`] : [];
  });
}

/** Where the fleet's picture differs from the locker's. */
export function judgeFleet(
  database: LockerDatabase,
  view: LockerView,
  parcels: readonly ParcelView[],
): readonly string[] {
  const faults: string[] = [];
  if (view.chainBrokenAt !== null) faults.push(`the chain is broken at row ${view.chainBrokenAt}`);
  for (const { id, occupancy, out_of_service: outOfService, door } of database.compartments) {
    const seen = view.compartments.find(({ compartment }) => compartment === id);
    const same = seen?.occupancy === occupancy && seen.outOfService === outOfService && seen.door === door;
    if (!same) faults.push(`compartment ${id}: ${occupancy}, ${outOfService}, ${door}; fleet ${JSON.stringify(seen)}`);
  }
  for (const parcel of parcels) {
    const deposits = database.deposits.filter(({ verifier }) => verifier === parcel.verifier);
    const own = deposits.find(({ id }) => id === parcel.deposit);
    const same = own === undefined ? deposits.length === 0 && parcel.state === "announced" : isSame(own, parcel);
    if (!same) faults.push(`deposits ${JSON.stringify(deposits)}; fleet ${JSON.stringify(parcel)}`);
  }
  return faults;
}

const isSame = ({ state, compartment, doubted_by }: DepositRow, parcel: ParcelView): boolean =>
  parcel.state === state && parcel.compartment === compartment && parcel.maybeCollected === (doubted_by !== null);
