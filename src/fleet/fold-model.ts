import type { CompartmentStatus, ParcelState, RemoteOpenStatus } from "../contract/fleet-api.ts";
import type { AuthorisationId, CommandId, CompartmentId, DepositId, ParcelVerifier, Size } from "../contract/ids.ts";
import type { EpochMs } from "../contract/time.ts";

/*
 * What the fleet knows of one locker, as tables of flat rows. The database holds the same rows with the locker's
 * handle before their key.
 */

export type Parcel = {
  /** The announcement's id; of a deposit nobody announced, the deposit's. */
  readonly id: string;
  /** The carrier that announced it, or null. */
  readonly carrier: string | null;
  readonly verifier: ParcelVerifier;
  readonly size: Size;
  readonly state: ParcelState;
  /** Nobody knows whether it is still in the compartment. */
  readonly maybeCollected: boolean;
  readonly deposit: DepositId | null;
  readonly compartment: CompartmentId | null;
  readonly notified: boolean;
  readonly announcedAt: EpochMs;
  readonly changedAt: EpochMs;
};

export type RemoteOpenState = RemoteOpenStatus["state"];

export type RemoteOpen = {
  /** `jti` of the command that asked for the challenge: the id people follow. */
  readonly command: CommandId;
  /** `jti` of the open that carried the challenge, once it was made. */
  readonly openCommand: CommandId | null;
  readonly compartment: CompartmentId;
  readonly state: RemoteOpenState;
  /** Why it was refused or rejected. */
  readonly code: string | null;
  readonly challenge: string | null;
  readonly authorisation: AuthorisationId | null;
  readonly by: string;
  readonly reason: string;
  readonly askedAt: EpochMs;
  readonly changedAt: EpochMs;
};

export type Board = { readonly board: string; readonly health: "ok" | "silent" };

/** The newest version of the desired document the locker says it applied; 0 before the first. */
export type Applied = { readonly id: 1; readonly desiredVersion: number };

export type LockerState = {
  readonly compartment: ReadonlyMap<CompartmentId, CompartmentStatus>;
  readonly parcel: ReadonlyMap<string, Parcel>;
  readonly remoteOpen: ReadonlyMap<CommandId, RemoteOpen>;
  readonly board: ReadonlyMap<string, Board>;
  readonly applied: ReadonlyMap<1, Applied>;
};

/** A row written, or a row removed by its key. */
export type FoldChange =
  | { readonly table: "compartment"; readonly put: CompartmentStatus }
  | { readonly table: "compartment"; readonly del: CompartmentId }
  | { readonly table: "parcel"; readonly put: Parcel }
  | { readonly table: "remoteOpen"; readonly put: RemoteOpen }
  | { readonly table: "board"; readonly put: Board }
  | { readonly table: "board"; readonly del: string }
  | { readonly table: "applied"; readonly put: Applied };

export const emptyLockerState = (): LockerState => ({
  compartment: new Map(),
  parcel: new Map(),
  remoteOpen: new Map(),
  board: new Map(),
  applied: new Map(),
});

/** The state after the changes; the given state stays as it was. Maps that did not change are shared. */
export function applyFoldChanges(state: LockerState, changes: readonly FoldChange[]): LockerState {
  if (changes.length === 0) return state;
  const touched = new Set(changes.map(({ table }) => table));
  const copy = <K, V>(table: FoldChange["table"], map: ReadonlyMap<K, V>): Map<K, V> =>
    touched.has(table) ? new Map(map) : (map as Map<K, V>);
  const compartment = copy("compartment", state.compartment);
  const parcel = copy("parcel", state.parcel);
  const remoteOpen = copy("remoteOpen", state.remoteOpen);
  const board = copy("board", state.board);
  const applied = copy("applied", state.applied);
  for (const change of changes) {
    switch (change.table) {
      case "compartment":
        if ("put" in change) compartment.set(change.put.compartment, change.put);
        else compartment.delete(change.del);
        break;
      case "parcel":
        parcel.set(change.put.id, change.put);
        break;
      case "remoteOpen":
        remoteOpen.set(change.put.command, change.put);
        break;
      case "board":
        if ("put" in change) board.set(change.put.board, change.put);
        else board.delete(change.del);
        break;
      case "applied":
        applied.set(1, change.put);
        break;
      default:
        change satisfies never;
    }
  }
  return { compartment, parcel, remoteOpen, board, applied };
}

/** States of a parcel that lies in a compartment. */
export const STATES_IN_LOCKER = ["depositing", "stored", "collecting"] as const satisfies readonly ParcelState[];

/** Parcels that lie in a compartment, as far as the locker has said. */
export const isInLocker = (parcel: Parcel): boolean => STATES_IN_LOCKER.some((state) => state === parcel.state);

/** Of those, the ones nobody doubts. */
export const isBelievedInLocker = (parcel: Parcel): boolean => isInLocker(parcel) && !parcel.maybeCollected;
