import { isWorthALine } from "../../contract/sparse.ts";
import type { Log } from "../ports.ts";

/** Says what was met, with fields of this time. */
export type SparseWarning = (fields: Readonly<Record<string, unknown>>) => void;

/** Warns ever more seldom of the same thing, with the count. */
export function createSparseWarning(log: Log, message: string): SparseWarning {
  let count = 0;
  return (fields) => {
    count += 1;
    if (isWorthALine(count)) log.warn({ ...fields, count }, message);
  };
}
