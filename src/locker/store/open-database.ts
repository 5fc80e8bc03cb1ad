import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import Database from "better-sqlite3";
import { err, ok, type Result } from "../../contract/result.ts";
import { invariant } from "../domain/invariant.ts";

/** Older ones can corrupt a database in write-ahead mode. @see https://sqlite.org/wal.html, "The WAL-Reset Bug" */
const SQLITE_VERSION_MIN = [3, 51, 3] as const;

const FULL = 2;

const INCREMENTAL = 2;

/** Order matters: synchronous is set once write-ahead mode is on. */
const PRAGMAS = [
  "journal_mode = WAL",
  // better-sqlite3 is compiled with NORMAL for write-ahead mode, which loses acknowledged rows in a power cut.
  "synchronous = FULL",
  "foreign_keys = ON",
  "busy_timeout = 5000",
  "wal_autocheckpoint = 200",
  `journal_size_limit = ${4 * 1024 * 1024}`,
  "trusted_schema = OFF",
  "cell_size_check = ON",
  "secure_delete = ON",
] as const;

export type SqliteTooOld = { readonly code: "sqlite_too_old"; readonly found: string; readonly needed: string };
export type HeldElsewhere = { readonly code: "held_by_another_process"; readonly path: string };

/** Opens a database for writing, with every setting this product depends on. Makes the file when there is none. */
export function openDatabase(path: string): Database.Database {
  // SQLite gives its log and index the same mode, unless they are there already.
  for (const file of [path, ...["-wal", "-shm"].map((suffix) => path + suffix).filter((each) => existsSync(each))]) {
    makePrivate(file);
  }
  return new Database(path);
}

/**
 * Makes the file, or what others left of it, its owner's alone: SQLite would let everybody read it. One that is there is
 * not opened for it, since closing it again would free the process's locks on it.
 */
function makePrivate(path: string): void {
  if (existsSync(path)) chmodSync(path, 0o600);
  else closeSync(openSync(path, "a", 0o600));
}

/** @throws when the file is no database, or a setting does not hold. */
export function applyPragmas(db: Database.Database): void {
  // Before the first page is written, and never again: the pragma writes the header even when it changes nothing.
  if (db.pragma("auto_vacuum", { simple: true }) !== INCREMENTAL) db.pragma("auto_vacuum = INCREMENTAL");
  for (const pragma of PRAGMAS) db.pragma(pragma);
  const mode = db.pragma("journal_mode", { simple: true });
  const synchronous = db.pragma("synchronous", { simple: true });
  invariant(mode === "wal", `journal_mode is ${mode}, not wal: is the database on a network file system?`);
  invariant(synchronous === FULL, `synchronous is ${synchronous}, not ${FULL} (FULL)`);
  invariant(db.pragma("auto_vacuum", { simple: true }) === INCREMENTAL, "auto_vacuum is not INCREMENTAL");
  invariant(db.pragma("foreign_keys", { simple: true }) === 1, "foreign_keys is off");
}

/** Refuses an SQLite with known ways to lose data. */
export function checkSqliteVersion(found: string): Result<void, SqliteTooOld> {
  const parts = found.split(".").map(Number);
  const difference = SQLITE_VERSION_MIN.map((needed, index) => (parts[index] ?? 0) - needed).find((step) => step !== 0);
  return (difference ?? 0) < 0
    ? err({ code: "sqlite_too_old", found, needed: SQLITE_VERSION_MIN.join(".") })
    : ok(undefined);
}

/** The right to be the one writer, until `release` or the end of the process. */
export type WriterLock = { readonly sqliteVersion: string; readonly release: () => void };

/**
 * Takes the writer's lock of a database: an SQLite lock on a file beside it, which the kernel frees when the process dies.
 * Readers (backup, audit) stay welcome at the database itself.
 */
export function takeWriterLock(path: string): Result<WriterLock, HeldElsewhere> {
  const file = `${path}.lock`;
  // Who can read it can lock it, and keep the locker from starting.
  makePrivate(file);
  const lock = new Database(file, { timeout: 0 });
  try {
    // Nothing is ever written to it, so it needs no journal file.
    lock.pragma("journal_mode = MEMORY");
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    if (cause instanceof Database.SqliteError && cause.code.startsWith("SQLITE_BUSY")) {
      return err({ code: "held_by_another_process", path });
    }
    throw new Error(`lock database ${path}`, { cause });
  }
  const sqliteVersion = String(lock.prepare("SELECT sqlite_version()").pluck().get());
  return ok({ sqliteVersion, release: () => lock.close() });
}
