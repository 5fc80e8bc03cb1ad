import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type EventName, eventType } from "../../src/contract/events.ts";
import type { EventBatch } from "../../src/contract/messages.ts";
import { epochMs } from "../../src/contract/time.ts";
import { type IngestDeps, ingest } from "../../src/fleet/ingest.ts";
import { BATCH_BYTES_MAX } from "../../src/fleet/ingest-batch.ts";
import { type FleetStore, openFleetStore } from "../../src/fleet/store.ts";
import { depositFacts, newStay, pickupFacts, snapshot } from "../support/model-facts.ts";
import { bytesOf, ModelLocker } from "../support/model-locker.ts";

let folder: string;
let store: FleetStore;
let deps: IngestDeps;
let locker: ModelLocker;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lockerd-fleet-"));
  locker = new ModelLocker();
  store = await openFleetStore(join(folder, "fleet.db"), [locker.handle]);
  deps = {
    store,
    signingKeyOf: (handle) => (handle === locker.handle ? locker.publicKey : undefined),
    now: () => epochMs(1_800_000_000_000),
  };
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const send = (payload: Uint8Array) => ingest(deps, locker.handle, payload);
const sendBatch = (batch: EventBatch) => send(bytesOf(batch));
const storedRows = () => store.db.selectFrom("journal").selectAll().orderBy("epoch").orderBy("seq").execute();
const lockerRow = () => store.db.selectFrom("locker").selectAll().executeTakeFirstOrThrow();

/** The next row of a locker, as text it signs whatever it says. */
const rowOf = (from: ModelLocker, name: EventName, data: object, time = "2026-01-01T12:00:00.000Z") =>
  JSON.stringify({
    ...{ specversion: "1.0", id: `${from.epoch}-${from.rows.length + 1}`, source: `/lockers/${from.handle}` },
    ...{ type: eventType(name), time, clocktrust: "synced", datacontenttype: "application/json", data },
  });

