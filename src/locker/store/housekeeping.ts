import type Database from "better-sqlite3";
import type { EpochMs } from "../../contract/time.ts";
import type { Chain } from "./chain.ts";
import type { FactTime } from "./journal.ts";

/** Acknowledged rows stay this long, so that a restored fleet can ask for them again. */
const KEEP_ACKED_MS = 14 * 86_400_000;
/** Acknowledgements are noted at most this often: pruning needs days, not seconds. */
const MARK_EVERY_MS = 3_600_000;
/** Rows and pages a single call lets go of: a few milliseconds of work, so that doors never wait for it. */
const PRUNE_ROWS_MAX = 500;
const VACUUM_PAGES_MAX = 64;

export function openHousekeeping(db: Database.Database, chain: Chain) {
  const addMark = db.prepare("INSERT INTO ack_mark (seq, at) VALUES (?, ?)");
  const lastMark = db.prepare<[], number>("SELECT at FROM ack_mark ORDER BY seq DESC LIMIT 1").pluck();
  const deleteFutureMarks = db.prepare("DELETE FROM ack_mark WHERE at > ?");
  const selectHorizon = db.prepare<[number], number | null>("SELECT max(seq) FROM ack_mark WHERE at <= ?").pluck();
  const selectHash = db.prepare<[number], string>("SELECT hash FROM journal WHERE seq = ?").pluck();
  const deleteRows = db.prepare("DELETE FROM journal WHERE seq <= ?");
  const deleteMarks = db.prepare("DELETE FROM ack_mark WHERE seq < ?");
  const moveBase = db.prepare("UPDATE journal_base SET seq = ?, hash = ?");

  const pruneTo = db.transaction((seq: number, horizon: number) => {
    moveBase.run(seq, selectHash.get(seq));
    deleteRows.run(seq);
    // The mark at the horizon stays until the rows up to it are gone.
    deleteMarks.run(horizon);
  });

  return {
    /**
     * Notes the age of an acknowledgement, inside its transaction. Only a clock that a time source vouches for says
     * anything about age: what it is noted by decides when rows are gone for good.
     */
    markAck(seq: number, at: FactTime): void {
      if (at.clockTrust !== "synced") return;
      // Of a time source that was wrong then: they would keep later ones out for as long. This one covers their rows.
      deleteFutureMarks.run(at.wall);
      const last = lastMark.get();
      if (last === undefined || at.wall - last >= MARK_EVERY_MS) addMark.run(seq, at.wall);
    },

    /**
     * Lets go of journal rows the fleet acknowledged more than 14 days before `now`, and gives their pages back.
     *
     * @returns how many, at most {@link PRUNE_ROWS_MAX}: call again while it is not 0.
     */
    prune(now: EpochMs): number {
      const horizon = selectHorizon.get(now - KEEP_ACKED_MS);
      if (horizon === undefined || horizon === null) return 0;
      const { seq: base } = chain.base();
      const target = Math.min(horizon, base + PRUNE_ROWS_MAX);
      if (target > base) pruneTo.immediate(target, horizon);
      db.pragma(`incremental_vacuum(${VACUUM_PAGES_MAX})`);
      return Math.max(0, target - base);
    },

    /**
     * Moves the write-ahead log into the database and empties it: what was deleted is then in neither.
     *
     * @returns false while a reader holds an older view; try again later.
     */
    emptyLog(): boolean {
      const [result] = db.pragma("wal_checkpoint(TRUNCATE)") as readonly { readonly busy: number }[];
      return result?.busy === 0;
    },
  };
}
