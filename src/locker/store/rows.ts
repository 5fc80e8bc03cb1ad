import {
  type AuthorisationId,
  authorisationPattern,
  courierPattern,
  epochPattern,
  handlePattern,
  hex128Pattern,
  SIZES,
} from "../../contract/ids.ts";
import { DURABLE_TABLES, type DurableTableName, type DurableTables, keyField } from "../domain/model.ts";
import { DamageError } from "./damage.ts";

export type SqlValue = string | number | null;

/** How one field is stored: `read` answers `undefined` for anything `write` cannot have written. */
export type Column<V> = {
  readonly write: (value: V) => SqlValue;
  readonly read: (stored: unknown) => V | undefined;
};

const asIs = (value: string | number): SqlValue => value;

function text<V extends string>(pattern: string): Column<V> {
  const grammar = new RegExp(pattern);
  return {
    write: asIs,
    read: (stored) => (typeof stored === "string" && grammar.test(stored) ? (stored as V) : undefined),
  };
}

function oneOf<const V extends string | number>(allowed: readonly V[]): Column<V> {
  return { write: asIs, read: (stored) => allowed.find((value) => value === stored) };
}

function integer<V extends number>(minimum: number, maximum = Number.MAX_SAFE_INTEGER): Column<V> {
  return {
    write: asIs,
    read: (stored) =>
      typeof stored === "number" && Number.isSafeInteger(stored) && stored >= minimum && stored <= maximum
        ? (stored as V)
        : undefined,
  };
}

const real: Column<number> = {
  write: asIs,
  read: (stored) => (typeof stored === "number" && Number.isFinite(stored) && stored >= 0 ? stored : undefined),
};

const boolean: Column<boolean> = {
  write: (value) => (value ? 1 : 0),
  read: (stored) => (stored === 1 ? true : stored === 0 ? false : undefined),
};

function orNull<V>(column: Column<V>): Column<V | null> {
  return {
    write: (value) => (value === null ? null : column.write(value)),
    read: (stored) => (stored === null ? null : column.read(stored)),
  };
}

type ColumnsOf<T extends DurableTableName> = { readonly [F in keyof DurableTables[T]]-?: Column<DurableTables[T][F]> };

/** Every durable field and its column. A field added to the model does not compile until it has one. */
const columns: { readonly [T in DurableTableName]: ColumnsOf<T> } = {
  meta: {
    id: oneOf([1]),
    epoch: text(epochPattern),
    handle: text(handlePattern),
    ackedSeq: integer(0),
    issuerEpoch: integer(0),
    commandSeq: integer(0),
    desiredVersion: integer(0),
    rosterIssuedAt: integer(0),
    cleanStop: boolean,
    wallFloor: integer(0),
  },
  compartment: {
    id: integer(1, 1000),
    size: oneOf(SIZES),
    occupancy: oneOf(["available", "reserved", "occupied", "unknown"]),
    outOfService: orNull(oneOf(["broken", "blocked", "dirty", "sensor_fault", "audit"])),
    door: oneOf(["open", "closed", "unknown"]),
    deposit: orNull(text(hex128Pattern)),
    authorisation: orNull(text(authorisationPattern)),
  },
  deposit: {
    id: text(hex128Pattern),
    compartment: integer(1, 1000),
    verifier: text(hex128Pattern),
    courier: text(courierPattern),
    state: oneOf(["depositing", "stored", "collecting", "collected", "cancelled", "disputed"]),
    doubtedBy: orNull(text<AuthorisationId | "break_in">("^([0-9a-f]{14}|break_in)$")),
    held: boolean,
    code: oneOf(["none", "pending", "live", "claimed", "burned"]),
    codeDigest: orNull(text(hex128Pattern)),
    extensionDigest: orNull(text(hex128Pattern)),
    qrDigest: orNull(text(hex128Pattern)),
    startedAt: integer(0),
    endedAt: orNull(integer(0)),
  },
  authorisation: {
    id: text(authorisationPattern),
    purpose: oneOf(["deposit", "pickup", "reopen", "remote"]),
    compartment: integer(1, 1000),
    deposit: orNull(text(hex128Pattern)),
    state: oneOf(["commanded", "opened", "closed", "blocked", "rejected", "in_doubt"]),
    at: integer(0),
  },
  attempt: {
    op: text("^[0-9a-f]{16}$"),
    authorisation: text(authorisationPattern),
    number: oneOf([1, 2]),
    outcome: oneOf(["sent", "accepted", "rejected", "unknown", "stayed_closed"]),
    at: integer(0),
  },
  proof: {
    digest: text(hex128Pattern),
    kind: oneOf(["code", "qr"]),
    deposit: orNull(text(hex128Pattern)),
    diedAt: orNull(integer(0)),
  },
  courier: {
    id: text(courierPattern),
    pinHash: text("^\\$argon2id\\$"),
    totpSealed: text("^.+$"),
    mayDeposit: boolean,
    mayRecall: boolean,
    totpStep: integer(-1),
  },
  budget: {
    name: oneOf(["code", "pin", "remote_occupied"]),
    level: real,
    strikes: integer(0),
  },
};

const snakeCase = (field: string): string => field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The statements of one table, and the way between its rows and their columns. */
export type TableMap<T extends DurableTableName> = {
  readonly selectAll: string;
  readonly upsert: string;
  readonly remove: string;
  /** Place of the key among the columns. */
  readonly keyIndex: number;
  readonly toColumns: (row: DurableTables[T]) => readonly SqlValue[];
  /** @throws {DamageError} when a value is not one this program writes. */
  readonly toRow: (stored: readonly unknown[]) => DurableTables[T];
};

function mapTable<T extends DurableTableName>(table: T): TableMap<T> {
  const entries = Object.entries(columns[table]) as [string, Column<unknown>][];
  const names = entries.map(([field]) => snakeCase(field));
  const key = snakeCase(keyField[table]);
  const updates = names.filter((name) => name !== key).map((name) => `${name} = excluded.${name}`);
  return {
    selectAll: `SELECT ${names.join(", ")} FROM ${table} ORDER BY ${key}`,
    upsert:
      `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")}) ` +
      `ON CONFLICT (${key}) DO UPDATE SET ${updates.join(", ")}`,
    remove: `DELETE FROM ${table} WHERE ${key} = ?`,
    keyIndex: names.indexOf(key),
    toColumns: (row) => entries.map(([field, column]) => column.write((row as Record<string, unknown>)[field])),
    toRow: (stored) => {
      const row: Record<string, unknown> = {};
      for (const [index, [field, column]] of entries.entries()) {
        const value = column.read(stored[index]);
        // The value stays out of the message: it may be a digest.
        if (value === undefined)
          throw new DamageError(`table ${table}, field ${field}: not a value this program writes`);
        row[field] = value;
      }
      return row as DurableTables[T];
    },
  };
}

export const tableMaps = Object.fromEntries(DURABLE_TABLES.map((table) => [table, mapTable(table)])) as unknown as {
  readonly [T in DurableTableName]: TableMap<T>;
};
