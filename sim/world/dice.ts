import { seededRandom } from "../seeded-random.ts";

/** Chance for one purpose, the same row for the same seed whatever other purposes draw. */
export type Dice = {
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly chance: (probability: number) => boolean;
  readonly between: (min: number, max: number) => number;
  /** A whole number, both ends included. */
  readonly whole: (min: number, max: number) => number;
  readonly pick: <T>(items: readonly T[]) => T;
  readonly hex: (digits: number) => string;
};

export function diceFor(seed: number, purpose: string): Dice {
  const random = seededRandom(mixed(seed, purpose));
  const between = (min: number, max: number) => min + random() * (max - min);
  const whole = (min: number, max: number) => Math.floor(between(min, max + 1));
  return {
    random,
    chance: (probability) => random() < probability,
    between,
    whole,
    pick: (items) => {
      const item = items[whole(0, items.length - 1)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
    hex: (digits) => Array.from({ length: digits }, () => whole(0, 15).toString(16)).join(""),
  };
}

/** FNV-1a over the purpose, begun with the seed. */
function mixed(seed: number, purpose: string): number {
  let hash = (0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
  for (const character of purpose) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
