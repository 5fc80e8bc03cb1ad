import { sql } from "kysely";
import type { Fact } from "../contract/events.ts";
import type { LockerHandle } from "../contract/ids.ts";
import type { EpochMs } from "../contract/time.ts";
import { fold, type Touched, touchedBy } from "./fold.ts";
import {
  applyFoldChanges,
  type FoldChange,
  type LockerState,
  type Parcel,
  type RemoteOpen,
  STATES_IN_LOCKER,
} from "./fold-model.ts";
import type { CompartmentRow, ParcelRow, RemoteOpenRow } from "./schema.ts";
import type { FleetTrx } from "./store.ts";

/** A fact, and when it happened. */
export type DatedFact = { readonly fact: Fact; readonly at: EpochMs };

/**
 * Folds facts of one locker into its stored picture, in order.
 *
 * @param andThen Is given each fact with the state after it.
 */
export async function foldFacts(
  trx: FleetTrx,
  locker: LockerHandle,
  facts: readonly DatedFact[],
  andThen?: (dated: DatedFact, state: LockerState) => Promise<void>,
): Promise<readonly FoldChange[]> {
  let state = await loadTouched(trx, locker, touchedBy(facts.map(({ fact }) => fact)));
  const changes: FoldChange[] = [];
  for (const dated of facts) {
    const step = fold(state, dated.fact, dated.at);
    state = applyFoldChanges(state, step);
    changes.push(...step);
    await andThen?.(dated, state);
  }
  await saveChanges(trx, locker, changes);
  return changes;
}

/** Reads the rows of one locker that folding needs, as the fold knows them. */
export async function loadTouched(trx: FleetTrx, locker: LockerHandle, touched: Touched): Promise<LockerState> {
  const compartments = await loadCompartments(trx, locker, touched);
  const boards = touched.all ? await trx.selectFrom("board").selectAll().where("locker", "=", locker).execute() : [];
  const parcels = await loadParcels(trx, locker, touched);
  const remoteOpens = await loadRemoteOpens(trx, locker, touched);
  return {
    compartment: new Map(compartments.map((row) => [row.compartment, compartmentOf(row)])),
    board: new Map(boards.map(({ board, health }) => [board, { board, health }])),
    parcel: new Map(parcels.map((row) => [row.id, parcelOf(row)])),
    remoteOpen: new Map(remoteOpens.map((row) => [row.command, remoteOpenOf(row)])),
    applied: new Map(),
  };
}

async function loadCompartments(trx: FleetTrx, locker: LockerHandle, touched: Touched): Promise<CompartmentRow[]> {
  const query = trx.selectFrom("compartment").selectAll().where("locker", "=", locker);
  if (touched.all) return query.execute();
  return touched.compartments.length === 0 ? [] : query.where("compartment", "in", touched.compartments).execute();
}

/** A few snapshots name more than the parameters a statement can have, so all of a kind go in one. */
const among = <T extends string>(values: readonly T[]) =>
  sql<T>`(select value from json_each(${JSON.stringify(values)}))`;

/** One query for each way a parcel is touched, each by an index; some are found more than once. */
async function loadParcels(trx: FleetTrx, locker: LockerHandle, touched: Touched): Promise<ParcelRow[]> {
  const { all, deposits, verifiers } = touched;
  const ofLocker = trx.selectFrom("parcel").selectAll().where("locker", "=", locker);
  const believed = ofLocker.where("maybe_collected", "=", 0).where("state", "in", STATES_IN_LOCKER);
  return [
    ...(all ? await believed.execute() : []),
    ...(deposits.length === 0 ? [] : await ofLocker.where("deposit", "in", among(deposits)).execute()),
    ...(verifiers.length === 0 ? [] : await ofLocker.where("verifier", "in", among(verifiers)).execute()),
  ];
}

/*
 * Every term of the alternatives names the locker itself: only then does SQLite use an index for each of them, instead
 * of reading all that the locker ever had.
 */

async function loadRemoteOpens(trx: FleetTrx, locker: LockerHandle, touched: Touched): Promise<RemoteOpenRow[]> {
  const { commands, authorisations, compartments } = touched;
  if (commands.length + authorisations.length + compartments.length === 0) return [];
  return trx
    .selectFrom("remote_open")
    .selectAll()
    .where((where) => {
      const own = where("locker", "=", locker);
      return where.or([
        ...(commands.length === 0
          ? []
          : [
              where.and([own, where("command", "in", commands)]),
              where.and([own, where("open_command", "in", commands)]),
            ]),
        ...(authorisations.length === 0 ? [] : [where.and([own, where("authorisation", "in", authorisations)])]),
        ...(compartments.length === 0
          ? []
          : [where.and([own, where("compartment", "in", compartments), where("state", "=", "opened")])]),
      ]);
    })
    .execute();
}

