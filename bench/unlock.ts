import { writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { seededRandom } from "../sim/seeded-random.ts";
import type { LockerHandle } from "../src/contract/ids.ts";
import type { OpeningReply } from "../src/contract/kiosk-api.ts";
import { opIdOf } from "../src/locker/domain/opening.ts";
import type { BareReady, BareSample, BareSettings } from "./support/bare-process.ts";
import { Child } from "./support/child.ts";
import { type Answer, HttpClient } from "./support/http-client.ts";
import { readOptions } from "./support/options.ts";
import { lockerConfig, rehearse, simLayoutOf, storeParcels } from "./support/preloaded-locker.ts";
import { printGoals, printMachine, printTable } from "./support/report.ts";
import { RigOnPty } from "./support/rig-on-pty.ts";
import { Scratch } from "./support/scratch.ts";
import { median, percentile } from "./support/statistics.ts";

/*
 * From a code's submission over HTTP to a real locker process, to its UNLOCK frame on a real pseudo-terminal; beside it
 * the three bare parts that nothing can do without, done one after the other by a bare process between two pickups.
 */

const P50_RATIO_MAX = 1.5;
const P99_EXTRA_MS = 5;
const HANDLE = "benchlocker01" as LockerHandle;

type Pickup = {
  readonly unlockMs: number;
  readonly answerMs: number;
  readonly bareHttpMs: number;
  readonly bare: BareSample;
};

async function measure(count: number): Promise<readonly Pickup[]> {
  using scratch = new Scratch();
  const layout = simLayoutOf(count);
  await using rig = new RigOnPty(layout);
  await using bareRig = new RigOnPty(layout);
  const place = { folder: scratch.folder, database: scratch.at("locker.db"), handle: HANDLE };
  const config = lockerConfig(place, { layout, portPath: rig.path });
  const codes = await storeParcels(config, count);
  await using bare = new Child("bare process", new URL("./support/bare-process.ts", import.meta.url), [
    jsonFile(scratch, "bare.json", {
      ...(await rehearse(scratch.at("rehearsal.db"), HANDLE, count)),
      database: scratch.at("bare.db"),
      portPath: bareRig.path,
      boardAddress: 1,
    } satisfies BareSettings),
  ]);
  const { url: bareUrl } = await bare.hear<BareReady>();
  await using locker = new Child("locker", new URL("../src/cli/lockerd.ts", import.meta.url), [
    ...["run", "--config", jsonFile(scratch, "locker.yaml", config)],
  ]);
  const { url } = await locker.hear<{ readonly url: string }>();
  using kiosk = await openKiosk(url);
  using bareKiosk = new HttpClient(bareUrl);
  const random = seededRandom(1);
  const pickups: Pickup[] = [];
  for (const [index, code] of codes.entries()) {
    const bareHttp = await bareKiosk.post("/pickup", { code });
    bare.tell({});
    const sample = await bare.hear<BareSample>();
    // Polls come at fixed intervals: a pickup may fall anywhere between two of them.
    await setTimeout(SETTLE_MS + random() * POLL_EVERY_MS);
    const closed = rig.closed(index + 1);
    const answer = await kiosk.post("/kiosk/v1/pickup", { code });
    // The answer may overtake the frame, but not the door.
    await closed;
    pickups.push({ ...timesOf(answer, rig), bareHttpMs: bareHttp.answeredAtMs - bareHttp.sentAtMs, bare: sample });
  }
  if (rig.unlockedAtMs.size !== count) throw new Error(`${rig.unlockedAtMs.size} UNLOCK frames for ${count} pickups`);
  return pickups;
}

/** Longer than the two polls after which a closed door is believed, and their commits. */
const SETTLE_MS = 150;
const POLL_EVERY_MS = 100;
const READY_MS_MAX = 20_000;

function jsonFile(scratch: Scratch, name: string, content: unknown): string {
  writeFileSync(scratch.at(name), JSON.stringify(content), { mode: 0o600 });
  return scratch.at(name);
}

/** The kiosk's API with the cookie of its page, once every board has been heard. */
async function openKiosk(url: string): Promise<HttpClient> {
  const page = await fetch(url);
  const cookie = page.headers.getSetCookie()[0]?.split(";")[0];
  if (cookie === undefined) throw new Error("the kiosk's page sets no cookie; `npm run build` makes the page");
  const kiosk = new HttpClient(new URL(url).origin, { cookie, origin: new URL(url).origin });
  const deadline = performance.now() + READY_MS_MAX;
  while ((await kiosk.get("/readyz")).status !== 200) {
    if (performance.now() > deadline) throw new Error("the boards were not heard within 20 s");
    await setTimeout(50);
  }
  // The first poll of a door is not believed before the second.
  await setTimeout(5 * POLL_EVERY_MS);
  return kiosk;
}

function timesOf(answer: Answer, rig: RigOnPty): Pick<Pickup, "unlockMs" | "answerMs"> {
  if (answer.status !== 200) throw new Error(`a pickup was answered ${answer.status}: ${answer.body}`);
  const { operation } = JSON.parse(answer.body) as OpeningReply;
  const unlockedAtMs = rig.unlockedAtMs.get(opIdOf(operation, 1));
  if (unlockedAtMs === undefined) throw new Error("a door was opened without the UNLOCK frame of its pickup");
  return { unlockMs: unlockedAtMs - answer.sentAtMs, answerMs: answer.answeredAtMs - answer.sentAtMs };
}

function printRows(pickups: readonly Pickup[]): void {
  const row = (name: string, samples: readonly number[]): string[] => [
    name,
    ...[10, 50, 90, 99].map((rank) => percentile(samples, rank).toFixed(2)),
  ];
  const bare = pickups.map((pickup) => pickup.bare);
  printTable([
    ["milliseconds", "p10", "p50", "p90", "p99"],
    row(
      "bare: one argon2id",
      bare.map(({ argon2Ms }) => argon2Ms),
    ),
    row(
      "bare: one durable transaction",
      bare.map(({ transactionMs }) => transactionMs),
    ),
    row(
      "bare: one serial round trip",
      bare.map(({ roundTripMs }) => roundTripMs),
    ),
    row(
      "bare: all three in a row",
      bare.map(({ allMs }) => allMs),
    ),
    row(
      "code submitted → UNLOCK on the wire",
      pickups.map(({ unlockMs }) => unlockMs),
    ),
    row(
      "code submitted → answer received",
      pickups.map(({ answerMs }) => answerMs),
    ),
    row(
      "aside: one POST to a bare fastify",
      pickups.map(({ bareHttpMs }) => bareHttpMs),
    ),
  ]);
}

const { count, isSmoke } = readOptions({ normal: 200, smoke: 5, max: 1_000 });
printMachine();
const pickups = await measure(count);
console.log(`${count} pickups, one after the other; a bare run of the parts before each`);
printRows(pickups);
const unlocks = pickups.map(({ unlockMs }) => unlockMs);
const parts = (["argon2Ms", "transactionMs", "roundTripMs"] as const).map((part) =>
  median(pickups.map(({ bare }) => bare[part])),
);
const ratio = median(unlocks) / parts.reduce((total, part) => total + part);
const extraMs =
  percentile(unlocks, 99) -
  percentile(
    pickups.map(({ bare }) => bare.allMs),
    99,
  );
printGoals(
  [
    { name: `p50 ${ratio.toFixed(2)} × the sum of the parts' p50 ≤ ${P50_RATIO_MAX} ×`, isMet: ratio <= P50_RATIO_MAX },
    {
      name: `p99 ${extraMs.toFixed(2)} ms above the p99 of the parts in a row ≤ ${P99_EXTRA_MS} ms`,
      isMet: extraMs <= P99_EXTRA_MS,
    },
  ],
  { isSmoke },
);
