import type { Log } from "../ports.ts";

/** Says what was met, with fields of this time. */
export type SparseWarning = (fields: Readonly<Record<string, unknown>>) => void;

/**
 * Warns the 1st, 2nd, 4th, 8th, ... time, with the count: what a broker can make us say as often as it likes must not
 * fill the disk.
 */
export function createSparseWarning(log: Log, message: string): SparseWarning {
  let count = 0;
  let nextCount = 1;
  return (fields) => {
    count += 1;
    if (count < nextCount) return;
    nextCount *= 2;
    log.warn({ ...fields, count }, message);
  };
}
