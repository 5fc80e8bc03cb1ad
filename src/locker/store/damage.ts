import Database from "better-sqlite3";

/** The database holds something this program cannot have written: it was damaged, or changed by somebody else. */
export class DamageError extends Error {
  override readonly name = "DamageError";
}

/** Damage, as SQLite or this program notices it: nothing to be repaired by trying again. A failing disk is none. */
export const isDamage = (error: unknown): boolean =>
  error instanceof DamageError ||
  (error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code));
