import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, it, vi } from "vitest";
import { EventEnvelope } from "../../../src/contract/events.ts";
import type { DepositId, ParcelVerifier } from "../../../src/contract/ids.ts";
import { jsonParser } from "../../../src/contract/parse.ts";
import { epochMs, monoMs } from "../../../src/contract/time.ts";
import type { Clock, Log } from "../../../src/locker/ports.ts";
import { checkJournalInBackground } from "../../../src/locker/store/check-journal.ts";
import { tidyUp } from "../../../src/locker/store/keep-house.ts";
import type { SqliteStore } from "../../../src/locker/store/sqlite-store.ts";
import { soon } from "../../support/soon.ts";
import { DAY_MS, doorClosed, HANDLE, metaPatch, NOON, randomHex, StoreFolder } from "./stores.ts";

const sha256 = (...parts: (string | Uint8Array)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};

const issued = (sealed: string) =>
  ({
    name: "code.issued",
    data: { deposit: randomHex(16) as DepositId, verifier: randomHex(16) as ParcelVerifier, sealed: sha256(sealed) },
    attachment: sealed,
  }) as const;

function addRows(store: SqliteStore, count: number): void {
  for (let n = 0; n < count; n += 1) store.commit([], [doorClosed(1 + (n % 9)), doorClosed(2)], NOON);
}

