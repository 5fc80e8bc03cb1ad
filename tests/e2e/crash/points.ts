import type { TruthEntry } from "../../../sim/cabinet.ts";
import type { AuthorisationRow, LockerDatabase } from "../support/locker-database.ts";

/** Where in the opening of a door the locker was killed, told by what it left behind and by the cabinet. */
export const POINTS = {
  beforeCommit: "before the authorisation was committed",
  beforeUnlock: "after the commit, before the unlock was written",
  afterPulse: "after the pulse, before the sensor was recorded",
  afterOpening: "after the door's opening was recorded",
} as const;
export type Point = keyof typeof POINTS;

/** `other`: the authorisation had come to an end without its door. */
export type Hit = Point | "other";

export function pointOf(
  left: LockerDatabase,
  known: ReadonlySet<string>,
  truth: readonly TruthEntry[],
): { readonly hit: Hit; readonly authorisation: AuthorisationRow | undefined } {
  const authorisation = left.authorisations.find(({ id }) => !known.has(id));
  if (authorisation === undefined) return { hit: "beforeCommit", authorisation };
  const { id, state } = authorisation;
  const hasPulsed = truth.some((entry) => entry.kind === "pulse" && entry.opId.startsWith(id));
  if (state === "opened" || state === "closed") return { hit: "afterOpening", authorisation };
  if (state !== "commanded") return { hit: "other", authorisation };
  return { hit: hasPulsed ? "afterPulse" : "beforeUnlock", authorisation };
}
