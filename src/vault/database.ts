import { closeSync, openSync } from "node:fs";
import Database from "better-sqlite3";

/*
 * Nothing personal stands in clear: a contact and a sealed pickup secret are content under a key of their row.
 * Deposits, verifiers, handles and hashes are pseudonyms. Times are wall milliseconds.
 */
const TABLES = `
CREATE TABLE contact (
  verifier TEXT PRIMARY KEY,
  locker TEXT NOT NULL,
  carrier TEXT NOT NULL,
  wrapped_key BLOB NOT NULL,
  sealed BLOB NOT NULL,
  erase_at INTEGER NOT NULL
) STRICT;
CREATE INDEX contact_by_erasure ON contact (erase_at);

CREATE TABLE secret (
  sealed_hash TEXT PRIMARY KEY,
  deposit TEXT NOT NULL,
  verifier TEXT NOT NULL,
  locker TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'notified')),
  failures INTEGER NOT NULL,
  try_at INTEGER NOT NULL,
  wrapped_key BLOB NOT NULL,
  sealed BLOB NOT NULL,
  erase_at INTEGER NOT NULL
) STRICT;
CREATE INDEX secret_by_deposit ON secret (deposit);
CREATE INDEX secret_by_verifier ON secret (verifier);
CREATE INDEX secret_by_erasure ON secret (erase_at);

-- Deposits that are over, remembered so that a late duplicate of their notice tells nobody anything.
CREATE TABLE ended (
  deposit TEXT PRIMARY KEY,
  verifier TEXT NOT NULL,
  parcel_gone INTEGER NOT NULL CHECK (parcel_gone IN (0, 1)),
  forget_at INTEGER NOT NULL
) STRICT;
CREATE INDEX ended_by_verifier ON ended (verifier);

CREATE TABLE notice (
  notice TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  forget_at INTEGER NOT NULL
) STRICT;
`;

/** What is not known of rows kept before is taken for long ago. */
const LEARNED_AT = `
ALTER TABLE contact ADD COLUMN learned_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE secret ADD COLUMN learned_at INTEGER NOT NULL DEFAULT 0;
`;

/** A database of version n has been through the first n of these. */
const STEPS: readonly string[] = [TABLES, LEARNED_AT];

/**
 * Opens the vault's database, made when absent, readable by its owner only.
 *
 * Every commit is durable (`synchronous=FULL`, asserted) and freed content is overwritten (`secure_delete`, asserted).
 */
export function openDatabase(path: string): Database.Database {
  // SQLite gives the -wal and -shm files the permissions of the database.
  closeSync(openSync(path, "a", 0o600));
  const database = new Database(path);
  try {
    expectPragma(database, "journal_mode = WAL", "wal");
    database.pragma("synchronous = FULL");
    expectPragma(database, "synchronous", 2);
    expectPragma(database, "secure_delete = ON", 1);
    migrate(database);
    return database;
  } catch (cause) {
    database.close();
    throw new Error(`open vault database ${path}`, { cause });
  }
}

function expectPragma(database: Database.Database, pragma: string, expected: string | number): void {
  const found: unknown = database.pragma(pragma, { simple: true });
  if (found !== expected) throw new Error(`PRAGMA ${pragma}: expected ${expected}, found ${String(found)}`);
}

function migrate(database: Database.Database): void {
  const version = Number(database.pragma("user_version", { simple: true }));
  if (version > STEPS.length) throw new Error(`schema version ${version} is newer than this program's ${STEPS.length}`);
  database.transaction(() => {
    for (const step of STEPS.slice(version)) database.exec(step);
    database.pragma(`user_version = ${STEPS.length}`);
  })();
}
