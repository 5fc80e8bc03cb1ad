import type { DepositId, LockerHandle } from "../src/contract/ids.ts";
import { BareDatabase } from "./support/bare-database.ts";
import { assertSameRows } from "./support/contents.ts";
import { ModelLocker } from "./support/model-locker.ts";
import { readOptions } from "./support/options.ts";
import { precomputedSecrets } from "./support/precomputed-secrets.ts";
import type { Transaction } from "./support/recording.ts";
import { printGoals, printMachine, printTable } from "./support/report.ts";
import { Scratch } from "./support/scratch.ts";
import { median, percentile } from "./support/statistics.ts";

/*
 * Deposits a second through the real engine and store, beside bare better-sqlite3 that writes the very same rows by the
 * same statements in the same transactions. Short rounds of the two alternate, so that what the machine does to one it
 * does to the other.
 */

const RATIO_MIN = 0.6;
/** When all are taken, the parcels are collected, which is not measured. */
const COMPARTMENT_COUNT = 48;
/** Few, so that both sides of a round meet the same moment of a busy machine; a divisor of the compartments. */
const ROUND_DEPOSITS = 8;
const HANDLE = "benchlocker01" as LockerHandle;

type Round = { readonly engineMs: number; readonly bareMs: number; readonly transactions: readonly Transaction[] };

async function measure(roundsCount: number): Promise<readonly Round[]> {
  using scratch = new Scratch();
  const database = scratch.at("locker.db");
  const bareDatabase = scratch.at("bare.db");
  const rounds: Round[] = [];
  {
    const secrets = await precomputedSecrets(roundsCount * ROUND_DEPOSITS, HANDLE);
    await using locker = new ModelLocker({ database, handle: HANDLE, compartmentCount: COMPARTMENT_COUNT, secrets });
    using bare = new BareDatabase(bareDatabase);
    while (rounds.length < roundsCount) {
      bare.writeAll(locker.store.take());
      rounds.push(await measureRound(locker, bare));
      const stored = storedIn(locker);
      if (stored.length < COMPARTMENT_COUNT) continue;
      for (const deposit of stored) locker.collect(deposit);
      locker.leapMinute();
    }
    bare.writeAll(locker.store.take());
    assertSameRows(database, bareDatabase);
  }
  return rounds;
}

async function measureRound(locker: ModelLocker, bare: BareDatabase): Promise<Round> {
  const engineBegan = performance.now();
  for (let deposits = 0; deposits < ROUND_DEPOSITS; deposits++) await locker.codeIsLive(locker.deposit());
  const engineMs = performance.now() - engineBegan;
  const transactions = locker.store.take();
  const prepared = transactions.map((transaction) => bare.prepare(transaction));
  const bareBegan = performance.now();
  for (const transaction of prepared) bare.write(transaction);
  return { engineMs, bareMs: performance.now() - bareBegan, transactions };
}

const storedIn = ({ engine }: ModelLocker): readonly DepositId[] =>
  [...engine.state.deposit.values()].filter(({ state }) => state === "stored").map(({ id }) => id);

const perSecond = (roundMs: number): string => ((ROUND_DEPOSITS * 1_000) / roundMs).toFixed(0);

/** A store's first rounds run before the compiler has seen what is hot. */
const WARM_UP_ROUNDS = 12;

const { count, isSmoke } = readOptions({ normal: 1_200, smoke: 24, max: 100_000 });
const roundsCount = Math.ceil(count / ROUND_DEPOSITS);
printMachine();
const rounds = (await measure(WARM_UP_ROUNDS + roundsCount)).slice(WARM_UP_ROUNDS);
const ratios = rounds.map(({ engineMs, bareMs }) => bareMs / engineMs);
const statements = rounds.flatMap(({ transactions }) => transactions).flat();
const deposits = roundsCount * ROUND_DEPOSITS;
console.log(
  `${deposits} deposits in ${roundsCount} rounds; each is ${median(rounds.map(({ transactions }) => transactions.length)) / ROUND_DEPOSITS} ` +
    `durable transactions, ${(statements.length / deposits).toFixed(1)} rows`,
);
printTable([
  ["deposits a second", "p10", "median", "p90"],
  ...(["bareMs", "engineMs"] as const).map((side) => [
    side === "bareMs" ? "bare better-sqlite3, same rows" : "engine and store",
    ...[90, 50, 10].map((rank) =>
      perSecond(
        percentile(
          rounds.map((round) => round[side]),
          rank,
        ),
      ),
    ),
  ]),
  ["ratio", ...[10, 50, 90].map((rank) => percentile(ratios, rank).toFixed(2))],
]);
const tenth = Math.ceil(roundsCount / 10);
console.log(
  `growth: ratio ${median(ratios.slice(0, tenth)).toFixed(2)} in the first tenth, ${median(ratios.slice(-tenth)).toFixed(2)} in the last, with ${deposits} finished deposits remembered`,
);
const isMet = median(ratios) >= RATIO_MIN;
printGoals([{ name: `median ratio ${median(ratios).toFixed(2)} ≥ ${RATIO_MIN}`, isMet }], { isSmoke });
