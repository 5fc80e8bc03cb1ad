import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  CompartmentId,
  CourierId,
  DepositId,
  Epoch,
  LockerHandle,
  ParcelVerifier,
} from "../../../src/contract/ids.ts";
import { epochMs } from "../../../src/contract/time.ts";
import type { Change, Compartment, Deposit, Meta } from "../../../src/locker/domain/model.ts";
import { openStore, type SqliteStore, type StoreOptions } from "../../../src/locker/store/sqlite-store.ts";

export const HANDLE = "testlocker01" as LockerHandle;
export const NOON = { wall: epochMs(Date.UTC(2026, 10, 21, 12)), clockTrust: "synced" } as const;
export const DAY_MS = 86_400_000;

/** A folder of its own for one test's databases; gone when the test ends. */
export class StoreFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "lockerd-store-"));
  readonly database = join(this.path, "state", "locker.db");

  options(overrides: Partial<StoreOptions> = {}): StoreOptions {
    return { path: this.database, handle: HANDLE, newEpoch: randomHex(8) as Epoch, ...overrides };
  }

  open(): SqliteStore {
    const opened = openStore(this.options());
    if (!opened.ok) throw new Error(`the store refused to open: ${opened.error.code}`);
    return opened.value;
  }

  /** Every byte of the database and its log. */
  bytes(): Buffer {
    const files = [this.database, `${this.database}-wal`].filter((path) => existsSync(path));
    return Buffer.concat(files.map((path) => readFileSync(path)));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export const randomHex = (bytes: number): string => randomBytes(bytes).toString("hex");

export const compartment = (id: number, patch: Partial<Compartment> = {}): Compartment => ({
  id: id as CompartmentId,
  size: "M",
  occupancy: "available",
  outOfService: null,
  door: "closed",
  deposit: null,
  authorisation: null,
  ...patch,
});

export const deposit = (patch: Partial<Deposit> = {}): Deposit => ({
  id: randomHex(16) as DepositId,
  compartment: 1 as CompartmentId,
  verifier: randomHex(16) as ParcelVerifier,
  courier: "1001" as CourierId,
  state: "stored",
  doubtedBy: null,
  held: false,
  code: "none",
  codeDigest: null,
  extensionDigest: null,
  qrDigest: null,
  startedAt: NOON.wall,
  endedAt: null,
  ...patch,
});

/** The change that writes `meta` with a few fields set anew. */
export function metaPatch(store: SqliteStore, patch: Partial<Meta>): Change {
  const meta = store.load().meta.get(1);
  if (meta === undefined) throw new Error("no meta row");
  return { table: "meta", put: { ...meta, ...patch } };
}

export const doorClosed = (id: number) =>
  ({ name: "door.closed", data: { compartment: id as CompartmentId } }) as const;
