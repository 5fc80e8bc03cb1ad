import { until } from "../../../src/cli/demo/http.ts";

/** Long enough for whole processes on a machine with other work, short enough to fail a test. */
const WITHIN_MS = 20_000;

/** Asks again until it answers something. */
export const eventually = <T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> =>
  until(what, WITHIN_MS, async () => ask());
