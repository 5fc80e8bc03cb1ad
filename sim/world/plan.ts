import type { Size } from "../../src/contract/ids.ts";
import type { DoorBehaviour } from "../cabinet.ts";
import { type LineFault, lineFaults } from "../line.ts";
import type { BrokerFaults } from "./broker.ts";
import { type CrashPoint, crashPoints } from "./crash-points.ts";
import { type Dice, diceFor } from "./dice.ts";

/** Something that begins at a time and ends after a while, in milliseconds. */
export type Spell = { readonly atMs: number; readonly forMs: number };

export type PlannedCrash = {
  readonly atMs: number;
  readonly point: CrashPoint;
  /** `power`: the whole machine loses it, and boards with it if `boardsToo`. */
  readonly kind: "process" | "power";
  readonly boardsToo: boolean;
  readonly downMs: number;
};

/** A crowbar: the door is forced, perhaps robbed, and pushed shut again. */
export type BreakIn = Spell & { readonly compartment: number; readonly isRobbed: boolean };

export type ClockJump = { readonly atMs: number; readonly errorMs: number };

/** Everything chance decides about a world before it begins, resolved: what is in here can be printed and replayed. */
export type Plan = {
  readonly seed: number;
  readonly boards: number;
  readonly sizes: readonly Size[];
  readonly parcels: number;
  readonly remoteOpensAtMs: readonly number[];
  readonly cleanStopsAtMs: readonly number[];
  readonly echo: boolean;
  readonly lateMs: number;
  readonly line: Partial<Record<LineFault, number>>;
  readonly silences: readonly Spell[];
  readonly unplugs: readonly Spell[];
  readonly boardCuts: readonly (Spell & { readonly board: number })[];
  readonly boardResets: readonly { readonly atMs: number; readonly board: number }[];
  readonly brownouts: readonly (Spell & { readonly board: number })[];
  readonly doors: readonly (Spell & { readonly compartment: number; readonly behaviour: DoorBehaviour })[];
  readonly bouncing: readonly number[];
  /** Two channels of board 1 whose coils are crossed from a moment on. */
  readonly crossed: { readonly atMs: number; readonly channelA: number; readonly channelB: number } | null;
  readonly breakIns: readonly BreakIn[];
  readonly busDeathsAtMs: readonly number[];
  readonly busFreezes: readonly Spell[];
  readonly crashes: readonly PlannedCrash[];
  readonly brokerFaults: BrokerFaults | null;
  readonly brokerOutages: readonly Spell[];
  readonly clockJumps: readonly ClockJump[];
};

/** When the last parcel sets out, and with it the last fault. */
const BUSY_MS = 240_000;
const CHANNELS_PER_BOARD = 6;
const SIZES: readonly Size[] = ["S", "M", "S", "L", "M", "S"];

/** Draws a world. Each fault exists in some worlds only, so that worlds differ in kind and not only in luck. */
export function drawPlan(seed: number, withFaults: boolean): Plan {
  const dice = diceFor(seed, "plan");
  const boards = dice.chance(0.3) ? 2 : 1;
  const sizes = Array.from({ length: boards * CHANNELS_PER_BOARD }, (_, index) => SIZES[index % SIZES.length] ?? "S");
  const town = {
    seed,
    boards,
    sizes,
    parcels: dice.whole(6, 12),
    remoteOpensAtMs: some(dice, 0.4, 3, () => when(dice)),
    cleanStopsAtMs: some(dice, 0.2, 1, () => when(dice)),
  };
  return withFaults
    ? { ...town, ...drawFaults(diceFor(seed, "faults"), boards, sizes.length) }
    : { ...town, ...NO_FAULTS };
}

const NO_FAULTS = {
  ...{ echo: false, lateMs: 400, line: {}, silences: [], unplugs: [], boardCuts: [], boardResets: [], brownouts: [] },
  ...{ doors: [], bouncing: [], crossed: null, breakIns: [], busDeathsAtMs: [], busFreezes: [], crashes: [] },
  ...{ brokerFaults: null, brokerOutages: [], clockJumps: [] },
} as const;

