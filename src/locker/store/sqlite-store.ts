import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type Database from "better-sqlite3";
import type { Epoch, LockerHandle } from "../../contract/ids.ts";
import { err, ok, type Result } from "../../contract/result.ts";
import { type EpochMs, epochMs } from "../../contract/time.ts";
import type { Meta } from "../domain/model.ts";
import type { Outbox, Store } from "../ports.ts";
import { type BrokenChain, GENESIS_HASH, openChain, toHex } from "./chain.ts";
import { DamageError, isDamage } from "./damage.ts";
import { openHousekeeping } from "./housekeeping.ts";
import { openJournal } from "./journal.ts";
import { checkVersion, isBlank, type MigrateError, migrate } from "./migrate.ts";
import {
  applyPragmas,
  checkSqliteVersion,
  type HeldElsewhere,
  openDatabase,
  type SqliteTooOld,
  takeWriterLock,
  type WriterLock,
} from "./open-database.ts";
import { hasQuarantine, quarantine, settleLeftovers } from "./quarantine.ts";
import { loadTables, openTables, writeMeta } from "./tables.ts";

export type StoreOptions = {
  readonly path: string;
  readonly handle: LockerHandle;
  /** Epoch of the database, should one have to be made: 8 fresh random bytes, hex. */
  readonly newEpoch: Epoch;
};

export type OpenStoreError =
  | SqliteTooOld
  | HeldElsewhere
  | MigrateError
  /** The file belongs to the locker `found`, the configuration says another. */
  | { readonly code: "other_locker"; readonly found: LockerHandle };

/** What this start found. After a quarantine nobody knows what lies in any compartment. */
export type Opened = "existing" | "created" | "after_quarantine";

export type SqliteStore = Store &
  Outbox & {
    /** Stays what it was until the first fact is in the journal, whatever happens in between. */
    readonly opened: Opened;
    /** Where this very start has set a damaged database aside, with its log; null when there was none. */
    readonly quarantinedTo: string | null;
    /** Checks the hash chain of journal rows, both ends included. */
    readonly verifyChain: (from: number, to: number) => Result<void, BrokenChain>;
    /** Checks all kept journal rows in turns of the event loop, for the background. */
    readonly verifyJournal: (signal: AbortSignal) => Promise<Result<{ readonly rowsCount: number }, BrokenChain>>;
    /** Lets go of a bounded number of rows acknowledged more than 14 days before `now`; answers how many. */
    readonly prune: (now: EpochMs) => number;
    /** Makes deletions real in the file and its log, if there were any: to be called at least once a minute. */
    readonly wipeDeleted: () => void;
  };

/** Journal rows checked at every start, before any door moves: more than a power cut can have touched. */
const TAIL_ROWS = 100;

/**
 * Opens the locker's database, or makes one; sets a damaged one aside and begins anew.
 *
 * Refusals are for a person to solve; a broken disk throws.
 */
export function openStore(options: StoreOptions): Result<SqliteStore, OpenStoreError> {
  mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
  const lock = takeWriterLock(options.path);
  if (!lock.ok) return lock;
  try {
    const store = openLocked(options, lock.value);
    if (!store.ok) lock.value.release();
    return store;
  } catch (cause) {
    lock.value.release();
    throw new Error(`open database ${options.path}`, { cause });
  }
}

function openLocked(options: StoreOptions, lock: WriterLock): Result<SqliteStore, OpenStoreError> {
  const version = checkSqliteVersion(lock.sqliteVersion);
  if (!version.ok) return version;
  settleLeftovers(options.path);
  const first = openFile(options, lock, null);
  if (!("damagedFile" in first)) return first;
  const second = openFile(options, lock, first.damagedFile);
  if ("damagedFile" in second) throw new DamageError("the new database is damaged as well");
  return second;
}

type SetAside = { readonly damagedFile: string };

function openFile(
  options: StoreOptions,
  lock: WriterLock,
  quarantinedTo: string | null,
): Result<SqliteStore, OpenStoreError> | SetAside {
  const isTrace = existsSync(options.path) || hasQuarantine(options.path);
  const db = openDatabase(options.path);
  try {
    applyPragmas(db);
    const version = checkVersion(db);
    const meta = version.ok ? prepare(db, options, isTrace ? "after_quarantine" : "created") : version;
    if (meta.ok) return ok(makeStore(db, lock, meta.value, quarantinedTo));
    db.close();
    return meta;
  } catch (error) {
    if (!isDamage(error)) {
      db.close();
      throw error;
    }
    // Renamed before it is closed, since closing would fold the log into the damaged file and delete it.
    const damagedFile = quarantine(options.path);
    db.close();
    return { damagedFile };
  }
}

