import type { Request } from "./request.ts";
import { currentOperation, EMPTY_PICKUP, type KioskState, type Task } from "./state.ts";

/** The state after an event, and what to ask of the locker now. */
export type Step = { readonly state: KioskState; readonly requests: readonly Request[] };

export const stay = (state: KioskState): Step => ({ state, requests: [] });

/** Asks the locker, unless an answer is still awaited: a second tap is not a second order. */
export function ask(state: KioskState, request: Request): Step {
  if (state.inFlight !== null) return stay(state);
  return { state: { ...state, inFlight: request, problem: null, flash: null }, requests: [request] };
}

export const withTask = (state: KioskState, task: Task): KioskState => ({ ...state, task, problem: null, flash: null });

export const withProblem = (state: KioskState, code: string): KioskState => ({ ...state, problem: { code } });

/** Leaves the screen of the present door. */
export function dismiss(state: KioskState): KioskState {
  const operation = currentOperation(state)?.operation ?? state.dismissed;
  return { ...state, opening: null, dismissed: operation };
}

/** After a deposit has ended: what was left unfinished comes first, then the next parcel. */
export function nextParcel(state: KioskState): KioskState {
  const unfinished = state.courier?.unfinished.length ?? 0;
  return withTask(state, unfinished > 0 ? { kind: "unfinished" } : { kind: "parcel", token: "" });
}

/**
 * Back to the beginning, for the next person. A door that is moving or open stays on the screen; a courier is signed
 * out.
 */
export function startOver(state: KioskState, nowMs: number): Step {
  const operation = currentOperation(state);
  const left = operation?.state === "opening" || operation?.state === "open" ? state : dismiss(state);
  return {
    state: {
      ...left,
      task: EMPTY_PICKUP,
      courier: null,
      problem: null,
      flash: null,
      extensionAsked: false,
      helpOpen: false,
      touchedMs: nowMs,
    },
    requests: state.courier === null ? [] : [{ kind: "sign_out", session: state.courier.session }],
  };
}
