import type { LockerHandle } from "../contract/ids.ts";

/** Tells whoever looks on that something of a locker has changed. What it is now, they read themselves. */
export type Changes = {
  readonly notify: (locker: LockerHandle) => void;
  /** @returns a function that ends the subscription. */
  readonly subscribe: (listener: (locker: LockerHandle) => void) => () => void;
};

export function createChanges(): Changes {
  const listeners = new Set<(locker: LockerHandle) => void>();
  return {
    notify: (locker) => {
      for (const listener of listeners) listener(locker);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
