import { readdirSync, readFileSync } from "node:fs";
import type Database from "better-sqlite3";
import { err, ok, type Result } from "../../contract/result.ts";
import { invariant } from "../domain/invariant.ts";

/** "lkrd": marks a file as a locker's database, so that a wrong path is noticed before anything is written. */
const APPLICATION_ID = 0x6c_6b_72_64;

const folder = new URL("./migrations/", import.meta.url);

export type MigrateError =
  /** Made by a later release. Going back needs that release, or a backup from before it. */
  | { readonly code: "newer_version"; readonly found: number; readonly supported: number }
  /** An SQLite file of some other program. */
  | { readonly code: "foreign_database" };

/** File names in order: `001-first-tables.sql` leads to version 1. */
function migrationFiles(): readonly string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  const ordered = names.toSorted();
  for (const [index, name] of ordered.entries()) {
    invariant(Number.parseInt(name, 10) === index + 1, `migration ${name} is out of sequence`);
  }
  return ordered;
}

const versionOf = (db: Database.Database): number => Number(db.pragma("user_version", { simple: true }));

/** Nothing has ever been written to it: the file was just made, or somebody emptied it. */
export const isBlank = (db: Database.Database): boolean =>
  versionOf(db) === 0 && db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;

/** Whether this release can read the file; migrations ahead of it are not yet applied. */
export function checkVersion(db: Database.Database): Result<void, MigrateError> {
  const found = versionOf(db);
  const supported = migrationFiles().length;
  const applicationId = Number(db.pragma("application_id", { simple: true }));
  if (!isBlank(db) && applicationId !== APPLICATION_ID) return err({ code: "foreign_database" });
  return found > supported ? err({ code: "newer_version", found, supported }) : ok(undefined);
}

/** Applies what is missing, forward only, each migration in one transaction with its version. */
export function migrate(db: Database.Database): void {
  const found = versionOf(db);
  for (const [index, name] of migrationFiles().entries()) {
    const version = index + 1;
    if (version <= found) continue;
    db.transaction(() => {
      db.exec(readFileSync(new URL(name, folder), "utf8"));
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${version}`);
    }).immediate();
  }
}
