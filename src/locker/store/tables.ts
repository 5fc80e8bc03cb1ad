import type Database from "better-sqlite3";
import {
  type Change,
  DURABLE_TABLES,
  type DurableState,
  type DurableTableName,
  type DurableTables,
  type Meta,
} from "../domain/model.ts";
import { type SqlValue, tableMaps } from "./rows.ts";

export type DurableChange = Extract<Change, { readonly table: DurableTableName }>;

/** Everything durable, ordered by key. @throws {DamageError} when a row is not one this program writes. */
export function loadTables(db: Database.Database): DurableState {
  const load = <T extends DurableTableName>(table: T) => {
    const { selectAll, keyIndex, toRow } = tableMaps[table];
    const rows = db.prepare<[], readonly unknown[]>(selectAll).raw().all();
    return new Map(rows.map((stored) => [stored[keyIndex], toRow(stored)]));
  };
  const tables = db.transaction(() => Object.fromEntries(DURABLE_TABLES.map((table) => [table, load(table)])))();
  return tables as unknown as DurableState;
}

/** Writes the one row of `meta` into a new database. */
export function writeMeta(db: Database.Database, meta: Meta): void {
  db.prepare(tableMaps.meta.upsert).run(...tableMaps.meta.toColumns(meta));
}

type Writer = {
  readonly put: (row: DurableTables[DurableTableName]) => void;
  readonly remove: (key: SqlValue) => boolean;
};

function openWriter<T extends DurableTableName>(db: Database.Database, table: T): Writer {
  const { toColumns, ...sql } = tableMaps[table];
  const upsert = db.prepare<[readonly SqlValue[]]>(sql.upsert);
  const remove = db.prepare<[SqlValue]>(sql.remove);
  return {
    put: (row) => {
      upsert.run(toColumns(row as DurableTables[T]));
    },
    remove: (key) => remove.run(key).changes > 0,
  };
}

const durableNames: ReadonlySet<string> = new Set(DURABLE_TABLES);

/** The prepared writes of every durable table. */
export function openTables(db: Database.Database) {
  const writers = Object.fromEntries(DURABLE_TABLES.map((table) => [table, openWriter(db, table)])) as {
    readonly [T in DurableTableName]: Writer;
  };
  return {
    isDurable: (change: Change): change is DurableChange => durableNames.has(change.table),

    /** Inside a transaction. Answers what the rest of it has to know. */
    write(changes: readonly DurableChange[]): {
      readonly hasDeleted: boolean;
      readonly ackedSeq: number | undefined;
    } {
      let hasDeleted = false;
      let ackedSeq: number | undefined;
      for (const change of changes) {
        const writer = writers[change.table];
        if ("del" in change) hasDeleted = writer.remove(change.del) || hasDeleted;
        else writer.put(change.put);
        if (change.table === "meta" && "put" in change) ackedSeq = change.put.ackedSeq;
      }
      return { hasDeleted, ackedSeq };
    },
  };
}