type Origin = Exclude<Opened, "existing">;

/** Brings the file to this release's tables and checks what is in it. */
function prepare(
  db: Database.Database,
  { handle, newEpoch }: StoreOptions,
  origin: Origin,
): Result<Meta, OpenStoreError> {
  if (isBlank(db)) {
    // One transaction: a half-made database must not pass for one whose rows were lost.
    db.transaction(() => {
      migrate(db);
      db.prepare("INSERT INTO journal_base (id, seq, hash, origin) VALUES (1, 0, ?, ?)").run(
        toHex(GENESIS_HASH),
        origin,
      );
      writeMeta(db, newMeta(handle, newEpoch));
    }).immediate();
  } else {
    if (db.prepare("SELECT clean_stop FROM meta").pluck().get() !== 1) quickCheck(db);
    migrate(db);
  }
  const meta = loadTables(db).meta.get(1);
  if (meta === undefined) throw new DamageError("table meta: its row is missing");
  if (meta.handle !== handle) return err({ code: "other_locker", found: meta.handle });
  checkTail(db);
  return ok(meta);
}

const newMeta = (handle: LockerHandle, epoch: Epoch): Meta => ({
  id: 1,
  epoch,
  handle,
  ackedSeq: 0,
  issuerEpoch: 0,
  commandSeq: 0,
  desiredVersion: 0,
  rosterIssuedAt: epochMs(0),
  cleanStop: false,
  wallFloor: epochMs(0),
});

/** Structure of every page. Skipped after a clean stop: it grows with the journal. */
function quickCheck(db: Database.Database): void {
  const verdict = db.pragma("quick_check(1)", { simple: true });
  if (verdict !== "ok") throw new DamageError(`quick_check: ${verdict}`);
}

function checkTail(db: Database.Database): void {
  const chain = openChain(db);
  const { seq: last } = chain.head();
  const { seq: base } = chain.base();
  if (last < base) throw new DamageError("the journal ends before its base");
  if (last === base) return;
  const checked = chain.verifyRange(Math.max(base + 1, last - TAIL_ROWS + 1), last);
  if (!checked.ok) throw new DamageError(`journal row ${checked.error.seq} breaks the hash chain`);
}

function makeStore(
  db: Database.Database,
  lock: WriterLock,
  { handle, epoch, ackedSeq: ackedAtStart }: Meta,
  quarantinedTo: string | null,
): SqliteStore {
  const tables = openTables(db);
  const chain = openChain(db);
  const journal = openJournal(db, { handle, epoch });
  const housekeeping = openHousekeeping(db, chain);
  let head = chain.head();
  let ackedSeq = ackedAtStart;
  // The last run may have deleted something and died before its log was emptied.
  let mayHoldDeleted = true;

  const write = db.transaction((...[changes, facts, at]: Parameters<Store["commit"]>) => {
    const written = tables.write(changes.filter(tables.isDurable));
    if (written.ackedSeq !== undefined && written.ackedSeq > ackedSeq) housekeeping.markAck(written.ackedSeq, at);
    return { ...written, head: journal.append(head, facts, at) };
  });

  return {
    handle,
    epoch,
    opened: head.seq === 0 ? readOrigin(db) : "existing",
    quarantinedTo,
    load: () => loadTables(db),
    commit(changes, facts, at) {
      if (facts.length === 0 && !changes.some(tables.isDurable)) return head.seq;
      const written = write.immediate(changes, facts, at);
      head = written.head;
      if (written.hasDeleted || (written.ackedSeq ?? ackedSeq) > ackedSeq) mayHoldDeleted = true;
      ackedSeq = written.ackedSeq ?? ackedSeq;
      return head.seq;
    },
    lastSeq: () => head.seq,
    rowsAfter: journal.rowsAfter,
    verifyChain: chain.verifyRange,
    verifyJournal: chain.verifyAll,
    prune(now) {
      const prunedCount = housekeeping.prune(now);
      if (prunedCount > 0) mayHoldDeleted = true;
      return prunedCount;
    },
    wipeDeleted() {
      if (mayHoldDeleted && housekeeping.emptyLog()) mayHoldDeleted = false;
    },
    close() {
      db.close();
      lock.release();
    },
  };
}

const readOrigin = (db: Database.Database): Origin =>
  db.prepare<[], Origin>("SELECT origin FROM journal_base").pluck().get() ?? "after_quarantine";
