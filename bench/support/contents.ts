import { isDeepStrictEqual } from "node:util";
import Database from "better-sqlite3";
import { DURABLE_TABLES } from "../../src/locker/domain/model.ts";

/**
 * Whether two databases hold the same rows: only then has the bare side done the same work.
 *
 * @throws naming the first table that differs.
 */
export function assertSameRows(path: string, otherPath: string): void {
  using database = openForReading(path);
  using other = openForReading(otherPath);
  for (const table of [...DURABLE_TABLES, "journal", "attachment"]) {
    if (!isDeepStrictEqual(database.rowsOf(table), other.rowsOf(table))) {
      throw new Error(`table ${table}: the bare side did not write the same rows`);
    }
  }
}

function openForReading(path: string) {
  const db = new Database(path, { readonly: true });
  return {
    rowsOf: (table: string): unknown[] => db.prepare(`SELECT * FROM ${table} ORDER BY 1`).raw().all(),
    [Symbol.dispose]: () => db.close(),
  };
}
