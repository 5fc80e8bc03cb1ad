import { describe, expect, it } from "vitest";
import { KioskWorld, problemOf } from "./kiosk-world.ts";

const OK = { database: "ok", disk: "ok", boards: "ok" };

describe("health", () => {
  it("says that the process lives, and which version it is", async () => {
    await using world = await KioskWorld.open();
    const live = await world.ask("GET", "/livez");
    expect([live.status, JSON.parse(live.text), live.headers["cache-control"]]).toEqual([
      200,
      { status: "ok" },
      "no-store",
    ]);
    expect(JSON.parse((await world.ask("GET", "/version")).text)).toEqual({ version: "1.2.3" });
  });

  it.each(["/readyz?verbose", "/readyz?verbose="])("says what it is made of at %s", async (path) => {
    await using world = await KioskWorld.open();
    const ready = await world.ask("GET", path);
    expect([ready.status, JSON.parse(ready.text)]).toEqual([200, { status: "ok", checks: OK }]);
  });

  it("is ready without the fleet", async () => {
    await using world = await KioskWorld.open();
    world.rim.engine.post({ kind: "link", link: "down" });
    expect(JSON.parse((await world.ask("GET", "/readyz")).text)).toEqual({ status: "ok" });
  });

  it("is not ready with a silent board", async () => {
    await using world = await KioskWorld.open();
    world.rim.bus.report({ kind: "board", board: "b2", health: "silent" });
    const ready = await world.ask("GET", "/readyz?verbose");
    expect([ready.status, JSON.parse(ready.text)]).toEqual([
      503,
      { status: "not_ready", checks: { ...OK, boards: "silent" } },
    ]);
  });

  it("is not ready without its database", async () => {
    await using world = await KioskWorld.open();
    world.isDatabaseReadable = false;
    const ready = await world.ask("GET", "/readyz?verbose");
    expect([ready.status, JSON.parse(ready.text)]).toEqual([
      503,
      { status: "not_ready", checks: { ...OK, database: "unreadable" } },
    ]);
  });

  it("is not ready with a disk that is nearly full", async () => {
    await using world = await KioskWorld.open();
    world.hasDiskSpace = false;
    const ready = await world.ask("GET", "/readyz?verbose");
    expect([ready.status, JSON.parse(ready.text)]).toEqual([
      503,
      { status: "not_ready", checks: { ...OK, disk: "nearly_full" } },
    ]);
  });

  it.each(["/readyz?verbose=1", "/readyz?other", "/readyz?verbose&verbose"])("does not guess at %s", async (path) => {
    await using world = await KioskWorld.open();
    const answer = await world.ask("GET", path);
    expect([answer.status, problemOf(answer).code]).toEqual([400, "bad_request"]);
  });
});