describe("the journal", () => {
  it("stores CloudEvents whose hashes chain from 32 zero bytes", () => {
    using folder = new StoreFolder();
    const store = folder.open();
    store.commit([], [doorClosed(7)], NOON);
    store.commit([], [doorClosed(8), doorClosed(9)], NOON);
    const rows = store.rowsAfter(0, 10);
    expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    let previous: Uint8Array = Buffer.alloc(32);
    for (const { payload, hash } of rows) {
      expect(hash).toBe(sha256(previous, payload));
      previous = Buffer.from(hash, "hex");
    }
    const [first] = rows;
    const envelope = jsonParser(EventEnvelope)(first?.payload ?? "");
    expect(envelope).toEqual({
      ok: true,
      value: {
        specversion: "1.0",
        id: `${store.epoch}-1`,
        source: `/lockers/${HANDLE}`,
        type: "org.lockerd.door.closed.v1",
        time: "2026-11-21T12:00:00.000Z",
        clocktrust: "synced",
        datacontenttype: "application/json",
        data: { compartment: 7 },
      },
    });
    store.close();
  });

  it("goes on after a restart where it ended", () => {
    using folder = new StoreFolder();
    const store = folder.open();
    addRows(store, 3);
    store.close();
    const again = folder.open();
    expect(again.lastSeq()).toBe(6);
    expect(again.commit([], [doorClosed(1)], NOON)).toBe(7);
    expect(again.verifyChain(1, 7).ok).toBe(true);
    expect(again.rowsAfter(4, 2).map(({ seq }) => seq)).toEqual([5, 6]);
    again.close();
  });

  it.each([
    ["a changed payload", "UPDATE journal SET payload = replace(payload, 'closed', 'opened') WHERE seq = 40", 40],
    ["a removed row", "DELETE FROM journal WHERE seq = 40", 40],
    [
      "a row with its hash made to fit",
      "UPDATE journal SET payload = 'x', hash = hex(zeroblob(32)) WHERE seq = 40",
      40,
    ],
    ["a removed end", "DELETE FROM journal WHERE seq > 1400", 1401],
  ])("notices %s", async (_, tampering, seq) => {
    using folder = new StoreFolder();
    const store = folder.open();
    addRows(store, 750);
    expect(await store.verifyJournal(AbortSignal.timeout(10_000))).toEqual({ ok: true, value: { rowsCount: 1500 } });
    const intruder = new Database(folder.database);
    intruder.exec(tampering);
    intruder.close();
    expect(store.verifyChain(1, 1500)).toEqual({ ok: false, error: { code: "chain_broken", seq } });
    store.close();
  });

  it("notices tampering in the background, far from its end", async () => {
    using folder = new StoreFolder();
    const store = folder.open();
    addRows(store, 750);
    const intruder = new Database(folder.database);
    intruder.exec("UPDATE journal SET payload = 'x' WHERE seq = 1200");
    intruder.close();
    const verdict = await store.verifyJournal(AbortSignal.timeout(10_000));
    expect(verdict).toEqual({ ok: false, error: { code: "chain_broken", seq: 1200 } });
    store.close();
  });

  it("hands out the attachment of a row until the fleet has it, and leaves no trace of it then", () => {
    using folder = new StoreFolder();
    const store = folder.open();
    const sealed = Array.from({ length: 60 }, () => `sealed-${randomHex(700)}`);
    for (const text of sealed) store.commit([], [doorClosed(1), issued(text)], NOON);
    expect(store.rowsAfter(1, 1)[0]?.attachment).toEqual({ sha256: sha256(sealed[0] ?? ""), text: sealed[0] });
    expect(sealed.every((text) => folder.bytes().includes(text.slice(0, 60)))).toBe(true);

    // All but the last two rows, in two steps.
    for (const ackedSeq of [51, 118]) store.commit([metaPatch(store, { ackedSeq })], [], NOON);
    store.wipeDeleted();
    const [kept] = sealed.slice(-1);
    expect(store.rowsAfter(0, 200).flatMap(({ attachment }) => attachment?.text ?? [])).toEqual([kept]);
    const bytes = folder.bytes();
    const found = sealed.filter((text) =>
      Array.from({ length: 20 }, (_, n) => text.slice(n * 60, n * 60 + 24)).some((part) => bytes.includes(part)),
    );
    expect(found).toEqual([kept]);
    store.close();
  });

  it("refuses an attachment its row does not name", () => {
    using folder = new StoreFolder();
    const store = folder.open();
    expect(() => store.commit([], [{ ...issued("one"), attachment: "another" }], NOON)).toThrow(/SHA-256/);
    expect(store.lastSeq()).toBe(0);
    store.close();
  });

  it("keeps acknowledged rows 14 days, then lets go of them and stays verifiable", async () => {
    using folder = new StoreFolder();
    const store = folder.open();
    addRows(store, 400);
    store.commit([metaPatch(store, { ackedSeq: 700 })], [], NOON);
    const inDays = (days: number) => epochMs(NOON.wall + days * DAY_MS);
    expect(store.prune(inDays(13.9))).toBe(0);
    expect([store.prune(inDays(14)), store.prune(inDays(14)), store.prune(inDays(14))]).toEqual([500, 200, 0]);
    expect(store.rowsAfter(0, 1)[0]?.seq).toBe(701);
    expect(store.verifyChain(701, 800).ok).toBe(true);
    expect(store.verifyChain(700, 800)).toEqual({ ok: false, error: { code: "chain_broken", seq: 700 } });
    expect(await store.verifyJournal(AbortSignal.timeout(10_000))).toEqual({ ok: true, value: { rowsCount: 100 } });
    store.close();
    const again = folder.open();
    expect(again.quarantinedTo).toBeNull();
    expect(again.lastSeq()).toBe(800);
    again.close();
  });

  it.each(["unset", "restored"] as const)("notes no age by a clock that is %s", (clockTrust) => {
    using folder = new StoreFolder();
    const store = folder.open();
    addRows(store, 5);
    store.commit([metaPatch(store, { ackedSeq: 10 })], [], { wall: NOON.wall, clockTrust });
    expect(store.prune(epochMs(NOON.wall + 400 * DAY_MS))).toBe(0);
    expect(store.rowsAfter(0, 20)).toHaveLength(10);
    store.close();
  });

  it.each(["synced", "restored"] as const)(
    "goes on pruning after a clock that was %s years ahead once",
    (clockTrust) => {
      using folder = new StoreFolder();
      const store = folder.open();
      addRows(store, 5);
      const ahead = epochMs(NOON.wall + 3_000 * DAY_MS);
      store.commit([metaPatch(store, { ackedSeq: 4 })], [], { wall: ahead, clockTrust });
      store.commit([metaPatch(store, { ackedSeq: 8 })], [], NOON);
      expect(store.prune(epochMs(NOON.wall + 14 * DAY_MS))).toBe(8);
      store.close();
    },
  );
});

