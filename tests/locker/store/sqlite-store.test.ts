import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AuthorisationId, CourierId, DepositId, OpId, ProofDigest } from "../../../src/contract/ids.ts";
import { epochMs } from "../../../src/contract/time.ts";
import { apply, stateFrom } from "../../../src/locker/domain/apply.ts";
import {
  type Change,
  DURABLE_TABLES,
  type DurableState,
  type DurableTableName,
  type DurableTables,
} from "../../../src/locker/domain/model.ts";
import { compartment, deposit, doorClosed, metaPatch, NOON, StoreFolder } from "./stores.ts";

const hex = (digits: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: digits, maxLength: digits });
const aDigest = hex(32) as fc.Arbitrary<ProofDigest>;
const aTime = fc.integer({ min: 0, max: 4_102_444_800_000 }).map(epochMs);
const aCount = fc.nat(Number.MAX_SAFE_INTEGER);
/** Few enough keys that rows are written over and removed. */
const aKey = <K extends string>(digits: number) =>
  fc.integer({ min: 1, max: 4 }).map((n) => String(n).padStart(digits, "0") as K);

const rows: { readonly [T in DurableTableName]: fc.Arbitrary<DurableTables[T]> } = {
  meta: fc.record({
    id: fc.constant(1),
    epoch: hex(16),
    handle: fc.stringMatching(/^[a-z0-9]{8,32}$/),
    ackedSeq: aCount,
    issuerEpoch: aCount,
    commandSeq: aCount,
    desiredVersion: aCount,
    rosterIssuedAt: aTime,
    cleanStop: fc.boolean(),
    wallFloor: aTime,
  }) as fc.Arbitrary<DurableTables["meta"]>,
  compartment: fc.record({
    id: fc.integer({ min: 1, max: 6 }),
    size: fc.constantFrom("S", "M", "L"),
    occupancy: fc.constantFrom("available", "reserved", "occupied", "unknown"),
    outOfService: fc.constantFrom(null, "broken", "blocked", "dirty", "sensor_fault", "audit"),
    door: fc.constantFrom("open", "closed"),
    deposit: fc.constant(null),
    authorisation: fc.option(aKey<AuthorisationId>(14)),
  }) as fc.Arbitrary<DurableTables["compartment"]>,
  deposit: fc
    .record({
      id: aKey<DepositId>(32),
      verifier: aDigest,
      courier: fc.stringMatching(/^[0-9]{4,8}$/),
      state: fc.constantFrom("depositing", "stored", "collecting", "collected", "cancelled", "disputed"),
      doubtedBy: fc.oneof(fc.constantFrom(null, "break_in"), aKey<AuthorisationId>(14)),
      held: fc.boolean(),
      code: fc.constantFrom("none", "pending", "live", "claimed", "burned"),
      codeDigest: aDigest,
      extensionDigest: aDigest,
      qrDigest: aDigest,
      startedAt: aTime,
      endedAt: fc.option(aTime),
    })
    // A compartment of its own for each id, so that no two are live in one.
    .map((row) => ({ ...row, compartment: Number(row.id) })) as unknown as fc.Arbitrary<DurableTables["deposit"]>,
  authorisation: fc.record({
    id: aKey<AuthorisationId>(14),
    purpose: fc.constantFrom("deposit", "pickup", "reopen", "remote"),
    compartment: fc.integer({ min: 1, max: 1000 }),
    deposit: fc.option(aDigest),
    state: fc.constantFrom("commanded", "opened", "closed", "blocked", "rejected", "in_doubt"),
    at: aTime,
  }) as unknown as fc.Arbitrary<DurableTables["authorisation"]>,
  attempt: fc.record({
    op: aKey<OpId>(16),
    authorisation: aKey<AuthorisationId>(14),
    number: fc.constantFrom(1, 2),
    outcome: fc.constantFrom("sent", "accepted", "rejected", "unknown", "stayed_closed"),
    at: aTime,
  }),
  proof: fc.record({
    digest: aKey<ProofDigest>(32),
    kind: fc.constantFrom("code", "qr"),
    deposit: fc.constant(null),
    diedAt: fc.option(aTime),
  }),
  courier: fc.record({
    id: aKey<CourierId>(4),
    pinHash: fc.base64String({ minLength: 4 }).map((text) => `$argon2id$${text}`),
    totpSealed: fc.base64String({ minLength: 4 }),
    mayDeposit: fc.boolean(),
    mayRecall: fc.boolean(),
    totpStep: fc.integer({ min: -1, max: 2 ** 40 }),
  }),
  budget: fc.record({
    name: fc.constantFrom("code", "pin", "remote_occupied"),
    level: fc.double({ min: 0, max: 100, noNaN: true }).map((level) => level + 0),
    strikes: fc.nat(1000),
  }),
};

const keyOf = {
  deposit: "id",
  authorisation: "id",
  attempt: "op",
  proof: "digest",
  courier: "id",
  budget: "name",
} as const;

const aPut = fc.oneof(
  ...DURABLE_TABLES.filter((table) => table !== "meta").map((table) =>
    rows[table].map((put) => ({ table, put }) as Change),
  ),
);
const aRemoval = fc
  .constantFrom(...(Object.keys(keyOf) as (keyof typeof keyOf)[]))
  .chain((table) =>
    rows[table].map((row) => ({ table, del: (row as Record<string, unknown>)[keyOf[table]] }) as Change),
  );
const aCommit = fc.array(fc.oneof({ weight: 3, arbitrary: aPut }, { weight: 1, arbitrary: aRemoval }), {
  maxLength: 8,
});

