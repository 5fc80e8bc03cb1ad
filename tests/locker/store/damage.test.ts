import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import type { LockerHandle } from "../../../src/contract/ids.ts";
import { checkSqliteVersion } from "../../../src/locker/store/open-database.ts";
import { openStore } from "../../../src/locker/store/sqlite-store.ts";
import { compartment, doorClosed, metaPatch, NOON, StoreFolder } from "./stores.ts";

/** A closed database with some content. */
function fill(folder: StoreFolder, { cleanStop }: { readonly cleanStop: boolean }): void {
  const store = folder.open();
  for (let n = 1; n <= 60; n += 1) store.commit([{ table: "compartment", put: compartment(n) }], [doorClosed(n)], NOON);
  store.commit([metaPatch(store, { cleanStop })], [doorClosed(1)], NOON);
  store.close();
}

function alter(folder: StoreFolder, sql: string): void {
  const intruder = new Database(folder.database);
  intruder.pragma("ignore_check_constraints = ON");
  intruder.exec(sql);
  intruder.close();
}

function overwrite(path: string, { at, bytes }: { readonly at: number; readonly bytes: Uint8Array }): void {
  const descriptor = openSync(path, "r+");
  writeSync(descriptor, bytes, 0, bytes.length, at);
  closeSync(descriptor);
}

const PAGE_BYTES = 4096;

describe("a damaged database", () => {
  const damages: readonly [string, boolean, (folder: StoreFolder) => void][] = [
    ["its header overwritten", true, ({ database }) => overwrite(database, { at: 0, bytes: Buffer.alloc(100, "x") })],
    [
      "pages overwritten, found by quick_check",
      false,
      ({ database }) => {
        const pages = readFileSync(database).length / PAGE_BYTES;
        for (let page = 3; page < pages; page += 2)
          overwrite(database, { at: page * PAGE_BYTES, bytes: Buffer.alloc(600, 0xa5) });
      },
    ],
    [
      "a row nobody writes, after a clean stop",
      true,
      (folder) => alter(folder, "UPDATE compartment SET occupancy = 'full' WHERE id = 9"),
    ],
    ["its meta row gone", true, (folder) => alter(folder, "DELETE FROM meta")],
    [
      "the end of its journal changed",
      true,
      (folder) => alter(folder, "UPDATE journal SET payload = '{}' WHERE seq = 60"),
    ],
  ];

  it.each(damages)("is set aside whole, never deleted: %s", (_, cleanStop, damage) => {
    using folder = new StoreFolder();
    fill(folder, { cleanStop });
    damage(folder);
    const damaged = readFileSync(folder.database);
    const store = folder.open();
    expect(store.opened).toBe("after_quarantine");
    expect(store.quarantinedTo).toBe(`${folder.database}.quarantine-1`);
    expect(readFileSync(`${folder.database}.quarantine-1`).equals(damaged)).toBe(true);
    expect(store.load().compartment.size).toBe(0);
    store.close();
  });

  it("makes the new one distrust every compartment until the first fact, also over restarts", () => {
    using folder = new StoreFolder();
    fill(folder, { cleanStop: true });
    writeFileSync(folder.database, "no database at all, but longer than the header of one".repeat(9));
    const store = folder.open();
    const epoch = store.epoch;
    store.close();
    const again = folder.open();
    expect(again.opened).toBe("after_quarantine");
    expect(again.quarantinedTo).toBeNull();
    expect(again.epoch).toBe(epoch);
    again.close();
  });

  it("is not mistaken for a new one when it was emptied", () => {
    using folder = new StoreFolder();
    fill(folder, { cleanStop: false });
    writeFileSync(folder.database, "");
    const store = folder.open();
    expect(store.opened).toBe("after_quarantine");
    store.close();
  });

  it("is set aside with its log, and a second one under the next number", () => {
    using folder = new StoreFolder();
    fill(folder, { cleanStop: false });
    const store = folder.open();
    store.commit([{ table: "compartment", put: compartment(1) }], [doorClosed(1)], NOON);
    const files = ["", "-wal"].map((suffix) => [suffix, readFileSync(folder.database + suffix)] as const);
    store.close();
    for (const [suffix, bytes] of files) writeFileSync(folder.database + suffix, bytes);
    overwrite(folder.database, { at: 0, bytes: Buffer.alloc(32, "x") });
    folder.open().close();
    expect(readFileSync(`${folder.database}.quarantine-1-wal`).equals(files[1]?.[1] ?? Buffer.alloc(0))).toBe(true);
    writeFileSync(folder.database, "damaged again".repeat(50));
    const third = folder.open();
    expect(third.quarantinedTo).toBe(`${folder.database}.quarantine-2`);
    third.close();
  });

  it("gets its log back when power failed while it was being set aside", () => {
    using folder = new StoreFolder();
    const store = folder.open();
    store.commit([{ table: "compartment", put: compartment(1) }], [doorClosed(1)], NOON);
    const log = readFileSync(`${folder.database}-wal`);
    store.close();
    renameSync(folder.database, `${folder.database}.quarantine-1`);
    writeFileSync(`${folder.database}-wal`, log);
    const again = folder.open();
    expect(again.opened).toBe("after_quarantine");
    expect(readFileSync(`${folder.database}.quarantine-1-wal`).equals(log)).toBe(true);
    again.close();
  });
});

describe("opening a database", () => {
  const refusalOf = (folder: StoreFolder, handle?: LockerHandle) => {
    const opened = openStore(folder.options(handle === undefined ? {} : { handle }));
    return opened.ok ? "opened" : opened.error;
  };

  it("refuses one of a later release, and leaves it as it was", () => {
    using folder = new StoreFolder();
    fill(folder, { cleanStop: true });
    alter(folder, "PRAGMA user_version = 99");
    expect(refusalOf(folder)).toEqual({ code: "newer_version", found: 99, supported: 1 });
    expect(readdirSync(`${folder.path}/state`).filter((name) => name.includes("quarantine"))).toEqual([]);
    alter(folder, "PRAGMA user_version = 1");
    const store = folder.open();
    expect(store.load().compartment.size).toBe(60);
    store.close();
  });

  it("refuses a database of another program, and one of another locker", () => {
    using folder = new StoreFolder();
    fill(folder, { cleanStop: true });
    expect(refusalOf(folder, "someoneelse1" as LockerHandle)).toEqual({ code: "other_locker", found: "testlocker01" });
    alter(folder, "PRAGMA application_id = 0");
    expect(refusalOf(folder)).toEqual({ code: "foreign_database" });
  });

  it("refuses a second writer in the same process, until the first has closed", () => {
    using folder = new StoreFolder();
    const store = folder.open();
    expect(refusalOf(folder)).toEqual({ code: "held_by_another_process", path: folder.database });
    store.close();
    folder.open().close();
    expect(existsSync(`${folder.database}-wal`)).toBe(false);
  });

  it.each(["3.51.2", "3.50.9", "2.99.99"])("refuses SQLite %s", (found) => {
    expect(checkSqliteVersion(found)).toEqual({
      ok: false,
      error: { code: "sqlite_too_old", found, needed: "3.51.3" },
    });
  });

  it.each(["3.51.3", "3.52.0", "4.0.0"])("accepts SQLite %s", (found) => {
    expect(checkSqliteVersion(found).ok).toBe(true);
  });
});
