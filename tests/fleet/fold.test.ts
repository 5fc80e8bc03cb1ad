import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Fact } from "../../src/contract/events.ts";
import { type EpochMs, epochMs } from "../../src/contract/time.ts";
import { fold, touchedBy } from "../../src/fleet/fold.ts";
import { readRow } from "../../src/fleet/fold-event.ts";
import { applyFoldChanges, emptyLockerState, type LockerState, type Parcel } from "../../src/fleet/fold-model.ts";
import { ingest } from "../../src/fleet/ingest.ts";
import { compartmentOf, loadTouched, parcelOf } from "../../src/fleet/picture.ts";
import { type FleetStore, openFleetStore } from "../../src/fleet/store.ts";
import {
  compartmentId,
  depositFacts,
  newAuthorisation,
  newStay,
  pickupFacts,
  type Stay,
  snapshot,
} from "../support/model-facts.ts";
import { ModelLocker } from "../support/model-locker.ts";

const AT = epochMs(1_800_000_000_000);
const folded = (facts: readonly Fact[], from: LockerState = emptyLockerState(), at: EpochMs = AT): LockerState =>
  facts.reduce((state, fact) => applyFoldChanges(state, fold(state, fact, at)), from);
const only = (state: LockerState): Parcel | undefined => [...state.parcel.values()][0];

