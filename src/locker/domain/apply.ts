import { type Change, type DurableState, keyField, type State } from "./model.ts";

/** A state from what the store holds, with nothing seen yet. */
export function stateFrom(durable: DurableState): State {
  return {
    ...durable,
    door: new Map(),
    board: new Map(),
    session: new Map(),
    operation: new Map(),
    timer: new Map(),
    challenge: new Map(),
    runtime: new Map(),
  };
}

/** Writes the changes of one step into the state, in place. */
export function apply(state: State, changes: readonly Change[]): void {
  for (const change of changes) {
    const table = state[change.table] as Map<unknown, unknown>;
    if ("put" in change) table.set((change.put as Record<string, unknown>)[keyField[change.table]], change.put);
    else table.delete(change.del);
  }
}
