import { describe, expect, it } from "vitest";
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
