import { closeSync, openSync } from "node:fs";
import Database from "better-sqlite3";
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement, sql, type Transaction } from "kysely";
import type { LockerHandle } from "../contract/ids.ts";
import { migrate } from "./migrations.ts";
import type { FleetDatabase } from "./schema.ts";

export type FleetDb = Kysely<FleetDatabase>;
export type FleetTrx = Transaction<FleetDatabase>;

export type FleetStore = {
  readonly db: FleetDb;
  /**
   * Makes what was erased unreadable in the files too, within {@link SCRUB_MS}: SQLite keeps copies in the write-ahead
   * log until then. Calls that come together are one.
   */
  readonly scrub: () => void;
  readonly close: () => Promise<void>;
};

/** Far below the minute in which an erasure has to be real; long enough to be one for a whole backlog. */
const SCRUB_MS = 500;
const SYNCHRONOUS_FULL = 2;
/** The first SQLite whose write-ahead log keeps every acknowledged commit. */
const SQLITE_VERSION_MIN = [3, 51, 3] as const;

/**
 * Opens the fleet's database and brings its tables up to date. Every configured locker gets its row.
 *
 * Throws when durability cannot be had: an acknowledgement would be a lie.
 */
export async function openFleetStore(path: string, lockers: readonly LockerHandle[]): Promise<FleetStore> {
  const sqlite = openSqlite(path);
  const db: FleetDb = new Kysely<FleetDatabase>({
    dialect: new SqliteDialect({ database: withStatementCache(sqlite) }),
  });
  await migrate(db);
  if (lockers.length > 0) {
    await db
      .insertInto("locker")
      .values(
        lockers.map((locker) => ({
          locker,
          epoch: null,
          link: "never_seen" as const,
          boards: "unknown" as const,
          last_contact_at: null,
          chain_broken_at: null,
          command_seq: 0,
          desired_applied: 0,
        })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  let scrubbing: NodeJS.Timeout | undefined;
  return {
    db,
    scrub: () => {
      scrubbing ??= setTimeout(() => {
        scrubbing = undefined;
        // Through the query builder, which lets it wait for a transaction under way: within one it is refused.
        void sql`pragma wal_checkpoint(TRUNCATE)`.execute(db);
      }, SCRUB_MS);
    },
    close: async () => {
      clearTimeout(scrubbing);
      // Closing the last connection writes the log back and removes it, which scrubs as well.
      await db.destroy();
    },
  };
}

/** Statements kept compiled: every fixed query, and inserts of as many rows as a batch can have. */
const STATEMENTS_MAX = 500;

/** The query builder makes each statement anew from its text; compiled once is enough. */
function withStatementCache(sqlite: Database.Database): SqliteDatabase {
  const statements = new Map<string, Database.Statement>();
  return {
    prepare: (text) => {
      const known = statements.get(text);
      if (known !== undefined) return known as SqliteStatement;
      const oldest = statements.keys().next();
      if (statements.size >= STATEMENTS_MAX && oldest.done !== true) statements.delete(oldest.value);
      const fresh = sqlite.prepare(text);
      statements.set(text, fresh);
      return fresh as SqliteStatement;
    },
    close: () => sqlite.close(),
  };
}

function openSqlite(path: string): Database.Database {
  // SQLite would make it readable for everybody, and gives the -wal and -shm files the same permissions.
  closeSync(openSync(path, "a", 0o600));
  const sqlite = new Database(path);
  for (const pragma of [
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "busy_timeout = 5000",
    "journal_size_limit = 4194304",
    "secure_delete = ON",
    "trusted_schema = OFF",
    "cell_size_check = ON",
  ]) {
    sqlite.pragma(pragma);
  }
  const synchronous = sqlite.pragma("synchronous", { simple: true });
  const journalMode = sqlite.pragma("journal_mode", { simple: true });
  const version = String(sqlite.prepare("select sqlite_version()").pluck().get());
  if (synchronous !== SYNCHRONOUS_FULL || journalMode !== "wal" || isOlder(version)) {
    sqlite.close();
    throw new Error(`open ${path}: synchronous=${synchronous}, journal_mode=${journalMode}, SQLite ${version}`);
  }
  return sqlite;
}

function isOlder(version: string): boolean {
  const parts = version.split(".").map(Number);
  for (const [index, min] of SQLITE_VERSION_MIN.entries()) {
    const part = parts[index] ?? 0;
    if (part !== min) return part < min;
  }
  return false;
}
