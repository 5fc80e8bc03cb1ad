import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { epochMs, type MonoMs, monoMs } from "../../../src/contract/time.ts";
import { openAlarm } from "../../../src/locker/platform/alarm.ts";
import { clockTrust, systemClock, watchClockTrust } from "../../../src/locker/platform/clock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lockerd-clock-"));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const FLOOR = epochMs(Date.UTC(2026, 10, 21));
const settings = (policy: "auto" | "assume_synced" = "auto", floor = FLOOR) => ({
  policy,
  synchronizedFile: join(folder, "synchronized"),
  wallFloor: () => floor,
});

describe("the system's clock", () => {
  it("reads both clocks, the monotonic one as the system has it", () => {
    const before = process.hrtime.bigint();
    const { wall, mono } = systemClock.now();
    const after = process.hrtime.bigint();
    expect(mono).toBeGreaterThanOrEqual(Number(before) / 1e6 - 0.001);
    expect(mono).toBeLessThanOrEqual(Number(after) / 1e6 + 0.001);
    expect(Math.abs(wall - Date.now())).toBeLessThan(1000);
  });
});

describe("trust in the clock", () => {
  it("is none in 1970, nor before what was believed last, nor on a locker that never believed any", () => {
    expect(clockTrust(settings(), epochMs(5000))).toBe("unset");
    expect(clockTrust(settings(), epochMs(FLOOR - 1))).toBe("unset");
    expect(clockTrust(settings("auto", epochMs(0)), FLOOR)).toBe("unset");
  });

  it("is some at or after what was believed last", () => {
    expect(clockTrust(settings(), FLOOR)).toBe("restored");
  });

  it("is full once a time source has agreed, or the operator vouches for it", () => {
    writeFileSync(join(folder, "synchronized"), "");
    expect(clockTrust(settings(), epochMs(5000))).toBe("synced");
    rmSync(join(folder, "synchronized"));
    expect(clockTrust(settings("assume_synced"), epochMs(5000))).toBe("synced");
  });

  it("is watched", () => {
    vi.useFakeTimers();
    const told: string[] = [];
    const clock = { now: () => ({ wall: FLOOR, mono: monoMs(0) }) };
    const stop = watchClockTrust(settings(), clock, (trust) => told.push(trust));
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual([]);
    writeFileSync(join(folder, "synchronized"), "");
    vi.advanceTimersByTime(5_000);
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual(["synced"]);
    stop();
    rmSync(join(folder, "synchronized"));
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual(["synced"]);
    expect(existsSync(join(folder, "synchronized"))).toBe(false);
  });
});

describe("the alarm", () => {
  /** A clock that moves with vitest's fake timers. */
  function setUp() {
    vi.useFakeTimers();
    const start = Date.now();
    const clock = { now: () => ({ wall: FLOOR, mono: monoMs(Date.now() - start) }) };
    const rung: MonoMs[] = [];
    return { alarm: openAlarm(clock), rung, ring: () => void rung.push(clock.now().mono) };
  }

  it("rings once, not before it is due", () => {
    const { alarm, rung, ring } = setUp();
    alarm.set(monoMs(1500.4), ring);
    vi.advanceTimersByTime(1500);
    expect(rung).toEqual([]);
    vi.advanceTimersByTime(10_000);
    expect(rung).toEqual([1501]);
  });

  it("rings at once when it is due already", () => {
    const { alarm, rung, ring } = setUp();
    alarm.set(monoMs(-50), ring);
    vi.advanceTimersByTime(1);
    expect(rung).toHaveLength(1);
  });

  it("keeps only the last setting, or none", () => {
    const { alarm, rung, ring } = setUp();
    alarm.set(monoMs(100), ring);
    alarm.set(monoMs(300), ring);
    vi.advanceTimersByTime(200);
    expect(rung).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(rung).toEqual([300]);
    alarm.set(monoMs(400), ring);
    alarm.set(undefined, ring);
    vi.advanceTimersByTime(1000);
    expect(rung).toEqual([300]);
  });

  it("waits longer than a timer of node can", () => {
    const { alarm, rung, ring } = setUp();
    const thirtyDays = 30 * 86_400_000;
    alarm.set(monoMs(thirtyDays), ring);
    vi.advanceTimersByTime(thirtyDays - 1);
    expect(rung).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(rung).toEqual([thirtyDays]);
  });
});
