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

/** Reads a copy of the database and its log, as they lie on disk: the original is never touched. */
export function readLockerDatabase(path: string): LockerDatabase {
  const folder = mkdtempSync(join(tmpdir(), "lockerd-copy-"));
  try {
    const copy = join(folder, "locker.db");
    for (const suffix of ["", "-wal"]) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
    const db = new Database(copy);
    try {
      return tablesOf(db);
    } finally {
      db.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tablesOf(db: Database.Database): LockerDatabase {
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
