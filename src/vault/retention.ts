import type { Logger } from "pino";
import type { EpochMs } from "../contract/time.ts";
import type { Delivery } from "./delivery.ts";
import type { VaultStore } from "./store.ts";

/** A contact dies this long after its parcel was collected, recalled or refused. */
export const CONTACT_AFTER_END_MS = 3_600_000;
/** No contact and no sealed secret outlives this, whatever becomes of the parcel: far beyond any keeping period. */
export const PERSONAL_KEEP_MS = 30 * 86_400_000;
/** Deposits and notice ids, all pseudonyms, are remembered this long, so that late duplicates are recognised. */
export const PSEUDONYM_KEEP_MS = 2 * PERSONAL_KEEP_MS;
/** How often due erasures are looked for. With one missed look still inside the promised minute. */
const LOOK_EVERY_MS = 20_000;
/** Erasures later than this make the vault unready. */
const LATENESS_MS_MAX = 60_000;
/** Notices tried again in one look: a mail server that was down for days is not flooded. */
const RETRIES_PER_LOOK = 50;

/** Calls `run` again and again until the returned function is called. */
export type Every = (periodMs: number, run: () => void) => () => void;

export type RetentionDeps = {
  readonly store: VaultStore;
  readonly delivery: Delivery;
  readonly now: () => EpochMs;
  readonly every: Every;
  readonly log: Logger;
};

/**
 * Erases what is due and tries failed notices again. Deadlines are data in the rows and are compared with the wall
 * clock at every look, so neither a restart, a sleeping machine nor a stepped clock loses one.
 */
export function createRetention({ store, delivery, now, every, log }: RetentionDeps) {
  let stop = (): void => {};
  const erase = (): void => {
    const erasedCount = store.eraseDue(now());
    if (erasedCount > 0) log.info({ erasedCount }, "contacts and sealed secrets erased");
  };
  const retry = (): void => {
    for (const sealedHash of store.untoldDue(now(), RETRIES_PER_LOOK)) {
      delivery.deliver(sealedHash).catch((error: unknown) => log.error({ err: error }, "notice failed"));
    }
  };
  const look = (): void => {
    try {
      erase();
      retry();
    } catch (error) {
      // The next look tries again; `isOnTime` turns false when it keeps failing.
      log.error({ err: error }, "erasure failed");
    }
  };
  return {
    /** Erases first and throws when it cannot: no vault serves with data it should have erased. */
    start(): void {
      erase();
      stop = every(LOOK_EVERY_MS, look);
      retry();
    },
    stop: (): void => stop(),
    isOnTime: (): boolean => (store.nextErasureAt() ?? Number.POSITIVE_INFINITY) + LATENESS_MS_MAX > now(),
  };
}
