import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What belongs to one SQLite database besides the file itself. */
const COMPANIONS = ["-wal", "-shm"] as const;

const pathOf = (database: string, number: number): string => `${database}.quarantine-${number}`;

/** Numbers of the databases set aside beside this one. */
function numbersOf(database: string): readonly number[] {
  const prefix = `${basename(database)}.quarantine-`;
  return readdirSync(dirname(database))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number.parseInt(name.slice(prefix.length), 10))
    .filter((number) => number > 0);
}

/** Whether a bad database was ever set aside here and is still kept. */
export const hasQuarantine = (database: string): boolean => numbersOf(database).length > 0;

/**
 * Sets a bad database aside under a new name, with its write-ahead log: renamed, never deleted, never written.
 *
 * The database goes first: should power fail in between, its log is found alone at the next start (see
 * {@link settleLeftovers}), whereas a database without its log would look whole and be missing its last rows.
 */
export function quarantine(database: string): string {
  const target = pathOf(database, Math.max(0, ...numbersOf(database)) + 1);
  move(database, target);
  return target;
}

/** Brings logs without a database to the database set aside last, before SQLite would delete them. */
export function settleLeftovers(database: string): void {
  if (existsSync(database) || !COMPANIONS.some((suffix) => existsSync(database + suffix))) return;
  const last = pathOf(database, Math.max(1, ...numbersOf(database)));
  const isTaken = COMPANIONS.some((suffix) => existsSync(database + suffix) && existsSync(last + suffix));
  move(database, isTaken ? pathOf(database, Math.max(1, ...numbersOf(database)) + 1) : last);
}

function move(database: string, target: string): void {
  for (const suffix of ["", ...COMPANIONS]) {
    if (existsSync(database + suffix)) renameSync(database + suffix, target + suffix);
  }
  syncFolder(dirname(database));
}

/** A rename is durable only when its folder is. */
function syncFolder(folder: string): void {
  const descriptor = openSync(join(folder, "."), "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
