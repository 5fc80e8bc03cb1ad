import type { Notify } from "./systemd.ts";

/** A loop that is late by this much serves nobody. */
const LAG_MS_MAX = 1_000;

/**
 * Tells the service manager that the daemon lives, three times a watchdog period, and only while its event loop is on
 * time. Database writes happen on that loop, so a disk that hangs stops the telling; a bus that hangs is replaced by
 * its client; a broker that is away is nobody's reason to restart.
 *
 * @returns the way to stop.
 */
export function startWatchdog({ watchdogMs, watchdog }: Notify): () => void {
  if (watchdogMs === undefined) return () => undefined;
  const everyMs = watchdogMs / 3;
  let expectedAt = performance.now() + everyMs;
  const timer = setInterval(() => {
    const lagMs = performance.now() - expectedAt;
    expectedAt = performance.now() + everyMs;
    if (lagMs < LAG_MS_MAX) watchdog();
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
