import { afterAll, beforeAll, expect, it } from "vitest";
import { seededRandom } from "../../sim/seeded-random.ts";
import { Campaign } from "./crash/campaign.ts";
import { POINTS, type Point } from "./crash/points.ts";
import { Site } from "./support/site.ts";

const CYCLES = Number(process.env["LOCKERD_CYCLES"] ?? 50);
/** Further cycles, as long as some point was not hit by a deposit and by a pickup. */
const CYCLES_MAX = CYCLES + 40;
const SEED = Number(process.env["LOCKERD_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

let site: Site;
beforeAll(async () => {
  site = await Site.open();
  await site.whole();
});
afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
});

it(`${CYCLES} kills lose no parcel and open no door twice, and the fleet ends up seeing what the locker sees`, async () => {
  const next = seededRandom(SEED);
  const campaign = new Campaign(site, (max) => next() * max);
  await campaign.prepare();
  const points = Object.keys(POINTS) as Point[];
  const missing = () =>
    points.flatMap((point) =>
      (["deposit", "pickup"] as const)
        .filter((kind) => !campaign.cycles.some(({ hit, purpose }) => hit === point && purpose === kind))
        .map((kind) => `${kind}: ${POINTS[point]}`),
    );
  while (campaign.cycles.length < CYCLES || (missing().length > 0 && campaign.cycles.length < CYCLES_MAX)) {
    await campaign.cycle();
  }
  const faults = await campaign.verdict();
  process.stdout.write(report(campaign, faults));
  expect(faults).toEqual([]);
  expect(missing()).toEqual([]);
});

function report({ cycles }: Campaign, faults: readonly string[]): string {
  const line = (what: string, fits: (cycle: Campaign["cycles"][number]) => boolean) => {
    const hits = cycles.filter(fits);
    const count = (purpose: "deposit" | "pickup") => hits.filter((cycle) => cycle.purpose === purpose).length;
    return `  ${what.padEnd(64)}${String(count("deposit")).padStart(9)}${String(count("pickup")).padStart(9)}`;
  };
  const strikes = [...new Set(cycles.map(({ strike }) => strike))];
  return [
    "",
    `${cycles.length} cycles, seed ${SEED}`,
    `  ${"killed".padEnd(64)}${"deposits".padStart(9)}${"pickups".padStart(9)}`,
    ...strikes.map((name) => line(name, ({ strike }) => strike === name)),
    "  where the locker was",
    ...Object.entries(POINTS).map(([point, words]) => line(words, ({ hit }) => hit === point)),
    line("elsewhere", ({ hit }) => hit === "other"),
    ...cycles.flatMap(({ strike, missed }) => (missed === undefined ? [] : [`  missed: ${strike}: ${missed}`])),
    `  found: ${faults.length === 0 ? "nothing lost, nothing opened twice, fleet equals locker" : faults.join("\n    ")}`,
    "",
    "",
  ].join("\n");
}
