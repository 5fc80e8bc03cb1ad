import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import type { CompartmentId, Epoch } from "../../src/contract/ids.ts";
import { epochMs } from "../../src/contract/time.ts";
import { openStore } from "../../src/locker/store/sqlite-store.ts";
import { soon } from "../support/soon.ts";
import { LockerProcess } from "./locker-process.ts";

const CLEAN_STOP = "SELECT clean_stop FROM meta";

describe("a locker that ends", () => {
  it("because it was told to says so to the next start", async () => {
    await using locker = new LockerProcess();
    await locker.start();
    expect(await locker.end("SIGTERM")).toBe(0);
    expect(locker.value(CLEAN_STOP)).toBe(1);
  });

  it("because something broke leaves the next start to look at everything", async () => {
    await using locker = new LockerProcess();
    await locker.start();
    expect(await locker.end("SIGWINCH")).toBe(1);
    await soon(() => expect(locker.log()).toMatch(/broken on purpose.*locker is closed/s));
    expect(locker.value(CLEAN_STOP)).toBe(0);
  });
});

describe("a locker whose journal was changed long ago", () => {
  it("starts, since no door depends on it, and says so", async () => {
    await using locker = new LockerProcess();
    const store = openStore({ path: locker.database, handle: locker.handle, newEpoch: "00000000000000aa" as Epoch });
    if (!store.ok) throw new Error(store.error.code);
    const closed = { name: "door.closed", data: { compartment: 1 as CompartmentId } } as const;
    const at = { wall: epochMs(Date.now()), clockTrust: "synced" } as const;
    store.value.commit(
      [],
      Array.from({ length: 1_000 }, () => closed),
      at,
    );
    store.value.close();
    const intruder = new Database(locker.database);
    intruder.exec("UPDATE journal SET payload = replace(payload, 'closed', 'opened') WHERE seq = 700");
    intruder.close();
    await locker.start();
    await soon(() => expect(locker.log()).toMatch(/"level":"error".*"seq":700,"msg":"journal is broken/));
    expect(await locker.end("SIGTERM")).toBe(0);
  });
});
