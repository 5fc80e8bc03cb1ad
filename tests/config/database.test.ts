import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { openingDatabase } from "../../src/config/database.ts";
import { StartRefused } from "../../src/config/start-refused.ts";
import { ConfigFolder } from "./config-files.ts";

/** Opens a file as SQLite does, reading its first page, and wraps what goes wrong as a service might. */
const openAndRead = async (path: string): Promise<number> => {
  closeSync(openSync(path, "a"));
  const database = new Database(path);
  try {
    return Number(database.pragma("user_version", { simple: true }));
  } catch (cause) {
    throw new Error(`open ${path}`, { cause });
  } finally {
    database.close();
  }
};

const refusalOf = (path: string): Promise<unknown> =>
  openingDatabase(path, () => openAndRead(path)).catch((error: unknown) => error);

describe("the database a configuration names", () => {
  it("is what its opener made of it", async () => {
    using folder = new ConfigFolder();
    const path = join(folder.path, "new.db");
    await expect(openingDatabase(path, () => openAndRead(path))).resolves.toBe(0);
  });

  it("is refused in a folder that is not there", async () => {
    using folder = new ConfigFolder();
    const refusal = await refusalOf(join(folder.path, "gone", "fleet.db"));
    expect(refusal).toBeInstanceOf(StartRefused);
    expect(refusal).toMatchObject({
      message: expect.stringMatching(/fleet\.db: cannot be used .*\(ENOENT\); put a backup/),
    });
  });

  it("is refused when it is something else, and left as it is", async () => {
    using folder = new ConfigFolder();
    const text = "a letter to nobody\n".repeat(200);
    const path = folder.write(text, "letter.txt");
    const refusal = await refusalOf(path);
    expect(refusal).toBeInstanceOf(StartRefused);
    expect(refusal).toMatchObject({ message: expect.stringMatching(/letter\.txt: .*\(SQLITE_NOTADB\); put a backup/) });
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it("leaves every other error what it is: a restart may help, or it is a bug", async () => {
    using folder = new ConfigFolder();
    const busy = Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" });
    const opening = openingDatabase(join(folder.path, "fleet.db"), () => Promise.reject(busy));
    await expect(opening).rejects.toBe(busy);
  });
});
