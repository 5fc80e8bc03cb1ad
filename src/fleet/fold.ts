import type { EventData, Fact } from "../contract/events.ts";
import type { CompartmentStatus, ParcelState } from "../contract/fleet-api.ts";
import type { AuthorisationId, CommandId, CompartmentId, DepositId, ParcelVerifier } from "../contract/ids.ts";
import type { EpochMs } from "../contract/time.ts";
import { type FoldChange, isBelievedInLocker, isInLocker, type LockerState, type Parcel } from "./fold-model.ts";
import { foldRemoteOpen } from "./fold-remote.ts";

/**
 * What one fact of a locker changes in the fleet's picture of it.
 *
 * Pure: the simulation runs it on whole states, the fleet on the rows {@link touchedBy} names. A physical state
 * (stored, collected, open) comes into being nowhere else.
 *
 * @param at When it happened, by the locker's clock if that can be believed.
 */
export function fold(state: LockerState, fact: Fact, at: EpochMs): readonly FoldChange[] {
  return [...foldCabinet(state, fact, at), ...foldParcel(state, fact, at), ...foldRemoteOpen(state, fact, at)];
}

/** Which rows {@link fold} reads for a fact, so that a database need not load the whole locker. */
export type Touched = {
  /** The whole cabinet, and every parcel believed to lie in it: a snapshot says what is no longer there. */
  readonly all: boolean;
  readonly compartments: readonly CompartmentId[];
  readonly deposits: readonly DepositId[];
  readonly verifiers: readonly ParcelVerifier[];
  readonly commands: readonly CommandId[];
  readonly authorisations: readonly AuthorisationId[];
};

export function touchedBy(facts: readonly Fact[]): Touched {
  const compartments = new Set<CompartmentId>();
  const deposits = new Set<DepositId>();
  const verifiers = new Set<ParcelVerifier>();
  const commands = new Set<CommandId>();
  const authorisations = new Set<AuthorisationId>();
  for (const { name, data } of facts) {
    if (name === "locker.snapshot") {
      for (const { deposit, verifier } of data.deposits) {
        deposits.add(deposit);
        verifiers.add(verifier);
      }
    }
    if ("compartment" in data) compartments.add(data.compartment);
    if (name === "door.wrong_opened") compartments.add(data.commanded).add(data.opened);
    if ("deposit" in data) deposits.add(data.deposit);
    if ("verifier" in data) verifiers.add(data.verifier);
    if ("command" in data) commands.add(data.command);
    if ("authorisation" in data && data.authorisation !== null) authorisations.add(data.authorisation);
  }
  return {
    all: facts.some(({ name }) => name === "locker.snapshot"),
    compartments: [...compartments],
    deposits: [...deposits],
    verifiers: [...verifiers],
    commands: [...commands],
    authorisations: [...authorisations],
  };
}

function foldCabinet(state: LockerState, fact: Fact, at: EpochMs): readonly FoldChange[] {
  switch (fact.name) {
    case "locker.snapshot":
      return foldSnapshot(state, fact.data, at);
    case "compartment.changed":
      return [
        {
          table: "compartment",
          put: { ...fact.data, door: state.compartment.get(fact.data.compartment)?.door ?? "unknown" },
        },
      ];
    case "door.opened":
    case "door.left_open":
    case "door.break_in":
      return doorIs(state, fact.data.compartment, "open");
    case "door.wrong_opened":
      return doorIs(state, fact.data.opened, "open");
    case "door.closed":
      return doorIs(state, fact.data.compartment, "closed");
    case "board.health":
      return [{ table: "board", put: fact.data }];
    case "desired.applied":
      return [{ table: "applied", put: { id: 1, desiredVersion: fact.data.version } }];
    default:
      return [];
  }
}

function doorIs(state: LockerState, id: CompartmentId, door: CompartmentStatus["door"]): readonly FoldChange[] {
  const compartment = state.compartment.get(id);
  return compartment === undefined ? [] : [{ table: "compartment", put: { ...compartment, door } }];
}

/** The whole locker anew: a deposit it does not name may be gone. One already doubted is not doubted again. */
function foldSnapshot(state: LockerState, data: EventData<"locker.snapshot">, at: EpochMs): readonly FoldChange[] {
  const named = new Set(data.compartments.map(({ compartment }) => compartment));
  const cabinet: FoldChange[] = [
    ...[...state.compartment.keys()]
      .filter((id) => !named.has(id))
      .map((del): FoldChange => ({ table: "compartment", del })),
    ...data.compartments.map((put): FoldChange => ({ table: "compartment", put })),
    ...[...state.board.keys()].map((del): FoldChange => ({ table: "board", del })),
  ];
  const sizes = new Map(data.compartments.map(({ compartment, size }) => [compartment, size]));
  const live = new Set(data.deposits.map(({ deposit }) => deposit));
  const known = indexed(state);
  const parcels: FoldChange[] = [
    ...data.deposits.map((each): FoldChange => {
      const put = parcelOf(known, each, at, sizes.get(each.compartment) ?? "L");
      return { table: "parcel", put: { ...put, state: each.state, maybeCollected: each.maybeCollected } };
    }),
    ...[...state.parcel.values()]
      .filter((parcel) => isBelievedInLocker(parcel) && parcel.deposit !== null && !live.has(parcel.deposit))
      .map((parcel): FoldChange => ({ table: "parcel", put: { ...parcel, maybeCollected: true, changedAt: at } })),
  ];
  return [...cabinet, ...parcels];
}

