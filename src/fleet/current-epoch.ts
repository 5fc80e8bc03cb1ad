import { eventType } from "../contract/events.ts";
import type { Epoch, LockerHandle } from "../contract/ids.ts";
import type { EventBatch } from "../contract/messages.ts";
import type { EpochMs } from "../contract/time.ts";
import { readRow } from "./fold-event.ts";
import { happenedAt, type NewRow, readTime } from "./ingest-batch.ts";
import { foldFacts } from "./picture.ts";
import type { FleetTrx } from "./store.ts";

/**
 * Which of a locker's epochs is the current one: the one whose rows make the picture and to which commands are sent.
 *
 * A locker has one database at a time, so its epochs follow each other. But a broker may deliver the first batch of an
 * epoch long after the next one has begun, by accident or on purpose; taken for news, it would freeze the picture in
 * the past. What tells two epochs apart is a row written, by a clock that a time source agreed with, after the fleet
 * first saw the other epoch: by then the other had begun, so the epoch that still writes is the later one. An epoch
 * that is over has no such row, in whatever order its batches arrive.
 *
 * An epoch without any believable time cannot be placed. Its first batch is believed, since a board that was replaced
 * starts without a clock and must not be ignored; if it was an old one, the epoch that still writes takes over again
 * with its next row. Rows of any epoch are stored and acknowledged, so that no locker sends them for ever.
 */

/** `over`: rows are evidence, not news. `returned`: current again, or late, with rows stored before that were not folded. */
export type Standing = "current" | "adopted" | "returned" | "over";

/** @param formerSeq Rows of the batch's epoch stored before it; 0 when nobody has seen the epoch yet. */
export async function standingOf(
  trx: FleetTrx,
  { locker, epoch }: EventBatch,
  rows: readonly NewRow[],
  formerSeq: number,
): Promise<Standing> {
  const current = await trx
    .selectFrom("locker")
    .innerJoin("epoch", (join) =>
      join.onRef("epoch.locker", "=", "locker.locker").onRef("epoch.epoch", "=", "locker.epoch"),
    )
    .select(["epoch.epoch", "epoch.first_seen_at"])
    .where("locker.locker", "=", locker)
    .executeTakeFirst();
  if (current?.epoch === epoch) return "current";
  if (current !== undefined) {
    const writtenAt = newestBelievable(rows);
    const isLater = writtenAt === undefined ? formerSeq === 0 : writtenAt > current.first_seen_at;
    if (!isLater) return "over";
  }
  await trx.updateTable("locker").set({ epoch, chain_broken_at: null }).where("locker", "=", locker).execute();
  return formerSeq === 0 ? "adopted" : "returned";
}

function newestBelievable(rows: readonly NewRow[]): EpochMs | undefined {
  let newest: EpochMs | undefined;
  for (const { event } of rows) {
    const time = event.envelope.clocktrust === "synced" ? readTime(event.envelope.time) : undefined;
    if (time !== undefined && (newest === undefined || time > newest)) newest = time;
  }
  return newest;
}

/** More rows since a snapshot than this are not folded again: the picture then mends as compartments change. */
const REFOLD_ROWS_MAX = 10_000;
const PAGE_ROWS = 500;

/** Folds an epoch's stored rows from its last snapshot on: the picture became another epoch's in between. */
export async function refold(trx: FleetTrx, locker: LockerHandle, epoch: Epoch, lastSeq: number): Promise<void> {
  const stored = trx.selectFrom("journal").where("locker", "=", locker).where("epoch", "=", epoch);
  const snapshot = await stored
    .select((row) => row.fn.max("seq").as("seq"))
    .where("type", "=", eventType("locker.snapshot"))
    .where("seq", "<=", lastSeq)
    .executeTakeFirst();
  const first = snapshot?.seq ?? 1;
  if (lastSeq - first >= REFOLD_ROWS_MAX) return;
  for (let from = first; from <= lastSeq; from += PAGE_ROWS) {
    const rows = await stored
      .select(["payload", "received_at"])
      .where("seq", ">=", from)
      .where("seq", "<=", lastSeq)
      .orderBy("seq")
      .limit(PAGE_ROWS)
      .execute();
    const facts = rows.flatMap(({ payload, received_at }) => {
      const row = readRow(payload);
      return row.ok && row.value.kind === "known"
        ? [{ fact: row.value.fact, at: happenedAt(row.value, received_at) }]
        : [];
    });
    await foldFacts(trx, locker, facts);
  }
}
