import { existsSync, readFileSync, statSync } from "node:fs";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CanaryHit, scanBytes, scanDatabase } from "../support/canary-scan.ts";
import { soon } from "../support/soon.ts";
import { modelParcel, RFC_4226_SECRET } from "./sealing-locker.ts";
import { EMAIL, VaultWorld } from "./vault-world.ts";

let world: VaultWorld;
beforeEach(() => {
  world = new VaultWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

/** The raw content of the personal rows, by name, read beside the running vault. */
function personalRows(): Record<string, Buffer> {
  const database = new Database(world.database, { readonly: true });
  const rows = database.prepare(
    "SELECT wrapped_key, sealed FROM contact UNION ALL SELECT wrapped_key, sealed FROM secret",
  );
  const found = Object.fromEntries(
    rows
      .raw()
      .all()
      .flatMap((row, index) => (row as Buffer[]).map((bytes, column) => [`${index}.${column}`, bytes])),
  );
  database.close();
  return found;
}

/** Pieces of the rows that still lie in the files. Whole rows may be split over overflow pages, so pieces are sought. */
const remainsOf = (rows: Record<string, Buffer>): readonly string[] =>
  Object.entries(rows)
    .filter(([, bytes]) => scanFiles(bytes.subarray(0, 32)) || scanFiles(bytes.subarray(-32)))
    .map(([name]) => name);

const scanFiles = (piece: Buffer): boolean =>
  [world.database, `${world.database}-wal`].some((file) => existsSync(file) && readFileSync(file).includes(piece));

const CODE_CANARIES = ["847552248", "847 552 248", RFC_4226_SECRET.toString()];

describe("the scanner", () => {
  const planted: [string, Buffer][] = [
    ["utf8", Buffer.from(EMAIL)],
    ["utf16le", Buffer.from(EMAIL, "utf16le")],
    ["utf16be", Buffer.from(EMAIL, "utf16le").swap16()],
    ["hex", Buffer.from(Buffer.from(EMAIL).toString("hex"))],
    ["base64", Buffer.from(Buffer.from(EMAIL).toString("base64"))],
    ["base64 after one byte", Buffer.from(Buffer.from(`"${EMAIL}"`).toString("base64"))],
    ["base64 after two bytes", Buffer.from(Buffer.from(`{"${EMAIL}"}`).toString("base64"))],
    ["percent", Buffer.from(encodeURIComponent(EMAIL))],
  ];
  for (const [name, bytes] of planted) {
    it(`finds an address planted as ${name}`, () => {
      const database = new Database(`${world.folder}/planted.db`);
      database.pragma("journal_mode = WAL");
      database.exec("CREATE TABLE planted (content BLOB)");
      database.prepare("INSERT INTO planted VALUES (?)").run(bytes);
      expect(scanDatabase(`${world.folder}/planted.db`, [EMAIL])).not.toEqual([]);
      database.close();
    });
  }

  it("finds what a plain deletion leaves in the write-ahead log", () => {
    const path = `${world.folder}/planted.db`;
    const database = new Database(path);
    database.pragma("journal_mode = WAL");
    database.exec("CREATE TABLE planted (content TEXT)");
    database.prepare("INSERT INTO planted VALUES (?)").run(EMAIL);
    database.exec("DELETE FROM planted");
    expect(scanDatabase(path, [EMAIL]).map(({ where }) => where)).toContain(`${path}-wal`);
    database.close();
  });
});

describe("the vault's database", () => {
  it("belongs to its owner alone", () => {
    expect(statSync(world.database).mode & 0o777).toBe(0o600);
  });

  it("never holds a contact, a secret or a code in clear", async () => {
    const parcel = { ...modelParcel(), secret: RFC_4226_SECRET };
    await world.notice(await world.issued(parcel));
    await world.announce(parcel);
    await soon(() => expect(world.notifier.sent).toHaveLength(1));
    const hits: readonly CanaryHit[] = scanDatabase(world.database, [EMAIL, ...CODE_CANARIES]);
    expect(hits).toEqual([]);
  });

  it("keeps no byte of a secret, nor of its key, once the parcel has ended", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    await world.notice(await world.issued(parcel));
    const rows = personalRows();
    expect(Object.keys(rows)).toHaveLength(4);
    expect(remainsOf(rows)).toHaveLength(4);
    await world.notice(world.ended(parcel));
    expect(Object.keys(personalRows())).toHaveLength(2);
    expect(remainsOf(rows)).toHaveLength(2);
    world.pass(3_660_000);
    expect(personalRows()).toEqual({});
    expect(remainsOf(rows)).toEqual([]);
  });

  it("is brought up to date with everything in it", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    await world.vault.app.close();
    const first = new Database(world.database);
    first.exec("ALTER TABLE contact DROP COLUMN learned_at; ALTER TABLE secret DROP COLUMN learned_at");
    first.pragma("user_version = 1");
    first.close();
    world.start();
    expect((await world.notice(await world.issued(parcel))).json()).toEqual({ result: "notified" });
  });

  it("keeps no byte of a contact that its carrier replaced", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    const rows = personalRows();
    expect(remainsOf(rows)).toHaveLength(2);
    await world.announce(parcel);
    expect(remainsOf(rows)).toEqual([]);
  });
});

