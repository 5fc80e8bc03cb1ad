import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import type { LockerHandle } from "../../../src/contract/ids.ts";
import { checkSqliteVersion } from "../../../src/locker/store/open-database.ts";
import { openErrorText } from "../../../src/locker/store/open-error-text.ts";
import { type OpenStoreError, openStore } from "../../../src/locker/store/sqlite-store.ts";
import { StoreFolder } from "./stores.ts";

/** What a start on this database says. */
function refusal(folder: StoreFolder, handle?: string): string {
  const opened = openStore(folder.options(handle === undefined ? {} : { handle: handle as LockerHandle }));
  if (opened.ok) throw new Error("the store opened");
  return openErrorText("locker.db", opened.error);
}

function withDatabase(change: (db: Database.Database) => void): StoreFolder {
  const folder = new StoreFolder();
  folder.open().close();
  const db = new Database(folder.database);
  change(db);
  db.close();
  return folder;
}

describe("a database that is not opened", () => {
  it("because another process has it", () => {
    using folder = new StoreFolder();
    const store = folder.open();
    expect(refusal(folder)).toBe(
      "locker.db: another process holds the database: stop the locker that is running on it first",
    );
    store.close();
  });

  it("because a later release made it", () => {
    using folder = withDatabase((db) => db.pragma("user_version = 99"));
    expect(refusal(folder)).toMatch(
      /^locker\.db: made by a later release \(version 99, this one reads \d+\): run that release$/,
    );
  });

  it("because another program made it", () => {
    using folder = withDatabase((db) => db.pragma("application_id = 1"));
    expect(refusal(folder)).toBe("locker.db: holds the database of another program: name another file under database");
  });

  it("because it is another locker's", () => {
    using folder = withDatabase(() => undefined);
    expect(refusal(folder, "anotherlocker")).toBe(
      "locker.db: belongs to the locker testlocker01: name that handle under locker, or another file under database",
    );
  });

  it("because SQLite can lose data", () => {
    const checked = checkSqliteVersion("3.40.1");
    const error = (checked.ok ? undefined : checked.error) as OpenStoreError;
    expect(openErrorText("locker.db", error)).toMatch(
      /^locker\.db: SQLite 3\.40\.1 can lose data, 3\.\d+\.\d+ or later/,
    );
  });
});
