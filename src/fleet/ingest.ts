import type { KeyObject } from "node:crypto";
import { SqliteError } from "better-sqlite3";
import type { LockerHandle } from "../contract/ids.ts";
import type { AckClaims, EventBatch } from "../contract/messages.ts";
import type { EpochMs } from "../contract/time.ts";
import { refold, standingOf } from "./current-epoch.ts";
import type { FoldChange, LockerState } from "./fold-model.ts";
import {
  type BatchFault,
  GENESIS_HASH,
  happenedAt,
  lastSeqOf,
  type NewRow,
  newRowsOf,
  type RowFault,
  readBatch,
} from "./ingest-batch.ts";
import { foldFacts } from "./picture.ts";
import type { EpochRow } from "./schema.ts";
import type { FleetStore, FleetTrx } from "./store.ts";
import { queueForVault } from "./vault-outbox.ts";

export type IngestFault =
  | BatchFault
  | RowFault
  | { readonly code: "unknown_locker" }
  /** The database does not take what the rows say, though every check let it through. */
  | { readonly code: "not_storable"; readonly cause: string };

export type Ingested = {
  readonly kind: "stored" | "duplicate" | "refused";
  /** Present when refused. */
  readonly fault?: IngestFault;
  /** What to acknowledge: the end of the stored chain of that epoch. Absent when nothing is stored. */
  readonly ack?: AckClaims;
  /** What folding changed; empty for rows of an epoch that is over. */
  readonly changes: readonly FoldChange[];
  readonly rowsCount: number;
  /** Whether what people see of the locker may be another now. Stored rows of an epoch that is over are none. */
  readonly isNews: boolean;
};

export type IngestDeps = {
  readonly store: FleetStore;
  readonly signingKeyOf: (locker: LockerHandle) => KeyObject | undefined;
  readonly now: () => EpochMs;
};

/**
 * Takes one message of `up/event`. When this resolves, everything it says is durable, and only then may it be
 * acknowledged. Rows, folded state and the vault's outbox are one transaction, so a crash leaves all or nothing.
 *
 * Throws when the database fails; nothing was stored then. A value the database does not take is not its failure: the
 * batch is refused, or one locker's row would end the fleet's process, and end it again whenever it is delivered anew.
 */
export async function ingest(deps: IngestDeps, locker: LockerHandle, payload: Uint8Array): Promise<Ingested> {
  const signingKey = deps.signingKeyOf(locker);
  if (signingKey === undefined) return refused({ code: "unknown_locker" });
  const batch = readBatch({ handle: locker, payload, signingKey });
  if (!batch.ok) return refused(batch.error);
  const at = deps.now();
  const { db, scrub } = deps.store;
  try {
    const { result, erased } = await db.transaction().execute((trx) => storeBatch(trx, batch.value, at));
    if (erased) scrub();
    return result;
  } catch (error) {
    if (!(error instanceof SqliteError && VALUE_ERRORS.test(error.code))) throw error;
    const fault = { code: "not_storable", cause: error.code } as const;
    return db.transaction().execute((trx) => refuseWhole(trx, batch.value, fault));
  }
}

/** What SQLite says of values, not of itself. @see https://sqlite.org/rescode.html */
const VALUE_ERRORS = /^SQLITE_(CONSTRAINT_(CHECK|DATATYPE|NOTNULL|PRIMARYKEY|UNIQUE)|MISMATCH|TOOBIG)$/;

/** Remembers that the locker's chain goes no further here. */
async function refuseWhole(trx: FleetTrx, batch: EventBatch, fault: IngestFault): Promise<Ingested> {
  const end = await endOf(trx, batch);
  const isNews = await markChain(trx, batch, end?.last_seq ?? 0);
  return refused(fault, end === undefined ? undefined : ackOf(end), isNews);
}

const refused = (fault: IngestFault, ack?: AckClaims, isNews = false): Ingested => ({
  kind: "refused",
  fault,
  changes: [],
  rowsCount: 0,
  isNews,
  ...(ack === undefined ? {} : { ack }),
});

type Stored = { readonly result: Ingested; readonly erased: boolean };

async function storeBatch(trx: FleetTrx, batch: EventBatch, now: EpochMs): Promise<Stored> {
  const { locker, epoch } = batch;
  await trx.updateTable("locker").set({ last_contact_at: now }).where("locker", "=", locker).execute();
  const end = await endOf(trx, batch);
  const stored = { lastSeq: end?.last_seq ?? 0, lastHash: end?.last_hash ?? GENESIS_HASH };
  const ack = end === undefined ? undefined : ackOf(end);
  if (lastSeqOf(batch) <= stored.lastSeq) return { result: await compareStored(trx, batch, ack), erased: false };

  const rows = newRowsOf(batch, stored);
  if (!rows.ok) {
    const { error } = rows;
    const goodSeq = error.code === "bad_row" ? error.seq - 1 : stored.lastSeq;
    const isNews = BREAKS.has(error.code) && (await markChain(trx, batch, goodSeq));
    return { result: refused(error, ack, isNews), erased: false };
  }
  await insertRows(trx, batch, rows.value, now);
  await moveEnd(trx, batch, stored.lastSeq, now);
  const standing = await standingOf(trx, batch, rows.value, stored.lastSeq);
  const isNews = standing !== "over";
  if (standing === "returned") await refold(trx, locker, epoch, stored.lastSeq);
  const { changes, erased } = isNews ? await foldRows(trx, batch, rows.value, now) : { changes: [], erased: false };
  const nextAck = { aud: locker, epoch, seq: lastSeqOf(batch), hash: batch.lastHash };
  return { result: { kind: "stored", ack: nextAck, changes, rowsCount: rows.value.length, isNews }, erased };
}

