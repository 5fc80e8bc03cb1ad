import type { LockerState, Parcel, RemoteOpenState } from "../src/fleet/fold-model.ts";
import type { Authorisation, Deposit, State } from "../src/locker/domain/model.ts";
import type { JournalRow } from "../src/locker/ports.ts";
import { chainHash, GENESIS_HASH } from "./world/model-fleet.ts";

/** 6 and 8: rows are numbered from 1 without a gap, and each hash follows from the former one and the row's bytes. */
export function journalFaults(rows: readonly JournalRow[], lastSeq: number): readonly string[] {
  const found: string[] = [];
  let hash = GENESIS_HASH;
  for (const [index, row] of rows.entries()) {
    if (row.seq !== index + 1) return [`6: row ${row.seq} stands where row ${index + 1} should`];
    hash = chainHash(hash, row.payload);
    if (row.hash !== hash) return [`8: the hash of row ${row.seq} does not follow from its bytes`];
    if (!row.payload.includes(`-${row.seq}"`)) found.push(`6: row ${row.seq} does not say its own number`);
  }
  if (rows.length !== lastSeq) found.push(`6: the journal has ${rows.length} rows and says ${lastSeq}`);
  return found;
}

/** 6: the fleet has the locker's rows, byte for byte, as far as it has any. */
export function copiedRowsFaults(
  journal: readonly JournalRow[],
  fleet: readonly { readonly payload: string; readonly hash: string }[],
): readonly string[] {
  if (fleet.length > journal.length) return [`6: the fleet has ${fleet.length} rows, the locker ${journal.length}`];
  const differs = fleet.findIndex((row, index) => row.payload !== journal[index]?.payload);
  return differs === -1 ? [] : [`6: row ${differs + 1} of the fleet is not the locker's`];
}

/** 6: the fleet's picture is the fold of its rows. */
export function foldFaults(state: LockerState, refolded: LockerState): readonly string[] {
  const tables = Object.keys(refolded) as (keyof LockerState)[];
  return tables
    .filter((table) => JSON.stringify([...state[table]]) !== JSON.stringify([...refolded[table]]))
    .map((table) => `6: the fleet's ${table} table is not the fold of its rows`);
}

/** 6, at the end: with every row acknowledged, the fleet's picture is the locker's. */
export function pictureFaults(fleet: LockerState, locker: State): readonly string[] {
  const found: string[] = [];
  for (const compartment of locker.compartment.values()) {
    const { id, size, occupancy, outOfService, door } = compartment;
    const seen = fleet.compartment.get(id);
    const isSame = seen?.size === size && seen.occupancy === occupancy && seen.outOfService === outOfService;
    if (!isSame)
      found.push(`6: the fleet has compartment ${id} as ${JSON.stringify(seen)}, the locker as ${occupancy}`);
    if (seen !== undefined && seen.door !== "unknown" && seen.door !== door) {
      found.push(`6: the fleet has the door of ${id} ${seen.door}, the locker ${door}`);
    }
  }
  for (const deposit of locker.deposit.values()) {
    const parcel = [...fleet.parcel.values()].find((each) => each.deposit === deposit.id);
    if (parcel === undefined) found.push(`6: the fleet has never heard of deposit ${deposit.id}`);
    else if (!agrees(deposit, parcel)) {
      found.push(
        `6: the fleet has deposit ${deposit.id} ${parcel.state}${parcel.maybeCollected ? ", perhaps collected" : ""}; ` +
          `the locker has it ${deposit.state}${deposit.doubtedBy === null ? "" : ", in doubt"}`,
      );
    }
  }
  for (const { id, state } of locker.authorisation.values()) {
    const open = [...fleet.remoteOpen.values()].find(({ authorisation }) => authorisation === id);
    if (open !== undefined && !remoteStates[state].includes(open.state)) {
      found.push(`6: the fleet has remote open ${open.command} ${open.state}, the locker ${state}`);
    }
  }
  return found;
}

/** What the fleet may show of a remote open in each state of its authorisation. */
const remoteStates: Readonly<Record<Authorisation["state"], readonly RemoteOpenState[]>> = {
  commanded: ["accepted"],
  opened: ["opened"],
  closed: ["closed"],
  blocked: ["blocked", "in_doubt"],
  rejected: ["rejected", "in_doubt"],
  in_doubt: ["in_doubt"],
};

function agrees(deposit: Deposit, { state, maybeCollected }: Parcel): boolean {
  // An interrupted deposit is a question to people until it is stored or cancelled.
  if (deposit.state === "depositing") return state === "depositing" || state === "disputed";
  if (deposit.state !== state) return false;
  const isOpenQuestion = deposit.state === "collecting" && deposit.code !== "burned" && deposit.doubtedBy !== null;
  return deposit.state === "collecting" ? maybeCollected === isOpenQuestion : true;
}
