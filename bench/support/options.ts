import { parseArgs } from "node:util";

export type BenchOptions = {
  readonly count: number;
  /** Only that the bench runs is asked: a missed goal is printed and forgiven. */
  readonly isSmoke: boolean;
};

type Counts = { readonly normal: number; readonly smoke: number; readonly max: number };

/** Reads `--smoke` and `--count N` from the command line. @throws when the line says anything else. */
export function readOptions(counts: Counts): BenchOptions {
  const { values } = parseArgs({ options: { smoke: { type: "boolean", default: false }, count: { type: "string" } } });
  const isSmoke = values.smoke;
  if (values.count === undefined) return { count: isSmoke ? counts.smoke : counts.normal, isSmoke };
  const count = /^[1-9]\d{0,8}$/.test(values.count) ? Number(values.count) : 0;
  if (count < 1 || count > counts.max) throw new Error(`--count takes 1 to ${counts.max}, not "${values.count}"`);
  return { count, isSmoke };
}
