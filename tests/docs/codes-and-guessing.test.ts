import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { guessRefillPerDay } from "../../src/locker/domain/guessing.ts";
import {
  DAY_MS,
  GUESS_ALARM_COUNT,
  GUESS_BURST,
  PARCEL_DAYS,
  PAUSE_DEGRADED_MS,
  PAUSE_FIRST_MS,
  PAUSE_MAX_MS,
  STRIKES_FREE,
} from "../../src/locker/domain/policy.ts";

const text = readFileSync(new URL("../../docs/explanation/codes-and-guessing.md", import.meta.url), "utf8");

/** Rows of figures under a heading of that many columns. */
const figures = (columns: number): readonly (readonly number[])[] =>
  [...text.matchAll(/^\| \d.*\|$/gm)]
    .map(([row]) => row.split("|").slice(1, -1).map(Number))
    .filter((row) => row.length === columns);

/** Chance of at least one hit. */
const chance = (guesses: number, liveCodes: number, digits: number): number =>
  1 - Math.exp((-guesses * liveCodes) / 10 ** digits);

/** Two digits are all the page shows. */
const shown = (value: number): number => Number(value.toPrecision(2));

describe("docs/explanation/codes-and-guessing.md", () => {
  it("shows the refill the code computes, and the odds that follow from it", () => {
    const rows = figures(4);
    expect(rows).toHaveLength(6);
    for (const row of rows) {
      const [liveCodes = 0] = row;
      const perDay = guessRefillPerDay(liveCodes);
      const parcel = shown(chance(perDay * PARCEL_DAYS, 1, 8));
      expect(row).toEqual([liveCodes, Number(perDay.toFixed(2)), shown(chance(perDay * 365, liveCodes, 8)), parcel]);
    }
  });

  it("shows the odds with a spent budget", () => {
    const rows = figures(2);
    expect(rows).toHaveLength(5);
    for (const row of rows) {
      const [liveCodes = 0] = row;
      expect(row).toEqual([liveCodes, shown(chance((365 * DAY_MS) / PAUSE_DEGRADED_MS, liveCodes, 12))]);
    }
  });

  it("tells the numbers of the policy", () => {
    const words = text.replaceAll(/\s+/g, " ");
    expect(words).toContain(`a bucket of at most ${GUESS_BURST} guesses`);
    expect(words).toContain(`a pause of ${PAUSE_FIRST_MS / 1_000} s, and each further one doubles it`);
    expect(words).toContain(`up to ${PAUSE_MAX_MS / 60_000} min`);
    expect(words).toContain(`The pause is then ${PAUSE_DEGRADED_MS / 1_000} s`);
    expect(words).toContain(`at ${GUESS_ALARM_COUNT} guesses within an hour`);
    expect(words).toContain(`After wrong code ${STRIKES_FREE} comes`);
  });
});
