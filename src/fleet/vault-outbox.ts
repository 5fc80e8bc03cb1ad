import type { Fact } from "../contract/events.ts";
import type { ParcelVerifier } from "../contract/ids.ts";
import type { EventBatch } from "../contract/messages.ts";
import { type EpochMs, plusMs } from "../contract/time.ts";
import type { VaultOutboxRow } from "./schema.ts";
import type { FleetDb, FleetTrx } from "./store.ts";

/** The first retry of a notice, and the longest wait between two. */
const RETRY_MS_FIRST = 1_000;
const RETRY_MS_MAX = 10 * 60_000;

/**
 * Queues what a fact means for the vault: a sealed secret to be notified, or the end of a deposit.
 *
 * @returns whether a sealed secret was erased, so that the files need scrubbing after the commit.
 */
export async function queueForVault(
  trx: FleetTrx,
  news: {
    readonly batch: EventBatch;
    readonly fact: Fact;
    readonly at: EpochMs;
    readonly now: EpochMs;
    readonly verifierOf: (deposit: string) => ParcelVerifier | undefined;
  },
): Promise<boolean> {
  const { batch, fact, at, now } = news;
  if (fact.name === "code.issued") {
    const { deposit, verifier, sealed } = fact.data;
    const text = batch.attachments[sealed] ?? null;
    const issued = { notice: sealed, kind: "issued", deposit, verifier, sealed: text, ended_at: null } as const;
    await insert(trx, { locker: batch.locker, ...issued, attempts_count: 0, next_at: now });
    return false;
  }
  const kind = endOf(fact);
  if (kind === undefined || !("deposit" in fact.data)) return false;
  const { deposit } = fact.data;
  const { numDeletedRows } = await trx
    .deleteFrom("vault_outbox")
    .where("locker", "=", batch.locker)
    .where("deposit", "=", deposit)
    .where("kind", "=", "issued")
    .executeTakeFirst();
  const verifier = news.verifierOf(deposit);
  if (verifier !== undefined) {
    const ended = { notice: `${deposit}-ended`, kind, deposit, verifier, sealed: null, ended_at: at } as const;
    await insert(trx, { locker: batch.locker, ...ended, attempts_count: 0, next_at: now });
  }
  return numDeletedRows > 0n;
}

/** Whether a fact ends a deposit, and how. */
function endOf(fact: Fact): "gone" | "cancelled" | undefined {
  if (fact.name === "deposit.cancelled") return "cancelled";
  return fact.name === "pickup.collected" || fact.name === "pickup.disputed" ? "gone" : undefined;
}

async function insert(trx: FleetTrx, row: VaultOutboxRow): Promise<void> {
  await trx
    .insertInto("vault_outbox")
    .values(row)
    .onConflict((conflict) => conflict.columns(["locker", "notice"]).doNothing())
    .execute();
}

/** Notices that are due, oldest first. */
export const dueNotices = (db: FleetDb, now: EpochMs, limit: number): Promise<VaultOutboxRow[]> =>
  db.selectFrom("vault_outbox").selectAll().where("next_at", "<=", now).orderBy("next_at").limit(limit).execute();

/** When the next notice is due, or undefined when nothing waits. */
export async function nextNoticeAt(db: FleetDb): Promise<EpochMs | undefined> {
  const row = await db.selectFrom("vault_outbox").select("next_at").orderBy("next_at").limit(1).executeTakeFirst();
  return row?.next_at;
}

/** The vault has it: the sealed secret is erased, and a parcel whose notice went out says so. */
export async function settleNotice(db: FleetDb, notice: VaultOutboxRow, notified: boolean): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx
      .deleteFrom("vault_outbox")
      .where("locker", "=", notice.locker)
      .where("notice", "=", notice.notice)
      .execute();
    if (!notified) return;
    await trx
      .updateTable("parcel")
      .set({ notified: 1 })
      .where("locker", "=", notice.locker)
      .where("deposit", "=", notice.deposit)
      .execute();
  });
}

/** Puts a notice off: doubling, with jitter, so that a vault coming back is not met by all of them at once. */
export async function deferNotice(
  db: FleetDb,
  notice: VaultOutboxRow,
  now: EpochMs,
  random: () => number,
): Promise<void> {
  const baseMs = Math.min(RETRY_MS_FIRST * 2 ** notice.attempts_count, RETRY_MS_MAX);
  await db
    .updateTable("vault_outbox")
    .set({
      attempts_count: notice.attempts_count + 1,
      next_at: plusMs(now, Math.round(baseMs * (0.5 + random() / 2))),
    })
    .where("locker", "=", notice.locker)
    .where("notice", "=", notice.notice)
    .execute();
}
