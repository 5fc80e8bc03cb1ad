import type { KioskView } from "../../contract/kiosk-api.ts";
import { sessionOver } from "./answered.ts";
import { currentOperation, flowOf, type KioskState } from "./state.ts";
import { dismiss, nextParcel } from "./step.ts";

/** How long a reply's promise of a door outlives views that do not show it: the two travel on different connections. */
const PROMISE_MS = 3_000;

/** The locker has sent a snapshot. */
export function seen(state: KioskState, snapshot: KioskView, nowMs: number): KioskState {
  const next = withPromiseKept({ ...state, view: { snapshot, atMs: nowMs }, lostAtMs: null }, snapshot, nowMs);
  return withDisputeShut(withDepositEnded(withSession(withNewDoor(state, next), snapshot)));
}

function withPromiseKept(state: KioskState, snapshot: KioskView, nowMs: number): KioskState {
  if (state.opening === null) return state;
  const kept = snapshot.operation?.operation === state.opening.operation.operation;
  return kept || nowMs - state.opening.atMs > PROMISE_MS ? { ...state, opening: null } : state;
}

/** What was said before a door came on the screen is not about the door. */
function withNewDoor(before: KioskState, state: KioskState): KioskState {
  const operation = currentOperation(state);
  const isNew = operation !== null && operation.operation !== currentOperation(before)?.operation;
  return isNew ? { ...state, problem: null, flash: null } : state;
}

function withSession(state: KioskState, snapshot: KioskView): KioskState {
  if (state.courier === null) return state;
  if (snapshot.courierSignedIn) return { ...state, courier: { ...state.courier, confirmed: true } };
  return state.courier.confirmed ? sessionOver(state) : state;
}

/** A deposit that ended by itself, as after a silence, leads on as one that was confirmed. */
function withDepositEnded(state: KioskState): KioskState {
  const operation = currentOperation(state);
  if (operation === null || state.courier === null || state.inFlight !== null) return state;
  if (operation.state !== "closed" || flowOf(operation) !== "deposit") return state;
  const { depositState, compartment } = operation;
  if (depositState !== "stored" && depositState !== "cancelled") return state;
  return { ...nextParcel(dismiss(state)), flash: { kind: depositState, compartment } };
}

/** The door of a disputed pickup has been shut: what follows is said without it. */
function withDisputeShut(state: KioskState): KioskState {
  const operation = currentOperation(state);
  return operation !== null && operation.operation === state.disputed && operation.state === "closed"
    ? dismiss(state)
    : state;
}