describe("folding", () => {
  it("gives a deposit nobody announced a parcel of its own, of the compartment's size", () => {
    const stay = newStay();
    const state = folded([snapshot(), ...depositFacts(stay)]);
    expect(only(state)).toMatchObject({ id: stay.deposit, carrier: null, size: "S", state: "stored", compartment: 1 });
  });

  it("ties a deposit to the parcel announced under its verifier, again after a cancelled try", () => {
    const first = newStay(1);
    const second = newStay(2, first.verifier);
    const announced: Parcel = {
      ...{ id: "a".repeat(32), carrier: "acme", verifier: first.verifier, size: "S", state: "announced" },
      ...{ maybeCollected: false, deposit: null, compartment: null, notified: false, announcedAt: AT, changedAt: AT },
    };
    const start = applyFoldChanges(folded([snapshot()]), [{ table: "parcel", put: announced }]);
    const { deposit, compartment } = first;
    const cancelled = folded(
      [...depositFacts(first), { name: "deposit.cancelled", data: { deposit, compartment } }],
      start,
    );
    expect(only(cancelled)).toMatchObject({ id: announced.id, state: "cancelled", deposit });
    expect(folded(depositFacts(second), folded(depositFacts(first), start)).parcel.size).toBe(2);
    const again = folded(depositFacts(second), cancelled);
    expect(again.parcel.size).toBe(1);
    expect(only(again)).toMatchObject({ id: announced.id, carrier: "acme", state: "stored", deposit: second.deposit });
  });

  it("follows a pickup to its end, with every doubt on the way", () => {
    const stay = newStay();
    const { deposit, compartment } = stay;
    const authorisation = newAuthorisation();
    const stored = folded([snapshot(), ...depositFacts(stay)]);
    const started = folded([{ name: "pickup.started", data: { deposit, compartment, authorisation } }], stored);
    expect(only(started)).toMatchObject({ state: "collecting", maybeCollected: false });
    const doubtful = folded([{ name: "pickup.in_doubt", data: { deposit, compartment } }], started);
    expect(only(doubtful)).toMatchObject({ state: "collecting", maybeCollected: true });
    const rearmed = folded([{ name: "pickup.rearmed", data: { deposit, compartment } }], doubtful);
    expect(only(rearmed)).toMatchObject({ state: "stored", maybeCollected: false });
    expect(only(folded(pickupFacts(stay), rearmed))).toMatchObject({ state: "collected" });
    expect(only(folded([{ name: "pickup.disputed", data: { deposit, compartment } }], doubtful))).toMatchObject({
      state: "disputed",
    });
    expect(only(folded([{ name: "deposit.interrupted", data: { deposit, compartment } }], stored))).toMatchObject({
      state: "depositing",
      maybeCollected: false,
    });
  });

  it("knows a door only from what was said of it", () => {
    const closed: Fact = { name: "door.closed", data: { compartment: compartmentId(1) } };
    const doorsAfter = (...facts: readonly Fact[]) =>
      [...folded([snapshot(), ...facts]).compartment.values()].map(({ door }) => door);
    expect(doorsAfter()).toEqual(["unknown", "unknown"]);
    expect(doorsAfter(closed)).toEqual(["closed", "unknown"]);
    expect(doorsAfter(closed, { name: "door.break_in", data: { compartment: compartmentId(1) } })[0]).toBe("open");
    expect(doorsAfter(closed, { name: "door.left_open", data: { compartment: compartmentId(1) } })[0]).toBe("open");
    const wrong = { commanded: compartmentId(1), opened: compartmentId(2) };
    expect(doorsAfter(closed, { name: "door.wrong_opened", data: wrong })).toEqual(["closed", "open"]);
    const changed = { compartment: compartmentId(1), size: "M", occupancy: "unknown", outOfService: "broken" } as const;
    expect(
      folded([snapshot(), closed, { name: "compartment.changed", data: changed }]).compartment.get(changed.compartment),
    ).toEqual({ ...changed, door: "closed" });
  });

  it("starts anew from a snapshot: what it does not name may be gone, what it names is as it says", () => {
    const lost = newStay(1);
    const kept = newStay(2);
    const before = folded([snapshot(3), ...depositFacts(lost), ...depositFacts(kept)]);
    const { deposit, compartment, verifier } = kept;
    const compartments = [{ compartment, size: "S", occupancy: "occupied", outOfService: null, door: "open" }] as const;
    const after = folded(
      [
        {
          name: "locker.snapshot",
          data: {
            compartments: [...compartments],
            deposits: [{ deposit, compartment, verifier, state: "collecting", maybeCollected: true }],
          },
        },
      ],
      before,
    );
    expect([...after.compartment.values()]).toEqual(compartments);
    expect(after.parcel.get(lost.deposit)).toMatchObject({ state: "stored", maybeCollected: true });
    expect(after.parcel.get(kept.deposit)).toMatchObject({ state: "collecting", maybeCollected: true });
  });

  it("doubts a parcel once, however many snapshots do not name it", () => {
    const lost = newStay(1);
    const doubted = folded([snapshot(), ...depositFacts(lost), snapshot()]);
    expect(only(doubted)).toMatchObject({ maybeCollected: true });
    expect(fold(doubted, snapshot(), AT).filter(({ table }) => table === "parcel")).toEqual([]);
  });

  it("looks through the parcels it knows as often for a thousand deposits of a snapshot as for one", () => {
    const looksFor = (count: number): number => {
      const parcel = new WatchedMap(folded([snapshot(), ...depositFacts(newStay())]).parcel);
      fold({ ...emptyLockerState(), parcel }, snapshotOf(Array.from({ length: count }, () => newStay())), AT);
      return parcel.looksCount;
    };
    expect(looksFor(1_000)).toBe(looksFor(1));
  });

  it("leaves the given state as it was", () => {
    const state = folded([snapshot(), ...depositFacts(newStay())]);
    const copy = structuredClone(state);
    folded([snapshot(5), ...depositFacts(newStay(2))], state);
    expect(state).toEqual(copy);
  });
});

/** Counts how often somebody goes through its values. */
class WatchedMap<K, V> extends Map<K, V> {
  looksCount = 0;

  override values() {
    this.looksCount += 1;
    return super.values();
  }
}

/** A snapshot of a locker that holds these. */
const snapshotOf = (stays: readonly Stay[]): Fact => ({
  name: "locker.snapshot",
  data: {
    compartments: [],
    deposits: stays.map(({ deposit, compartment, verifier }) => ({
      ...{ deposit, compartment, verifier },
      ...{ state: "stored", maybeCollected: false },
    })),
  },
});

/** Facts of a few deposits in a few compartments, in any order that tells of physical things, sensible or not. */
function history(choices: readonly { readonly what: number; readonly which: number }[]): readonly Fact[] {
  const stays = [newStay(1), newStay(2), newStay(1), newStay(3)];
  const facts: Fact[] = [snapshot(3)];
  for (const { what, which } of choices) {
    const stay = stays[which % stays.length] ?? newStay();
    const { deposit, compartment } = stay;
    const scenes: readonly (readonly Fact[])[] = [
      depositFacts(stay),
      pickupFacts(stay),
      [{ name: "deposit.cancelled", data: { deposit, compartment } }],
      [{ name: "deposit.interrupted", data: { deposit, compartment } }],
      [{ name: "pickup.in_doubt", data: { deposit, compartment } }],
      [{ name: "pickup.rearmed", data: { deposit, compartment } }],
      [{ name: "pickup.disputed", data: { deposit, compartment } }],
      [{ name: "door.break_in", data: { compartment } }],
      [{ name: "board.health", data: { board: `board-${which}`, health: what % 2 === 0 ? "ok" : "silent" } }],
      [snapshot(2)],
      [snapshotOf([stay])],
    ];
    facts.push(...(scenes[what % scenes.length] ?? []));
  }
  return facts;
}

