import type { RemoteOpenStatus } from "../../contract/fleet-api.ts";

export type RemoteOpenState = RemoteOpenStatus["state"];

/** A fact about a remote open. Its time is null when it happened before this page was looking. */
export type TrailStep = { readonly state: RemoteOpenState; readonly atMs: number | null };

/** When each state of a remote open was first reported. */
export type Witnessed = ReadonlyMap<RemoteOpenState, number>;

/** The way of a remote open that succeeds. */
const WAY: readonly RemoteOpenState[] = ["asked", "challenged", "accepted", "opened", "closed"];

/** What must have happened before an end that is not on the way. */
const BEFORE: { readonly [S in RemoteOpenState]?: readonly RemoteOpenState[] } = {
  blocked: ["asked", "challenged", "accepted"],
  rejected: ["asked", "challenged", "accepted"],
  in_doubt: ["asked", "challenged", "accepted"],
};

/** Remembers when the present state was first seen: the fleet itself tells only of the last change. */
export function witness(before: Witnessed | undefined, { state, askedAt, changedAt }: RemoteOpenStatus): Witnessed {
  const seen = new Map(before);
  seen.set("asked", askedAt);
  if (!seen.has(state)) seen.set(state, changedAt);
  return seen;
}

/** The facts of a remote open, in order, up to what is known now. */
export function trailOf({ state }: RemoteOpenStatus, witnessed: Witnessed): readonly TrailStep[] {
  const place = WAY.indexOf(state);
  const certain = place >= 0 ? WAY.slice(0, place) : (BEFORE[state] ?? ["asked"]);
  const seen = WAY.filter((step) => certain.includes(step) || (place < 0 && witnessed.has(step)));
  return [...seen, state].map((step) => ({ state: step, atMs: witnessed.get(step) ?? null }));
}

/** The locker may still do something about it. */
export const isPending = ({ state }: RemoteOpenStatus): boolean =>
  state === "asked" || state === "challenged" || state === "accepted";

/** Nothing opened, or nobody knows: it needs a second look. */
export const isFailure = (state: RemoteOpenState): boolean =>
  state === "blocked" || state === "rejected" || state === "in_doubt" || state === "refused" || state === "expired";