/** Where the stored chain of the batch's epoch ends. */
const endOf = (trx: FleetTrx, { locker, epoch }: EventBatch): Promise<EpochRow | undefined> =>
  trx.selectFrom("epoch").selectAll().where("locker", "=", locker).where("epoch", "=", epoch).executeTakeFirst();

const ackOf = (end: EpochRow): AckClaims => ({
  aud: end.locker,
  epoch: end.epoch,
  seq: end.last_seq,
  hash: end.last_hash,
});

/** Rows that are all stored already: the chain makes the last hash speak for every one of them. */
async function compareStored(trx: FleetTrx, batch: EventBatch, ack: AckClaims | undefined): Promise<Ingested> {
  const row = await trx
    .selectFrom("journal")
    .select("hash")
    .where("locker", "=", batch.locker)
    .where("epoch", "=", batch.epoch)
    .where("seq", "=", lastSeqOf(batch))
    .executeTakeFirst();
  if (row?.hash === batch.lastHash) {
    return { kind: "duplicate", changes: [], rowsCount: 0, isNews: false, ...(ack === undefined ? {} : { ack }) };
  }
  const isNews = await markChain(trx, batch, lastSeqOf(batch) - 1);
  return refused({ code: "broken_chain" }, ack, isNews);
}

/** What is wrong with the rows themselves; other faults are mended by sending more. */
const BREAKS: ReadonlySet<RowFault["code"]> = new Set(["broken_chain", "bad_row"]);

/**
 * Remembers after which row the locker's own signature no longer fits what it told before.
 *
 * @returns whether that was not known yet.
 */
async function markChain(trx: FleetTrx, { locker }: EventBatch, lastGoodSeq: number): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable("locker")
    .set({ chain_broken_at: lastGoodSeq })
    .where("locker", "=", locker)
    .where("chain_broken_at", "is distinct from", lastGoodSeq)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

async function insertRows(trx: FleetTrx, batch: EventBatch, rows: readonly NewRow[], now: EpochMs): Promise<void> {
  const { locker, epoch } = batch;
  await trx
    .insertInto("journal")
    .values(
      rows.map(({ seq, payload, hash, event }) => ({
        locker,
        epoch,
        seq,
        type: event.envelope.type,
        payload,
        hash,
        received_at: now,
      })),
    )
    .execute();
  await trx
    .insertInto("batch_signature")
    .values({ locker, epoch, last_seq: lastSeqOf(batch), last_hash: batch.lastHash, signature: batch.signature })
    .execute();
}

/** Moves the end of the epoch's chain. */
async function moveEnd(trx: FleetTrx, batch: EventBatch, formerSeq: number, now: EpochMs): Promise<void> {
  const { locker, epoch } = batch;
  const end = { last_seq: lastSeqOf(batch), last_hash: batch.lastHash };
  await trx
    .insertInto("epoch")
    .values({ locker, epoch, ...end, first_seen_at: now })
    .onConflict((conflict) => conflict.columns(["locker", "epoch"]).doUpdateSet(end))
    .execute();
  // A batch that was damaged on its way marks the chain; the same rows arriving whole heal exactly that mark.
  await trx
    .updateTable("locker")
    .set({ chain_broken_at: null })
    .where("locker", "=", locker)
    .where("chain_broken_at", "=", formerSeq)
    .execute();
}

type Folded = { readonly changes: readonly FoldChange[]; readonly erased: boolean };

async function foldRows(trx: FleetTrx, batch: EventBatch, rows: readonly NewRow[], now: EpochMs): Promise<Folded> {
  const facts = rows.flatMap(({ event }) =>
    event.kind === "known" ? [{ fact: event.fact, at: happenedAt(event, now) }] : [],
  );
  let erased = false;
  const changes = await foldFacts(trx, batch.locker, facts, async ({ fact, at }, state) => {
    erased = (await queueForVault(trx, { batch, fact, at, now, verifierOf: verifierIn(state) })) || erased;
  });
  return { changes, erased };
}

const verifierIn = (state: LockerState) => (deposit: string) =>
  [...state.parcel.values()].find((parcel) => parcel.deposit === deposit)?.verifier;
