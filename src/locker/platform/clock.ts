import { existsSync } from "node:fs";
import { type ClockTrust, type EpochMs, epochMs, monoMs } from "../../contract/time.ts";
import type { Clock } from "../ports.ts";

/** systemd-timesyncd (and chrony's hook) make this file once a time source has agreed. */
export const SYNCHRONIZED_FILE = "/run/systemd/timesync/synchronized";

/** How often trust is looked at: people wait for it only after a boot without a clock. */
const TRUST_CHECK_EVERY_MS = 5_000;

const NS_PER_MS = 1_000_000;

/**
 * The clocks of this machine. The monotonic one is the system's, so its readings can be compared across processes,
 * which those of `performance.now()` cannot.
 */
export const systemClock: Clock = {
  now: () => ({ wall: epochMs(Date.now()), mono: monoMs(Number(process.hrtime.bigint()) / NS_PER_MS) }),
};

export type TrustSettings = {
  /** `assume_synced`: the machine keeps time by other means, and the operator vouches for it. */
  readonly policy: "auto" | "assume_synced";
  readonly synchronizedFile: string;
  /** Latest wall time this locker has believed; 0 when it never believed any. */
  readonly wallFloor: () => EpochMs;
};

/** How far the wall clock can be believed now. Boards without a battery clock boot in 1970 or when they were last on. */
export function clockTrust(settings: TrustSettings, wall: EpochMs): ClockTrust {
  if (settings.policy === "assume_synced" || existsSync(settings.synchronizedFile)) return "synced";
  const floor = settings.wallFloor();
  return floor > 0 && wall >= floor ? "restored" : "unset";
}

/** Tells every change of trust. Returns the way to stop. */
export function watchClockTrust(
  settings: TrustSettings,
  clock: Clock,
  onChange: (trust: ClockTrust) => void,
): () => void {
  let known = clockTrust(settings, clock.now().wall);
  const timer = setInterval(() => {
    const trust = clockTrust(settings, clock.now().wall);
    if (trust === known) return;
    known = trust;
    onChange(trust);
  }, TRUST_CHECK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
