import { afterEach, describe, expect, it, vi } from "vitest";
import { KioskView } from "../../../src/contract/kiosk-api.ts";
import { checker } from "../../../src/contract/parse.ts";
import { codeFromHotp } from "../../../src/contract/pickup-code.ts";
import { KioskWorld, viewOf } from "./kiosk-world.ts";

const isView = checker(KioskView);

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  vi.useRealTimers();
});

describe("the stream of snapshots", () => {
  it("begins with a whole one", async () => {
    await using world = await KioskWorld.open();
    const stream = await world.stream();
    await stream.until(() => stream.events.length === 1);
    expect(stream.response.headers).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "content-security-policy": expect.stringContaining("default-src 'self'"),
    });
    expect(stream.last?.event).toBe("view");
    const view = viewOf(stream.last?.data);
    expect(isView(view)).toEqual({ ok: true, value: view });
    expect(view).toMatchObject({ locker: "Test Street 1", boards: "ok", free: { S: 2, M: 1, L: 1 }, operation: null });
    stream.hangUp();
  });

  it("tells of every step of a door", async () => {
    await using world = await KioskWorld.open();
    const { code, compartment } = await world.deposit();
    const stream = await world.stream();
    const operation = (): unknown => viewOf(stream.last?.data).operation;
    await world.post("/pickup", { code });
    await stream.until(() => viewOf(stream.last?.data).operation?.state === "opening");
    expect(operation()).toMatchObject({ purpose: "pickup", compartment, depositState: "collecting" });
    world.rim.bus.obey();
    await stream.until(() => viewOf(stream.last?.data).operation?.state === "open");
    world.rim.bus.door(compartment, "closed");
    await stream.until(() => viewOf(stream.last?.data).operation?.depositState === "collected");
    expect(operation()).toMatchObject({ state: "closed", mayReopen: true });
    stream.hangUp();
  });

  it("says nothing twice", async () => {
    await using world = await KioskWorld.open();
    const stream = await world.stream();
    await stream.until(() => stream.events.length === 1);
    // Changes something, but nothing of the view.
    world.rim.roster([]);
    world.rim.engine.post({ kind: "link", link: "up" });
    await stream.until(() => viewOf(stream.last?.data).link === "up");
    expect(stream.events.length).toBe(2);
    stream.hangUp();
  });

  it("leaves out what a slow page would be late for, never the last", async () => {
    await using world = await KioskWorld.open({ sizes: Array(1_000).fill("S") });
    const stream = await world.stream();
    await stream.until(() => stream.events.length === 1);
    stream.response.pause();
    // About 15 MB, far more than the sockets between hold.
    const changesCount = 200;
    for (let n = 1; n < changesCount; n += 1) {
      world.rim.engine.post({ kind: "link", link: n % 2 === 0 ? "down" : "up" });
      await nextTurn();
    }
    world.rim.engine.post({ kind: "clock", trust: "restored" });
    await nextTurn();
    stream.response.resume();
    await stream.until(() => viewOf(stream.last?.data).clockTrust === "restored");
    expect(stream.events.length).toBeLessThan(changesCount);
    stream.hangUp();
  });

  it("comes whole again to a page that lost it", async () => {
    await using world = await KioskWorld.open();
    const lost = await world.stream();
    lost.hangUp();
    world.rim.engine.post({ kind: "link", link: "up" });
    const stream = await world.stream();
    await stream.until(() => stream.events.length === 1);
    expect(viewOf(stream.last?.data).link).toBe("up");
    stream.hangUp();
  });

  it("goes to the newest page alone; the older one is told not to come back", async () => {
    await using world = await KioskWorld.open();
    const older = await world.stream();
    await older.until(() => older.events.length === 1);
    const newer = await world.stream();
    await older.until(() => older.ended);
    expect(older.last?.event).toBe("problem");
    expect(JSON.parse(older.last?.data ?? "")).toMatchObject({ code: "too_many_streams", status: 409 });
    world.rim.engine.post({ kind: "link", link: "up" });
    await newer.until(() => viewOf(newer.last?.data).link === "up");
    expect(newer.ended).toBe(false);
    newer.hangUp();
  });

  it("tells that a pause is over, though nothing else happens", async () => {
    await using world = await KioskWorld.open();
    for (const n of ["00000001", "00000002", "00000003"]) await world.post("/pickup", { code: codeFromHotp(n) });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const stream = await world.stream();
    await stream.until(() => viewOf(stream.last?.data).pausedMs === 30_000);
    world.rim.leap(30_000);
    vi.advanceTimersByTime(30_000);
    await stream.until(() => viewOf(stream.last?.data).pausedMs === 0);
    stream.hangUp();
  });

  it("beats every ten seconds", async () => {
    await using world = await KioskWorld.open();
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const stream = await world.stream();
    vi.advanceTimersByTime(30_000);
    await stream.until(() => stream.comments.length >= 3);
    world.rim.engine.post({ kind: "link", link: "up" });
    await stream.until(() => viewOf(stream.last?.data).link === "up");
    expect(stream.comments).toEqual(["heartbeat", "heartbeat", "heartbeat"]);
    stream.hangUp();
  });

  it("stops watching the engine when the page is gone", async () => {
    await using world = await KioskWorld.open();
    const stream = await world.stream();
    expect(world.watchersCount).toBe(1);
    stream.hangUp();
    await expect.poll(() => world.watchersCount).toBe(0);
  });

  it("does not hold up the end of the server", async () => {
    await using world = await KioskWorld.open();
    const stream = await world.stream();
    await world.close();
    await stream.until(() => stream.ended);
    expect(world.watchersCount).toBe(0);
  });
});