describe("the fleet's database", () => {
  let folder: string;
  let store: FleetStore;
  const lockers: ModelLocker[] = Array.from({ length: 30 }, () => new ModelLocker());

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "lockerd-fleet-"));
    store = await openFleetStore(
      join(folder, "fleet.db"),
      lockers.map(({ handle }) => handle),
    );
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it("gives a snapshot the parcels it names and those believed to lie in the locker, not all there ever were", async () => {
    const [locker] = lockers.slice(-1);
    if (locker === undefined) throw new Error("there are lockers");
    const [collected, doubted, believed, named] = [newStay(1), newStay(2), newStay(3), newStay(4)];
    locker.write(snapshot(4), ...depositFacts(collected), ...pickupFacts(collected), ...depositFacts(doubted));
    locker.write(snapshot(4), ...depositFacts(believed), ...depositFacts(named), ...pickupFacts(named));
    await ingest({ store, signingKeyOf: () => locker.publicKey, now: () => AT }, locker.handle, locker.bytes());
    const touched = touchedBy([snapshotOf([named])]);
    const state = await store.db.transaction().execute((trx) => loadTouched(trx, locker.handle, touched));
    expect([...state.parcel.keys()].sort()).toEqual([believed.deposit, named.deposit].sort());
  });

  it("holds exactly the fold of its rows, however they were cut into batches and however often they came", async () => {
    let next = 0;
    const choice = fc.record({ what: fc.nat(10), which: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(choice, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 9 })),
        async (choices, cuts) => {
          const locker = lockers[next++];
          if (locker === undefined) throw new Error("one locker for each run");
          locker.write(...history(choices));
          const signingKeyOf = () => locker.publicKey;
          let first = 1;
          for (const length of [...cuts, locker.rows.length]) {
            const last = Math.min(first + length - 1, locker.rows.length);
            const from = Math.max(1, Math.min(first - (length % 3), locker.rows.length));
            if (from > last) break;
            await ingest({ store, signingKeyOf, now: () => AT }, locker.handle, locker.bytes(from, last));
            first = last + 1;
          }
          const rows = await store.db
            .selectFrom("journal")
            .selectAll()
            .where("locker", "=", locker.handle)
            .orderBy("seq")
            .execute();
          expect(rows.map(({ hash }) => hash)).toEqual(locker.rows.map(({ hash }) => hash));
          expect(await pictureOf(store, locker)).toEqual(pictureFromRows(rows.map(({ payload }) => payload)));
        },
      ),
      { numRuns: lockers.length },
    );
  });
});

const byKey = <K extends string | number, V>(map: ReadonlyMap<K, V>): readonly V[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);

function pictureFromRows(payloads: readonly string[]) {
  let state = emptyLockerState();
  for (const payload of payloads) {
    const row = readRow(payload);
    if (!row.ok || row.value.kind !== "known") throw new Error("the fleet stored a row it cannot read");
    state = applyFoldChanges(state, fold(state, row.value.fact, epochMs(Date.parse(row.value.envelope.time))));
  }
  return { compartments: byKey(state.compartment), parcels: byKey(state.parcel), boards: byKey(state.board) };
}

async function pictureOf({ db }: FleetStore, { handle }: ModelLocker) {
  const compartments = await db
    .selectFrom("compartment")
    .selectAll()
    .where("locker", "=", handle)
    .orderBy("compartment")
    .execute();
  const parcels = await db.selectFrom("parcel").selectAll().where("locker", "=", handle).orderBy("id").execute();
  const boards = await db.selectFrom("board").selectAll().where("locker", "=", handle).orderBy("board").execute();
  return {
    compartments: compartments.map(compartmentOf),
    parcels: parcels.map(parcelOf),
    boards: boards.map(({ board, health }) => ({ board, health })),
  };
}
