import { setImmediate } from "node:timers/promises";
import type { ClockTrust } from "../../contract/time.ts";
import type { Clock } from "../ports.ts";
import type { SqliteStore } from "./sqlite-store.ts";

export type House = {
  readonly store: Pick<SqliteStore, "prune" | "wipeDeleted">;
  readonly clock: Clock;
  readonly clockTrust: () => ClockTrust;
};

/** Deleted rows leave the file within a minute. */
const EVERY_MS = 60_000;
/** What a long outage has left over goes within a few rounds, and no round keeps the disk busy for long. */
const PRUNES_PER_ROUND_MAX = 20;

/** Prunes and wipes in the background. Returns the way to stop. */
export function keepHouse(house: House): () => void {
  const stopped = new AbortController();
  // What it throws ends the process, as every failed write does.
  const timer = setInterval(() => void tidyUp(house, stopped.signal), EVERY_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    stopped.abort();
  };
}

/** One round, in turns of the event loop, so that doors never wait for it. The store is left alone once it is told to stop. */
export async function tidyUp({ store, clock, clockTrust }: House, signal: AbortSignal): Promise<void> {
  for (let turn = 0; turn < PRUNES_PER_ROUND_MAX; turn += 1) {
    // Only a clock that a time source vouches for says what is two weeks old.
    if (clockTrust() !== "synced" || store.prune(clock.now().wall) === 0) break;
    await setImmediate();
    if (signal.aborted) return;
  }
  store.wipeDeleted();
}