/** Tables as ordered entries: the order a store promises is part of the comparison. */
const entriesOf = (state: DurableState, order: (keys: Map<unknown, unknown>) => [unknown, unknown][]) =>
  Object.fromEntries(DURABLE_TABLES.map((table) => [table, order(state[table])]));
const byKey = (table: Map<unknown, unknown>) =>
  [...table].toSorted(([a], [b]) => (typeof a === "number" ? a - Number(b) : String(a) < String(b) ? -1 : 1));

describe("the store", () => {
  it("gives back after a restart what was applied in memory, ordered by key", () => {
    fc.assert(
      fc.property(fc.array(aCommit, { maxLength: 12 }), rows.meta, fc.boolean(), (commits, meta, cleanStop) => {
        using folder = new StoreFolder();
        const store = folder.open();
        const state = stateFrom(store.load());
        const own = { epoch: store.epoch, handle: store.handle };
        for (const changes of [...commits, [{ table: "meta", put: { ...meta, ...own, cleanStop } } as const]]) {
          store.commit(changes, [], NOON);
          apply(state, changes);
        }
        store.close();
        const again = folder.open();
        expect(entriesOf(again.load(), (table) => [...table])).toEqual(entriesOf(state, byKey));
        expect(again.epoch).toBe(own.epoch);
        again.close();
      }),
      { numRuns: 40 },
    );
  });

  it("passes over volatile tables", () => {
    using folder = new StoreFolder();
    const store = folder.open();
    const changes: Change[] = [{ table: "session", del: "kiosk" }];
    expect(store.commit(changes, [], NOON)).toBe(0);
    expect(store.commit(changes, [doorClosed(1)], NOON)).toBe(1);
    store.close();
  });

  it("keeps at most one live deposit in a compartment, and writes nothing of a refused step", () => {
    using folder = new StoreFolder();
    const store = folder.open();
    store.commit([{ table: "deposit", put: deposit() }], [doorClosed(1)], NOON);
    const before = store.load();
    expect(() => store.commit([{ table: "deposit", put: deposit() }], [doorClosed(1)], NOON)).toThrow(/UNIQUE/);
    expect(store.load()).toEqual(before);
    expect(store.lastSeq()).toBe(1);
    store.commit([{ table: "deposit", put: deposit({ state: "collected" }) }], [doorClosed(1)], NOON);
    expect(store.load().deposit.size).toBe(2);
    expect(store.verifyChain(1, 2)).toEqual({ ok: true, value: undefined });
    store.close();
  });

  const badRows: readonly [string, Change, RegExp][] = [
    [
      "a compartment that names no deposit there is",
      { table: "compartment", put: compartment(1, { deposit: deposit().id }) },
      /FOREIGN KEY/,
    ],
    [
      "an occupancy nobody knows",
      { table: "compartment", put: compartment(1, { occupancy: "haunted" as "unknown" }) },
      /CHECK/,
    ],
    ["a compartment number no door has", { table: "compartment", put: compartment(1001) }, /CHECK/],
    ["a live code without its digests", { table: "deposit", put: deposit({ code: "live" }) }, /CHECK/],
    ["an id that is not hex", { table: "deposit", put: deposit({ id: "Z".repeat(32) as DepositId }) }, /CHECK/],
    ["a budget below nothing", { table: "budget", put: { name: "code", level: -0.5, strikes: 0 } }, /CHECK/],
    [
      "a fraction where a whole number belongs",
      { table: "budget", put: { name: "code", level: 1, strikes: 0.5 } },
      /cannot store REAL/,
    ],
  ];
  it.each(badRows)("refuses %s", (_, change, complaint) => {
    using folder = new StoreFolder();
    const store = folder.open();
    expect(() => store.commit([change], [], NOON)).toThrow(complaint);
    store.close();
  });

  /** Files of a store that are anybody's but the owner's. */
  const exposed = (folder: StoreFolder): readonly string[] =>
    readdirSync(dirname(folder.database)).filter(
      (name) => (statSync(join(dirname(folder.database), name)).mode & 0o777) !== 0o600,
    );

  it("is its owner's alone, with its log, its index and its lock", () => {
    using folder = new StoreFolder();
    const store = folder.open();
    store.commit([], [doorClosed(1)], NOON);
    expect(readdirSync(dirname(folder.database))).toHaveLength(4);
    expect(exposed(folder)).toEqual([]);
    store.close();
  });

  it("takes back what a copy or a careless hand has opened to others", () => {
    using folder = new StoreFolder();
    const store = folder.open();
    store.commit([], [doorClosed(1)], NOON);
    const copies = ["", "-wal"].map((suffix) => [suffix, readFileSync(folder.database + suffix)] as const);
    store.close();
    for (const [suffix, bytes] of copies) {
      writeFileSync(folder.database + suffix, bytes);
      chmodSync(folder.database + suffix, 0o644);
    }
    chmodSync(`${folder.database}.lock`, 0o644);
    const again = folder.open();
    expect(again.lastSeq()).toBe(1);
    expect(exposed(folder)).toEqual([]);
    again.close();
  });

  it("says once what it was made as, until the first fact is written", () => {
    using folder = new StoreFolder();
    const first = folder.open();
    expect(first.opened).toBe("created");
    first.close();
    const second = folder.open();
    expect(second.opened).toBe("created");
    second.commit([metaPatch(second, { cleanStop: true })], [doorClosed(1)], NOON);
    second.close();
    const third = folder.open();
    expect(third.opened).toBe("existing");
    expect(third.epoch).toBe(first.epoch);
    third.close();
  });
});