describe("a contact after its parcel has ended", () => {
  /** Another deposit of the same parcel shows whether the contact still answers. */
  async function tellAgain(parcel: ReturnType<typeof modelParcel>): Promise<string> {
    const again = { ...parcel, deposit: modelParcel().deposit };
    return (await world.notice(await world.issued(again))).json().result;
  }

  it("works 3,599 s later and not 3,601 s later, even when the timer is late", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    await world.notice(world.ended(parcel));
    world.now += 3_599_000;
    expect(await tellAgain(parcel)).toBe("notified");
    world.now += 2_000;
    expect(await tellAgain(parcel)).toBe("waiting");
    expect(Object.keys(personalRows()).length).toBeGreaterThan(0);
  });

  it("is erased within 60 s of its hour by the timer alone", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    await world.notice(world.ended(parcel));
    world.pass(3_599_000);
    expect(Object.keys(personalRows())).toHaveLength(2);
    world.pass(61_000);
    expect(personalRows()).toEqual({});
  });

  it("is counted from the end, not from when the vault heard of it", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    world.now += 7_200_000;
    await world.notice(world.ended(parcel, world.now - 3_600_000));
    expect(await tellAgain(parcel)).toBe("waiting");
  });

  const impossible: [string, (parcel: ReturnType<typeof modelParcel>) => Promise<number>][] = [
    ["1970", () => Promise.resolve(5_000)],
    ["before the carrier announced it", () => Promise.resolve(world.now - 7_200_001)],
    [
      "before its code was issued",
      async (parcel) => {
        await world.notice(await world.issued(parcel));
        return world.now - 3_600_000;
      },
    ],
  ];
  for (const [name, endOf] of impossible) {
    it(`is counted from when the vault hears of an end that cannot be: ${name}`, async () => {
      const parcel = modelParcel();
      await world.announce(parcel);
      world.now += 7_200_000;
      const ended = world.ended(parcel, await endOf(parcel));
      await world.notice(ended);
      world.pass(1_800_000);
      // Said once more, it is no other end.
      await world.notice(ended);
      world.pass(1_790_000);
      expect(Object.keys(personalRows())).toHaveLength(2);
      world.pass(70_000);
      expect(personalRows()).toEqual({});
    });
  }

  it("lives no longer when the locker's clock runs ahead", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    await world.notice(world.ended(parcel, world.now + 86_400_000));
    world.pass(3_660_000);
    expect(personalRows()).toEqual({});
  });

  it("is erased before anything else when its hour passed while the vault was down", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    await world.notice(world.ended(parcel));
    const rows = personalRows();
    await world.vault.app.close();
    world.now += 7_200_000;
    world.start();
    expect(personalRows()).toEqual({});
    expect(remainsOf(rows)).toEqual([]);
    expect(await tellAgain(parcel)).toBe("waiting");
  });
});

describe("what nobody ever ends", () => {
  it("is erased after 30 days", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    await world.notice(await world.issued(parcel));
    world.now += 30 * 86_400_000 - 60_000;
    world.pass(20_000);
    expect(Object.keys(personalRows())).toHaveLength(4);
    world.pass(60_000);
    expect(personalRows()).toEqual({});
  });
});

describe("an erasure that cannot happen", () => {
  it("makes the vault unready until it has happened", async () => {
    const parcel = modelParcel();
    await world.announce(parcel);
    await world.notice(world.ended(parcel));
    const blocker = new Database(world.database);
    blocker.exec("BEGIN IMMEDIATE");
    world.now += 3_661_000;
    expect((await world.vault.app.inject({ url: "/readyz" })).statusCode).toBe(503);
    blocker.exec("ROLLBACK");
    blocker.close();
    world.pass(20_000);
    expect((await world.vault.app.inject({ url: "/readyz" })).statusCode).toBe(200);
    expect(personalRows()).toEqual({});
  });
});

describe("the vault's log", () => {
  it("names no person, no code and no secret", async () => {
    const parcel = { ...modelParcel(), secret: RFC_4226_SECRET };
    await world.announce(parcel);
    world.notifier.failing = true;
    await world.notice(await world.issued(parcel));
    world.notifier.failing = false;
    await world.notice(await world.issued(parcel));
    await world.announce(modelParcel(), { contact: { kind: "email", address: EMAIL, extra: EMAIL } });
    await world.notice(world.ended(parcel));
    world.pass(3_700_000);
    const log = Buffer.from(world.logLines.join(""));
    expect(log.toString()).toContain("recipient notified");
    expect(scanBytes(log, "log", [EMAIL, parcel.verifier, ...CODE_CANARIES])).toEqual([]);
  });
});
