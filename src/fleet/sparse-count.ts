import { isWorthALine } from "../contract/sparse.ts";

/** Counts what happened to a subject; answers the count when it is worth a line. */
export type SparseCount = (subject: string) => number | undefined;

export function createSparseCount(): SparseCount {
  const counts = new Map<string, number>();
  return (subject) => {
    const count = (counts.get(subject) ?? 0) + 1;
    counts.set(subject, count);
    return isWorthALine(count) ? count : undefined;
  };
}
