import { parseArgs } from "node:util";
import { runWorld, type WorldResult } from "./world.ts";

/** From so many worlds on, chance is no excuse for a crash point or a fault that was never met. */
const COVERING_COUNT = 200;

const HELP = `Plays simulated lockers by a virtual clock and checks every invariant after every input.

  node sim/run.ts [--count 200] [--seed 1] [--no-faults] [--trace]

  --count N     worlds to play, with seeds from the first one on (default 200; 1 with --trace)
  --seed S      the first seed (default 1)
  --no-faults   nothing breaks and nobody crashes
  --trace       prints every line of what happened, each world once

Each world is played twice, and both traces must have the same hash. Ends with 1 on any violation or unequal hashes; a
failed world is replayed by the line that is printed for it. A run of ${COVERING_COUNT} worlds or more also fails when a named crash
point or a kind of fault was never met.`;

type Totals = {
  cyclesCount: number;
  inputsCount: number;
  pulsesCount: number;
  violationsCount: number;
  readonly crashes: Map<string, number>;
  readonly faults: Map<string, number>;
};

function readOptions() {
  const { values } = parseArgs({
    options: {
      count: { type: "string" },
      seed: { type: "string", default: "1" },
      "no-faults": { type: "boolean", default: false },
      trace: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const count = values.count ?? (values.trace ? "1" : String(COVERING_COUNT));
  return {
    help: values.help,
    trace: values.trace,
    withFaults: !values["no-faults"],
    count: wholeNumber("--count", count, 1),
    firstSeed: wholeNumber("--seed", values.seed, 0),
  };
}

function wholeNumber(name: string, text: string, min: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
  throw new TypeError(`${name} must be a whole number from ${min} on, not "${text}"`);
}

/** Plays one world twice. Says what is wrong with it, and how to see it again; true when nothing is. */
async function playTwice(seed: number, withFaults: boolean, totals: Totals): Promise<boolean> {
  const first = await runWorld({ seed, withFaults });
  const second = await runWorld({ seed, withFaults });
  add(totals, first);
  const faults = [...first.violations];
  if (first.hash !== second.hash) faults.push(`two plays differ: ${first.hash} and ${second.hash}`);
  for (const fault of faults) console.log(`seed ${seed}: ${fault}`);
  if (faults.length > 0)
    console.log(`  replay: node sim/run.ts --seed ${seed} --trace${withFaults ? "" : " --no-faults"}`);
  return faults.length === 0;
}

function add(totals: Totals, result: WorldResult): void {
  totals.cyclesCount += result.cyclesCount;
  totals.inputsCount += result.inputsCount;
  totals.pulsesCount += result.pulsesCount;
  totals.violationsCount += result.violations.length;
  for (const [point, hits] of Object.entries(result.crashes)) bump(totals.crashes, point, hits);
  for (const [fault, times] of result.faults) bump(totals.faults, fault, times);
}

const bump = (counts: Map<string, number>, name: string, by: number): void => {
  counts.set(name, (counts.get(name) ?? 0) + by);
};

function printTotals(totals: Totals, count: number, seconds: number): void {
  const { cyclesCount, inputsCount, pulsesCount, violationsCount, crashes, faults } = totals;
  const cyclesPerSecond = Math.round((2 * cyclesCount) / seconds);
  printRows("played twice each", [
    ["worlds", count],
    ["deposit to pickup cycles", cyclesCount],
    ["inputs of the daemon", inputsCount],
    ["unlock pulses", pulsesCount],
    ["violations", violationsCount],
    ["cycles per second", cyclesPerSecond],
  ]);
  printRows("crashes of the daemon, by point", [...crashes]);
  printRows("faults, by kind", [...faults].sort());
}

function printRows(title: string, rows: readonly (readonly [string, number])[]): void {
  console.log(`\n${title}`);
  for (const [name, value] of rows) console.log(`  ${name.padEnd(26)}${String(value).padStart(10)}`);
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const { count, firstSeed, withFaults } = options;
  let areAllWell = true;
  if (options.trace) {
    for (let seed = firstSeed; seed < firstSeed + count; seed++) {
      const { violations } = await runWorld({ seed, withFaults, print: (line) => console.log(line) });
      areAllWell &&= violations.length === 0;
    }
    return areAllWell ? 0 : 1;
  }
  const totals: Totals = {
    ...{ cyclesCount: 0, inputsCount: 0, pulsesCount: 0, violationsCount: 0 },
    ...{ crashes: new Map(), faults: new Map() },
  };
  const beganMs = performance.now();
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    if (!(await playTwice(seed, withFaults, totals))) areAllWell = false;
  }
  printTotals(totals, count, (performance.now() - beganMs) / 1_000);
  const neverMet = [...totals.crashes, ...totals.faults].filter(([, times]) => times === 0).map(([name]) => name);
  if (withFaults && count >= COVERING_COUNT && neverMet.length > 0) {
    console.log(`\nnever met, so not tested: ${neverMet.join(", ")}`);
    areAllWell = false;
  }
  return areAllWell ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  // A wrong option is the caller's to mend; anything else is a bug and keeps its stack.
  if (!(error instanceof TypeError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
