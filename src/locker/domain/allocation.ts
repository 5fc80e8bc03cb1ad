import { SIZES, type Size } from "../../contract/ids.ts";
import type { Draft } from "./draft.ts";
import type { Compartment, State } from "./model.ts";

type Seen = {
  readonly door: (compartment: Compartment) => string | undefined;
  readonly reopening: (compartment: Compartment) => boolean;
  readonly commanded: (compartment: Compartment) => boolean;
};

/** Whether a deposit may go there: healthy, empty, its door seen shut, and nobody entitled to open it again. */
function isFree(compartment: Compartment, seen: Seen): boolean {
  return (
    compartment.occupancy === "available" &&
    compartment.outOfService === null &&
    compartment.deposit === null &&
    seen.door(compartment) === "closed" &&
    !seen.reopening(compartment) &&
    !seen.commanded(compartment)
  );
}

/** The smallest fitting free compartment, the lowest number among equals. */
export function allocate(d: Draft, size: Size): Compartment | undefined {
  const seen: Seen = {
    door: ({ id }) => d.get("door", id)?.door,
    reopening: ({ id }) => d.timerDue("reopen", id) !== undefined,
    commanded: ({ id }) => d.authorisationAt(id)?.state === "commanded",
  };
  let best: Compartment | undefined;
  for (const compartment of d.all("compartment")) {
    if (SIZES.indexOf(compartment.size) < SIZES.indexOf(size) || !isFree(compartment, seen)) continue;
    if (best === undefined || comesBefore(compartment, best)) best = compartment;
  }
  return best;
}

const comesBefore = (a: Compartment, b: Compartment): boolean =>
  a.size === b.size ? a.id < b.id : SIZES.indexOf(a.size) < SIZES.indexOf(b.size);

/** How many deposits of each size could start now, each counted by the size of its compartment. */
export function freeCounts(state: State): { readonly [S in Size]: number } {
  const seen: Seen = {
    door: ({ id }) => state.door.get(id)?.door,
    reopening: ({ id }) => state.timer.has(`reopen:${id}`),
    commanded: ({ authorisation }) =>
      authorisation !== null && state.authorisation.get(authorisation)?.state === "commanded",
  };
  const counts = { S: 0, M: 0, L: 0 };
  for (const compartment of state.compartment.values()) if (isFree(compartment, seen)) counts[compartment.size] += 1;
  return counts;
}