describe("the check of the journal in the background", () => {
  const logTo = (messages: string[]): Log => {
    const write = (_: unknown, message: string): void => void messages.push(message);
    return { debug: write, info: write, warn: write, error: write };
  };

  it("says that all is well, or in one sentence what is not", async () => {
    using folder = new StoreFolder();
    const store = folder.open();
    addRows(store, 400);
    const messages: string[] = [];
    const told: string[] = [];
    const deps = { log: logTo(messages), onBroken: (sentence: string) => void told.push(sentence) };
    checkJournalInBackground(store, deps);
    await soon(() => expect(messages).toEqual(["journal is whole"]));
    const intruder = new Database(folder.database);
    intruder.exec("UPDATE journal SET payload = 'x' WHERE seq = 300");
    intruder.close();
    checkJournalInBackground(store, deps);
    await soon(() => expect(told).toEqual([expect.stringMatching(/^journal is broken at row 300: keep a copy/)]));
    store.close();
  });

  it("lets go of the store at once when it is stopped, and says nothing", async () => {
    using folder = new StoreFolder();
    const store = folder.open();
    addRows(store, 400);
    const messages: string[] = [];
    const verify = vi.spyOn(store, "verifyJournal");
    const stop = checkJournalInBackground(store, {
      log: logTo(messages),
      onBroken: (sentence) => void messages.push(sentence),
    });
    stop();
    store.close();
    await expect(verify.mock.results[0]?.value).rejects.toThrow("aborted");
    expect(messages).toEqual([]);
  });
});

describe("housekeeping", () => {
  const never = new AbortController().signal;

  /** A store with this many rows, all acknowledged at noon. */
  function ackedRows(folder: StoreFolder, count: number): SqliteStore {
    const store = folder.open();
    addRows(store, count / 2);
    store.commit([metaPatch(store, { ackedSeq: count })], [], NOON);
    return store;
  }

  const inTwoWeeks: Clock = { now: () => ({ wall: epochMs(NOON.wall + 14 * DAY_MS), mono: monoMs(0) }) };

  it("lets go of everything that is old enough in one round", async () => {
    using folder = new StoreFolder();
    const store = ackedRows(folder, 1_200);
    await tidyUp({ store, clock: inTwoWeeks, clockTrust: () => "synced" }, never);
    expect(store.rowsAfter(0, 1)).toEqual([]);
    store.close();
  });

  it.each(["unset", "restored"] as const)("prunes nothing by a clock that is %s, and wipes", async (clockTrust) => {
    using folder = new StoreFolder();
    const store = ackedRows(folder, 10);
    await tidyUp({ store, clock: inTwoWeeks, clockTrust: () => clockTrust }, never);
    expect(store.rowsAfter(0, 20)).toHaveLength(10);
    expect(statSync(`${folder.database}-wal`).size).toBe(0);
    store.close();
  });

  it("leaves a store alone that was closed in between", async () => {
    using folder = new StoreFolder();
    const store = ackedRows(folder, 1_200);
    const stopped = new AbortController();
    const round = tidyUp({ store, clock: inTwoWeeks, clockTrust: () => "synced" }, stopped.signal);
    stopped.abort();
    store.close();
    await expect(round).resolves.toBeUndefined();
    const again = folder.open();
    expect(again.rowsAfter(0, 1)[0]?.seq).toBe(501);
    again.close();
  });
});