type DepositFact = {
  readonly deposit: DepositId;
  readonly compartment: CompartmentId;
  readonly verifier: ParcelVerifier;
};

type ParcelIndex = {
  readonly byDeposit: ReadonlyMap<DepositId, Parcel>;
  /** Those that were announced, lie in no compartment, and were not collected. */
  readonly awaited: ReadonlyMap<ParcelVerifier, Parcel>;
};

/** Made once for all deposits of a fact: a snapshot names a thousand of them. */
function indexed({ parcel: parcels }: LockerState): ParcelIndex {
  const byDeposit = new Map<DepositId, Parcel>();
  const awaited = new Map<ParcelVerifier, Parcel>();
  for (const parcel of parcels.values()) {
    const { deposit, verifier } = parcel;
    if (deposit !== null && !byDeposit.has(deposit)) byDeposit.set(deposit, parcel);
    const isAwaited = parcel.carrier !== null && !isInLocker(parcel) && parcel.state !== "collected";
    if (isAwaited && !awaited.has(verifier)) awaited.set(verifier, parcel);
  }
  return { byDeposit, awaited };
}

/**
 * The parcel of a deposit: the one already tied to it, else one announced under its verifier that lies in no
 * compartment (a cancelled deposit may be tried again), else a new one that nobody announced.
 */
function parcelOf(parcels: ParcelIndex, fact: DepositFact, at: EpochMs, size: CompartmentStatus["size"]): Parcel {
  const known = parcels.byDeposit.get(fact.deposit) ?? parcels.awaited.get(fact.verifier);
  const tie = { deposit: fact.deposit, compartment: fact.compartment, maybeCollected: false, changedAt: at };
  if (known !== undefined) return { ...known, ...tie, notified: known.deposit === fact.deposit && known.notified };
  return {
    id: fact.deposit,
    carrier: null,
    verifier: fact.verifier,
    size,
    state: "depositing",
    notified: false,
    announcedAt: at,
    ...tie,
  };
}

/** What a deposit's parcel becomes by a fact that tells all of it. */
function parcelIs(state: LockerState, fact: DepositFact, at: EpochMs, next: ParcelState): readonly FoldChange[] {
  const put = parcelOf(indexed(state), fact, at, state.compartment.get(fact.compartment)?.size ?? "L");
  return [{ table: "parcel", put: { ...put, state: next } }];
}

function foldParcel(state: LockerState, fact: Fact, at: EpochMs): readonly FoldChange[] {
  switch (fact.name) {
    case "deposit.started":
      return parcelIs(state, fact.data, at, "depositing");
    case "deposit.stored":
      return parcelIs(state, fact.data, at, "stored");
    case "pickup.collected":
      return parcelIs(state, fact.data, at, "collected");
    case "deposit.cancelled":
      return parcelBecomes(state, fact.data.deposit, at, "cancelled", false);
    case "deposit.interrupted":
      // It still has to be finished by its courier; its compartment is reported as unknown beside this.
      return parcelBecomes(state, fact.data.deposit, at, "depositing");
    case "pickup.started":
      return parcelBecomes(state, fact.data.deposit, at, "collecting");
    case "pickup.opened":
      return parcelBecomes(state, fact.data.deposit, at, "collecting", false);
    case "pickup.in_doubt":
      return parcelBecomes(state, fact.data.deposit, at, "collecting", true);
    case "pickup.rearmed":
      return parcelBecomes(state, fact.data.deposit, at, "stored", false);
    case "pickup.disputed":
      return parcelBecomes(state, fact.data.deposit, at, "disputed", false);
    default:
      return [];
  }
}

function parcelBecomes(
  state: LockerState,
  deposit: DepositId,
  at: EpochMs,
  next: ParcelState,
  maybeCollected?: boolean,
): readonly FoldChange[] {
  const parcel = [...state.parcel.values()].find((each) => each.deposit === deposit);
  if (parcel === undefined) return [];
  const doubt = maybeCollected ?? parcel.maybeCollected;
  return [{ table: "parcel", put: { ...parcel, state: next, maybeCollected: doubt, changedAt: at } }];
}
