import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Occupancy, OutOfServiceReason } from "../../../src/contract/events.ts";
import type { Authorisation, DepositState } from "../../../src/locker/domain/model.ts";

export type CompartmentRow = {
  readonly id: number;
  readonly occupancy: Occupancy;
  readonly out_of_service: OutOfServiceReason | null;
  readonly door: string;
  readonly deposit: string | null;
};
export type DepositRow = {
  readonly id: string;
  readonly compartment: number;
  readonly verifier: string;
  readonly state: DepositState;
  readonly doubted_by: string | null;
  readonly code: string;
};
export type AuthorisationRow = {
  readonly id: string;
  readonly purpose: Authorisation["purpose"];
  readonly compartment: number;
  readonly deposit: string | null;
  readonly state: Authorisation["state"];
};

/** What the locker had made durable at one moment. */
export type LockerDatabase = {
  readonly compartments: readonly CompartmentRow[];
  readonly deposits: readonly DepositRow[];
  readonly authorisations: readonly AuthorisationRow[];
  readonly attempts: readonly { readonly op: string; readonly authorisation: string; readonly number: 1 | 2 }[];
  readonly ackedSeq: number;
  /** The journal, each row read. */
  readonly facts: readonly { readonly seq: number; readonly name: string; readonly data: Record<string, unknown> }[];
};

/**
 * Reads the locker's database without ever writing to it: beside the locker that has it in use, or, when that is dead,
 * a copy of the files as it left them behind.
 */
export function readLockerDatabase(path: string, state: "in use" | "left behind"): LockerDatabase {
  if (state === "in use") return tablesOf(new Database(path, { readonly: true }));
  const folder = mkdtempSync(join(tmpdir(), "lockerd-copy-"));
  try {
    const copy = join(folder, "locker.db");
    for (const suffix of ["", "-wal"]) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
    return tablesOf(new Database(copy));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All of it in one transaction, and closes the database. */
function tablesOf(db: Database.Database): LockerDatabase {
  try {
    return db.transaction(() => readTables(db))();
  } finally {
    db.close();
  }
}

function readTables(db: Database.Database): LockerDatabase {
  const all = <Row>(sql: string): Row[] => db.prepare(sql).all() as Row[];
  const rows = all<{ seq: number; payload: string }>("select seq, payload from journal order by seq");
  return {
    compartments: all("select id, occupancy, out_of_service, door, deposit from compartment order by id"),
    deposits: all("select id, compartment, verifier, state, doubted_by, code from deposit"),
    authorisations: all("select id, purpose, compartment, deposit, state from authorisation"),
    attempts: all("select op, authorisation, number from attempt"),
    ackedSeq: all<{ acked_seq: number }>("select acked_seq from meta")[0]?.acked_seq ?? 0,
    facts: rows.map(({ seq, payload }) => {
      const { type, data } = JSON.parse(payload) as { type: string; data: Record<string, unknown> };
      return { seq, name: type.replace(/^org\.lockerd\./, "").replace(/\.v1$/, ""), data };
    }),
  };
}
