/** Counts what happened to a subject; answers the count when it is worth a line. */
export type SparseCount = (subject: string) => number | undefined;

/** Worth a line are the 1st, 2nd, 4th, 8th, ... time: what a broker can make us say at will must not fill the disk. */
export function createSparseCount(): SparseCount {
  const counts = new Map<string, number>();
  return (subject) => {
    const count = (counts.get(subject) ?? 0) + 1;
    counts.set(subject, count);
    return Number.isInteger(Math.log2(count)) ? count : undefined;
  };
}
