import { vi } from "vitest";

/** Waits until `check` no longer throws; long enough for a machine with other work, short enough to fail a test. */
export const soon = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 10_000, interval: 20 });