function drawFaults(
  dice: Dice,
  boards: number,
  compartments: number,
): Omit<Plan, keyof Omit<Plan, keyof typeof NO_FAULTS>> {
  const board = () => dice.whole(1, boards);
  return {
    echo: dice.chance(0.15),
    lateMs: dice.whole(60, 1_200),
    line: dice.chance(0.6) ? lineRates(dice) : {},
    silences: some(dice, 0.25, 3, () => spell(dice, 200, 12_000)),
    unplugs: some(dice, 0.2, 2, () => spell(dice, 300, 12_000)),
    boardCuts: some(dice, 0.25, 3, () => ({ ...spell(dice, 100, 8_000), board: board() })),
    boardResets: some(dice, 0.2, 3, () => ({ atMs: when(dice), board: board() })),
    brownouts: some(dice, 0.25, 2, () => ({ ...spell(dice, 5_000, 40_000), board: board() })),
    doors: some(dice, 0.5, 4, () => ({
      ...spell(dice, 20_000, 150_000),
      compartment: dice.whole(1, compartments),
      behaviour: dice.pick(["sticky", "sticky", "slow", "jammed"] as const),
    })),
    bouncing: dice.chance(0.2) ? [dice.whole(1, compartments), dice.whole(1, compartments)] : [],
    crossed: dice.chance(0.1)
      ? { atMs: dice.whole(0, 60_000), channelA: dice.whole(0, 2), channelB: dice.whole(3, 5) }
      : null,
    breakIns: some(dice, 0.2, 2, () => ({
      ...spell(dice, 1_000, 20_000),
      compartment: dice.whole(1, compartments),
      isRobbed: dice.chance(0.5),
    })),
    busDeathsAtMs: some(dice, 0.25, 3, () => when(dice)),
    busFreezes: some(dice, 0.2, 2, () => spell(dice, 100, 4_000)),
    crashes: some(dice, 0.7, 6, () => drawCrash(dice)),
    brokerFaults: dice.chance(0.4)
      ? {
          loss: dice.between(0, 0.3),
          duplicate: dice.between(0, 0.3),
          reorder: dice.between(0, 0.3),
          lostConfirmation: dice.between(0, 0.1),
        }
      : null,
    brokerOutages: some(dice, 0.35, 3, () => spell(dice, 1_000, 40_000)),
    clockJumps: some(dice, 0.25, 3, () => ({ atMs: when(dice), errorMs: clockError(dice) })),
  };
}

const DAY_MS = 86_400_000;

function drawCrash(dice: Dice): PlannedCrash {
  const kind = dice.chance(0.7) ? "process" : "power";
  return {
    atMs: when(dice),
    point: dice.pick(crashPoints),
    kind,
    boardsToo: kind === "power" && dice.chance(0.6),
    downMs: dice.whole(kind === "process" ? 200 : 2_000, dice.chance(0.2) ? 30_000 : 4_000),
  };
}

/** A few of all line faults, each at a strength of its own. */
const lineRates = (dice: Dice): Partial<Record<LineFault, number>> =>
  Object.fromEntries(
    lineFaults.filter(() => dice.chance(0.35)).map((fault) => [fault, Number(dice.between(0.002, 0.08).toFixed(4))]),
  );

/** A time server that corrects by seconds, or one that is wrong by days. */
const clockError = (dice: Dice): number =>
  dice.chance(0.5) ? dice.whole(-60_000, 60_000) : dice.whole(-40 * DAY_MS, 400 * DAY_MS);

const when = (dice: Dice): number => dice.whole(3_000, BUSY_MS);
const spell = (dice: Dice, minMs: number, maxMs: number): Spell => ({
  atMs: when(dice),
  forMs: dice.whole(minMs, maxMs),
});

/** Up to `most` of something, in a part of all worlds. */
const some = <T>(dice: Dice, probability: number, most: number, draw: () => T): readonly T[] =>
  dice.chance(probability) ? Array.from({ length: dice.whole(1, most) }, draw) : [];