/** Writes what folding changed; of several changes of one row only the last. */
async function saveChanges(trx: FleetTrx, locker: LockerHandle, changes: readonly FoldChange[]): Promise<void> {
  for (const change of lastOfEachRow(changes)) await saveChange(trx, locker, change);
}

async function saveChange(trx: FleetTrx, locker: LockerHandle, change: FoldChange): Promise<void> {
  switch (change.table) {
    case "compartment":
      if ("put" in change) {
        const { outOfService, ...rest } = change.put;
        const row: CompartmentRow = { locker, ...rest, out_of_service: outOfService };
        await trx
          .insertInto("compartment")
          .values(row)
          .onConflict((conflict) => conflict.columns(["locker", "compartment"]).doUpdateSet(row))
          .execute();
      } else {
        await trx
          .deleteFrom("compartment")
          .where("locker", "=", locker)
          .where("compartment", "=", change.del)
          .execute();
      }
      return;
    case "board":
      if ("put" in change) {
        const row = { locker, ...change.put };
        await trx
          .insertInto("board")
          .values(row)
          .onConflict((conflict) => conflict.columns(["locker", "board"]).doUpdateSet(row))
          .execute();
      } else {
        await trx.deleteFrom("board").where("locker", "=", locker).where("board", "=", change.del).execute();
      }
      return;
    case "parcel":
      await saveParcel(trx, locker, change.put);
      return;
    case "remoteOpen":
      await saveRemoteOpen(trx, locker, change.put);
      return;
    case "applied":
      await trx
        .updateTable("locker")
        .set({ desired_applied: change.put.desiredVersion })
        .where("locker", "=", locker)
        .execute();
      return;
    default:
      change satisfies never;
  }
}

export async function saveParcel(trx: FleetTrx, locker: LockerHandle, parcel: Parcel): Promise<void> {
  const row = parcelRow(locker, parcel);
  await trx
    .insertInto("parcel")
    .values(row)
    .onConflict((conflict) => conflict.columns(["locker", "id"]).doUpdateSet(row))
    .execute();
}

export async function saveRemoteOpen(trx: FleetTrx, locker: LockerHandle, open: RemoteOpen): Promise<void> {
  const row = remoteOpenRow(locker, open);
  await trx
    .insertInto("remote_open")
    .values(row)
    .onConflict((conflict) => conflict.columns(["locker", "command"]).doUpdateSet(row))
    .execute();
}

function lastOfEachRow(changes: readonly FoldChange[]): readonly FoldChange[] {
  const last = new Map<string, FoldChange>();
  for (const change of changes) last.set(`${change.table} ${keyOf(change)}`, change);
  return [...last.values()];
}

function keyOf(change: FoldChange): string {
  if ("del" in change) return String(change.del);
  switch (change.table) {
    case "compartment":
      return String(change.put.compartment);
    case "board":
      return change.put.board;
    case "parcel":
      return change.put.id;
    case "remoteOpen":
      return change.put.command;
    case "applied":
      return "";
    default:
      return change satisfies never;
  }
}

export const compartmentOf = ({ locker: _, out_of_service, ...rest }: CompartmentRow) => ({
  ...rest,
  outOfService: out_of_service,
});

export const parcelOf = (row: ParcelRow): Parcel => ({
  id: row.id,
  carrier: row.carrier,
  verifier: row.verifier,
  size: row.size,
  state: row.state,
  maybeCollected: row.maybe_collected === 1,
  deposit: row.deposit,
  compartment: row.compartment,
  notified: row.notified === 1,
  announcedAt: row.announced_at,
  changedAt: row.changed_at,
});

const parcelRow = (locker: LockerHandle, parcel: Parcel): ParcelRow => ({
  locker,
  id: parcel.id,
  carrier: parcel.carrier,
  verifier: parcel.verifier,
  size: parcel.size,
  state: parcel.state,
  maybe_collected: parcel.maybeCollected ? 1 : 0,
  deposit: parcel.deposit,
  compartment: parcel.compartment,
  notified: parcel.notified ? 1 : 0,
  announced_at: parcel.announcedAt,
  changed_at: parcel.changedAt,
});

export const remoteOpenOf = (row: RemoteOpenRow): RemoteOpen => ({
  command: row.command,
  openCommand: row.open_command,
  compartment: row.compartment,
  state: row.state,
  code: row.code,
  challenge: row.challenge,
  authorisation: row.authorisation,
  by: row.by,
  reason: row.reason,
  askedAt: row.asked_at,
  changedAt: row.changed_at,
});

const remoteOpenRow = (locker: LockerHandle, open: RemoteOpen): RemoteOpenRow => ({
  locker,
  command: open.command,
  open_command: open.openCommand,
  compartment: open.compartment,
  state: open.state,
  code: open.code,
  challenge: open.challenge,
  authorisation: open.authorisation,
  by: open.by,
  reason: open.reason,
  asked_at: open.askedAt,
  changed_at: open.changedAt,
});