describe("ingest", () => {
  it("stores verified rows byte for byte with their hashes and the locker's signature, and acknowledges the last", async () => {
    locker.write(snapshot(), ...depositFacts(newStay()));
    const batch = locker.batch();
    const result = await sendBatch(batch);
    expect(result).toMatchObject({
      kind: "stored",
      ack: { aud: locker.handle, epoch: locker.epoch, seq: 7, hash: batch.lastHash },
    });
    expect((await storedRows()).map(({ seq, payload, hash }) => ({ seq, payload, hash }))).toEqual(locker.rows);
    const [evidence] = await store.db.selectFrom("batch_signature").selectAll().execute();
    expect(evidence).toMatchObject({ last_seq: 7, signature: batch.signature });
  });

  it("takes a batch twice without storing or folding anything twice, and acknowledges again", async () => {
    locker.write(snapshot(), ...depositFacts(newStay()));
    const first = await send(locker.bytes());
    const second = await send(locker.bytes());
    expect(second).toMatchObject({ kind: "duplicate", changes: [], rowsCount: 0 });
    expect(second.ack).toEqual(first.ack);
    expect(await storedRows()).toHaveLength(7);
    expect(await store.db.selectFrom("vault_outbox").selectAll().execute()).toHaveLength(1);
  });

  it("stores only the new rows of a batch that overlaps what is stored", async () => {
    locker.write(snapshot(), ...depositFacts(newStay()));
    await send(locker.bytes(1, 3));
    expect(await send(locker.bytes(2, 6))).toMatchObject({ kind: "stored", rowsCount: 3, ack: { seq: 6 } });
    expect(await storedRows()).toHaveLength(6);
  });

  it("stores nothing across a gap, asks for what is missing by acknowledging what it has, and recovers", async () => {
    locker.write(snapshot(), ...depositFacts(newStay()));
    await send(locker.bytes(1, 2));
    expect(await send(locker.bytes(4, 5))).toMatchObject({ kind: "refused", fault: { code: "gap" }, ack: { seq: 2 } });
    expect(await storedRows()).toHaveLength(2);
    await send(locker.bytes(3, 3));
    expect(await send(locker.bytes(4, 7))).toMatchObject({ kind: "stored", ack: { seq: 7 } });
    expect((await lockerRow()).chain_broken_at).toBeNull();
  });

  it("has nothing to acknowledge when the first batch of an epoch is missing", async () => {
    locker.write(snapshot(), ...depositFacts(newStay()));
    const result = await send(locker.bytes(2, 3));
    expect(result).toMatchObject({ kind: "refused", fault: { code: "gap" } });
    expect(result.ack).toBeUndefined();
    expect(await storedRows()).toHaveLength(0);
  });

  it("lets no row in whose batch another key signed", async () => {
    const impostor = new ModelLocker(locker.handle, locker.epoch).write(snapshot());
    expect(await sendBatch(impostor.batch())).toMatchObject({ kind: "refused", fault: { code: "bad_signature" } });
    locker.write(snapshot());
    expect(await send(locker.bytes())).toMatchObject({ kind: "stored" });
  });

  it("lets no row in that was changed on its way, marks the chain, and heals when the true rows arrive", async () => {
    locker.write(snapshot(), ...depositFacts(newStay()));
    await send(locker.bytes(1, 1));
    const batch = locker.batch(2, 3);
    const forged = { ...batch, rows: batch.rows.map((row) => row.replace("deposit.started", "deposit.stored")) };
    expect(await sendBatch(forged)).toMatchObject({
      kind: "refused",
      fault: { code: "broken_chain" },
      ack: { seq: 1 },
    });
    expect(await storedRows()).toHaveLength(1);
    expect((await lockerRow()).chain_broken_at).toBe(1);
    await sendBatch(batch);
    expect((await lockerRow()).chain_broken_at).toBeNull();
  });

  it("refuses a locker that signs another history of rows already stored, and keeps saying so", async () => {
    locker.write(snapshot(), ...depositFacts(newStay()));
    await send(locker.bytes());
    const fork = new ModelLocker(locker.handle, locker.epoch).write(snapshot(3), snapshot(4));
    expect(await sendBatch(locker.resign(fork.batch()))).toMatchObject({
      kind: "refused",
      fault: { code: "broken_chain" },
    });
    locker.write(snapshot());
    await send(locker.bytes(8, 8));
    expect((await lockerRow()).chain_broken_at).toBe(1);
  });

  it("refuses a batch that speaks for another locker than its topic's", async () => {
    const other = new ModelLocker().write(snapshot());
    expect(await sendBatch(other.batch())).toMatchObject({ kind: "refused", fault: { code: "wrong_topic" } });
    expect(await ingest(deps, other.handle, other.bytes())).toMatchObject({ fault: { code: "unknown_locker" } });
  });

  it("refuses what is no batch: garbage, unknown keys, too many bytes, too many rows", async () => {
    locker.write(snapshot());
    const batch = locker.batch();
    const tooMany = { ...batch, rows: Array.from({ length: 101 }, () => batch.rows[0]) };
    for (const payload of [new TextEncoder().encode("{nope"), bytesOf({ ...batch, extra: 1 }), bytesOf(tooMany)]) {
      expect(await send(payload)).toMatchObject({ kind: "refused", fault: { code: "bad_document" } });
    }
    const tooLarge = new Uint8Array(BATCH_BYTES_MAX + 1).fill(0x20);
    expect(await send(tooLarge)).toMatchObject({ kind: "refused", fault: { code: "too_large" } });
    expect(await storedRows()).toHaveLength(0);
  });

  it("refuses a row that is malformed for its type, even signed, and marks the chain before it", async () => {
    locker.write(snapshot());
    const row = locker.rows[0]?.payload ?? "";
    locker.writeText(
      row.replace(`${locker.epoch}-1`, `${locker.epoch}-2`).replace('"deposits"', '"person":"x","deposits"'),
    );
    expect(await send(locker.bytes())).toMatchObject({ kind: "refused", fault: { code: "bad_row", seq: 2 } });
    expect((await lockerRow()).chain_broken_at).toBe(1);
    expect(await storedRows()).toHaveLength(0);
  });

  it.each([
    ["no such day", "2026-02-31T12:00:00.000Z"],
    ["no such hour", "2026-02-28T25:00:00.000Z"],
    ["before 1970", "1969-12-31T23:59:59.999Z"],
    ["the year 1", "0001-01-01T00:00:00.000Z"],
  ])("refuses a row whose time is no moment there could have been: %s", async (_name, time) => {
    const { sealed: _, ...collected } = newStay();
    locker
      .write(snapshot(), ...depositFacts({ ...collected, sealed: "sealed" }))
      .writeText(rowOf(locker, "pickup.collected", collected, time));
    expect(await send(locker.bytes())).toMatchObject({ kind: "refused", fault: { code: "bad_row", seq: 8 } });
    expect(await storedRows()).toHaveLength(0);
    expect(await store.db.selectFrom("vault_outbox").selectAll().execute()).toHaveLength(0);
  });

  it("refuses a snapshot of more than the greatest locker has", async () => {
    const { deposit, compartment, verifier } = newStay();
    const live = { deposit, compartment, verifier, state: "stored", maybeCollected: false };
    const deposits = Array.from({ length: 1_001 }, () => live);
    locker.writeText(rowOf(locker, "locker.snapshot", { compartments: [], deposits }));
    expect(await send(locker.bytes())).toMatchObject({ fault: { code: "bad_row", seq: 1 } });
    const door = { compartment, size: "S", occupancy: "occupied", outOfService: null, door: "closed" };
    const compartments = Array.from({ length: 1_001 }, () => door);
    const other = new ModelLocker(locker.handle);
    other.writeText(rowOf(other, "locker.snapshot", { compartments, deposits: [] }));
    expect(await sendBatch(locker.resign(other.batch()))).toMatchObject({
      fault: { code: "bad_row", seq: 1, faults: ["/data/compartments: must not have more than 1000 items"] },
    });
  });

  it("refuses a row with a number too great for a database", async () => {
    for (const version of [2 ** 53, 1e300]) {
      const gone = new ModelLocker(locker.handle).write(snapshot());
      gone.writeText(rowOf(gone, "desired.applied", { version }));
      expect(await sendBatch(locker.resign(gone.batch()))).toMatchObject({ fault: { code: "bad_row", seq: 2 } });
    }
  });

  it("refuses a row that names another place or another locker than its own", async () => {
    locker.write(snapshot());
    const row = locker.rows[0]?.payload ?? "";
    locker.writeText(row);
    expect(await send(locker.bytes())).toMatchObject({
      fault: { code: "bad_row", faults: ["/id: is not the row's place"] },
    });
    const stranger = new ModelLocker(locker.handle, "00112233aabbccdd");
    stranger.writeText(row.replace(locker.epoch, stranger.epoch).replace(locker.handle, "somebodyelse"));
    expect(await sendBatch(locker.resign(stranger.batch()))).toMatchObject({ fault: { code: "bad_row", seq: 1 } });
  });

  it("keeps a row of a type it does not know, without folding it", async () => {
    locker.write(snapshot());
    const row = locker.rows[0]?.payload ?? "";
    locker.writeText(
      row.replace(`${locker.epoch}-1`, `${locker.epoch}-2`).replace("locker.snapshot", "weather.reported"),
    );
    expect(await send(locker.bytes())).toMatchObject({ kind: "stored", rowsCount: 2 });
    expect((await storedRows())[1]?.type).toBe("org.lockerd.weather.reported.v1");
  });

  it("acknowledges no issued code whose sealed secret is missing or another's", async () => {
    locker.write(snapshot(), ...depositFacts(newStay()));
    const batch = locker.batch();
    expect(await sendBatch({ ...batch, attachments: {} })).toMatchObject({
      fault: { code: "missing_attachment", seq: 7 },
    });
    const swapped = Object.fromEntries(Object.keys(batch.attachments).map((hash) => [hash, "another secret"]));
    expect(await sendBatch({ ...batch, attachments: swapped })).toMatchObject({ fault: { code: "bad_attachment" } });
    expect(await sendBatch(batch)).toMatchObject({ kind: "stored" });
  });

  it("queues the sealed secret for the vault, and erases it from the files when the parcel is gone", async () => {
    const stay = newStay();
    locker.write(snapshot(), ...depositFacts(stay));
    await send(locker.bytes());
    expect(await store.db.selectFrom("vault_outbox").selectAll().execute()).toMatchObject([
      { kind: "issued", deposit: stay.deposit, verifier: stay.verifier, sealed: stay.sealed },
    ]);
    locker.write(...pickupFacts(stay));
    await send(locker.bytes(8));
    expect(await store.db.selectFrom("vault_outbox").selectAll().execute()).toMatchObject([
      { kind: "gone", deposit: stay.deposit, verifier: stay.verifier, sealed: null },
    ]);
    const isOnDisk = () =>
      ["fleet.db", "fleet.db-wal"].some((file) => readFileSync(join(folder, file)).includes(stay.sealed));
    await expect.poll(isOnDisk, { timeout: 5_000 }).toBe(false);
  });

  it("leaves nothing of a batch behind when its transaction fails", async () => {
    locker.write(snapshot(), ...depositFacts(newStay()));
    await store.db.schema.dropTable("vault_outbox").execute();
    await expect(send(locker.bytes())).rejects.toThrow();
    expect(await storedRows()).toHaveLength(0);
    expect(await store.db.selectFrom("parcel").selectAll().execute()).toHaveLength(0);
  });

  it("refuses a batch whose values the database does not take, of that locker only, and takes them once it does", async () => {
    locker.write(snapshot(), ...depositFacts(newStay(1)), ...depositFacts(newStay(2)));
    await send(locker.bytes(1, 1));
    await store.db.schema.createIndex("strange").unique().on("parcel").columns(["locker", "size"]).execute();
    expect(await send(locker.bytes(2))).toMatchObject({
      kind: "refused",
      fault: { code: "not_storable", cause: "SQLITE_CONSTRAINT_UNIQUE" },
      ack: { seq: 1 },
    });
    expect(await storedRows()).toHaveLength(1);
    expect((await lockerRow()).chain_broken_at).toBe(1);
    await store.db.schema.dropIndex("strange").execute();
    expect(await send(locker.bytes(2))).toMatchObject({ kind: "stored", ack: { seq: 13 } });
    expect((await lockerRow()).chain_broken_at).toBeNull();
  });

  it("keeps files that only their owner reads", async () => {
    await send(locker.write(snapshot()).bytes());
    const modes = readdirSync(folder).map((file) => [file, (statSync(join(folder, file)).mode & 0o777).toString(8)]);
    expect(modes.sort()).toEqual(["fleet.db", "fleet.db-shm", "fleet.db-wal"].map((file) => [file, "600"]));
  });

  it("refuses every batch of a locker once its pinned key is another", async () => {
    const replaced = generateKeyPairSync("ed25519").publicKey;
    locker.write(snapshot());
    const result = await ingest({ ...deps, signingKeyOf: () => replaced }, locker.handle, locker.bytes());
    expect(result).toMatchObject({ fault: { code: "bad_signature" } });
  });
});
