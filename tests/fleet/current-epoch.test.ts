import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ClockTrust, epochMs } from "../../src/contract/time.ts";
import { type Ingested, ingest } from "../../src/fleet/ingest.ts";
import { type FleetStore, openFleetStore } from "../../src/fleet/store.ts";
import { depositFacts, newStay, snapshot } from "../support/model-facts.ts";
import { bytesOf, ModelLocker } from "../support/model-locker.ts";

const NOON = Date.UTC(2026, 0, 1, 12);
const HOUR_MS = 3_600_000;

let folder: string;
let store: FleetStore;
let locker: ModelLocker;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lockerd-fleet-"));
  locker = new ModelLocker();
  store = await openFleetStore(join(folder, "fleet.db"), [locker.handle]);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** The same locker with a database made at this hour. */
function database(hour: number, trust: ClockTrust = "synced"): ModelLocker {
  const made = new ModelLocker(locker.handle);
  made.clock = { ms: NOON + hour * HOUR_MS, trust };
  return made;
}

/** The fleet gets rows of a database at this hour, by its own clock, and a minute. */
const arrive = (hour: number, from: ModelLocker, first?: number, last?: number): Promise<Ingested> =>
  ingest(
    { store, signingKeyOf: () => locker.publicKey, now: () => epochMs(NOON + hour * HOUR_MS + 60_000) },
    locker.handle,
    bytesOf(locker.resign(from.batch(first, last))),
  );

const currentEpoch = async () => (await store.db.selectFrom("locker").selectAll().executeTakeFirstOrThrow()).epoch;
const compartmentsCount = async () => (await store.db.selectFrom("compartment").selectAll().execute()).length;
const storedCount = async () => (await store.db.selectFrom("journal").selectAll().execute()).length;
const parcels = () => store.db.selectFrom("parcel").selectAll().execute();

describe("a new epoch", () => {
  it.each(["synced", "restored", "unset"] as const)("becomes the current one, its clock being %s", async (trust) => {
    await arrive(0, database(0).write(snapshot(2)));
    const next = database(1, trust).write(snapshot(3));
    expect(await arrive(1, next)).toMatchObject({ kind: "stored", isNews: true });
    expect(await currentEpoch()).toBe(next.epoch);
    expect(await compartmentsCount()).toBe(3);
  });

  it("leaves late rows of the one before as evidence", async () => {
    const former = database(0).write(snapshot(), ...depositFacts(newStay()));
    await arrive(0, former, 1, 4);
    await arrive(1, database(1).write(snapshot(3)));
    expect(await arrive(2, former, 5, 7)).toMatchObject({
      kind: "stored",
      ack: { seq: 7 },
      changes: [],
      isNews: false,
    });
    expect(await parcels()).toMatchObject([{ state: "depositing", maybe_collected: 1 }]);
    expect(await compartmentsCount()).toBe(3);
    expect(await storedCount()).toBe(8);
  });
});

describe("an epoch that was over before the fleet heard of it", () => {
  it("is stored and acknowledged, and neither folded nor made current", async () => {
    const stay = newStay();
    const current = database(1).write(snapshot(2));
    await arrive(1, current);
    const old = database(0).write(snapshot(5), ...depositFacts(newStay()));
    const late = await arrive(2, old);
    expect(late).toMatchObject({ kind: "stored", ack: { epoch: old.epoch, seq: 7 }, changes: [], isNews: false });
    expect(await currentEpoch()).toBe(current.epoch);
    expect(await compartmentsCount()).toBe(2);
    await arrive(2, current.write(...depositFacts(stay)), 2);
    expect(await parcels()).toMatchObject([{ deposit: stay.deposit, state: "stored", maybe_collected: 0 }]);
    expect(await storedCount()).toBe(14);
  });

  it("passes for a new one without a clock, until the one that still writes takes over again with all it has told", async () => {
    const stay = newStay();
    const current = database(1).write(snapshot(2), ...depositFacts(stay));
    await arrive(1, current);
    const old = database(0, "unset").write(snapshot(5));
    await arrive(2, old);
    expect(await currentEpoch()).toBe(old.epoch);
    expect(await parcels()).toMatchObject([{ maybe_collected: 1 }]);
    current.clock = { ms: NOON + 3 * HOUR_MS, trust: "synced" };
    await arrive(3, current.write({ name: "door.closed", data: { compartment: stay.compartment } }), 8);
    expect(await currentEpoch()).toBe(current.epoch);
    expect(await compartmentsCount()).toBe(2);
    expect(await parcels()).toMatchObject([{ deposit: stay.deposit, state: "stored", maybe_collected: 0 }]);
  });
});

it("takes the later of two epochs as soon as it writes after the earlier was first heard of", async () => {
  const stay = newStay();
  await arrive(5, database(0).write(snapshot(2)));
  const later = database(3).write(snapshot(4), ...depositFacts(stay));
  expect(await arrive(5, later)).toMatchObject({ kind: "stored", isNews: false });
  later.clock = { ms: NOON + 6 * HOUR_MS, trust: "synced" };
  await arrive(6, later.write({ name: "door.closed", data: { compartment: stay.compartment } }), 8);
  expect(await currentEpoch()).toBe(later.epoch);
  expect(await compartmentsCount()).toBe(4);
  expect(await parcels()).toMatchObject([{ deposit: stay.deposit, state: "stored" }]);
});
