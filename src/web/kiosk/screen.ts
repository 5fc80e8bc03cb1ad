import type { CompartmentId } from "../../contract/ids.ts";
import type { KioskView, OperationView } from "../../contract/kiosk-api.ts";
import { CODE_DIGITS, LONG_CODE_DIGITS } from "../../contract/pickup-code.ts";
import { currentOperation, type Digit, flowOf, type KioskState, type SignInStep } from "./state.ts";

/** A typed digit is readable this long. */
export const MASK_AFTER_MS = 2_000;

export type DoorScene =
  | "opening"
  | "pickupOpen"
  | "pickupDisputed"
  | "pickupClosed"
  | "pickupClosedFinal"
  | "pickupBlocked"
  | "pickupRejected"
  | "pickupInDoubt"
  | "depositOpen"
  | "depositCancelled"
  | "depositClosed"
  | "depositBlocked"
  | "depositRejected"
  | "depositInDoubt"
  | "remoteOpen"
  | "remoteClosed"
  | "remoteFailed";

export type Screen =
  /** Nothing has been heard from the locker yet. */
  | { readonly kind: "connecting" }
  /** The page is open somewhere else, and works only there. */
  | { readonly kind: "replaced" }
  | {
      readonly kind: "code";
      /** One for each digit wanted: the digit, a bullet once it is masked, or empty. */
      readonly slots: readonly string[];
      readonly typedCount: number;
    }
  | { readonly kind: "paused"; readonly remainingMs: number }
  | {
      readonly kind: "door";
      readonly scene: DoorScene;
      readonly compartment: CompartmentId;
      /** Nobody has touched the screen for so long that somebody else may stand here. */
      readonly abandoned: boolean;
    }
  | { readonly kind: "disputed"; readonly compartment: CompartmentId }
  | {
      readonly kind: "sign_in";
      readonly step: SignInStep;
      readonly stepNumber: number;
      readonly shown: string;
      readonly typedCount: number;
    }
  | { readonly kind: "unfinished"; readonly compartment: CompartmentId; readonly count: number }
  | { readonly kind: "parcel"; readonly token: string; readonly free: KioskView["free"] }
  | { readonly kind: "size"; readonly free: KioskView["free"] };

/** Without a touch for this long, an open door no longer belongs to whoever stands in front of the screen. */
const ABANDONED_AFTER_MS = 60_000;

const MASK = "•";

/** Decides which screen is shown: the person's own door first, then what they are doing. */
export function screenOf(state: KioskState, nowMs: number): Screen {
  if (state.replaced) return { kind: "replaced" };
  if (state.view === null) return { kind: "connecting" };
  const operation = currentOperation(state);
  if (operation !== null) return doorScreen(state, operation, nowMs);
  const { task } = state;
  const { free } = state.view.snapshot;
  switch (task.kind) {
    case "pickup":
      return codeScreen(state, task.digits, nowMs < task.shownUntilMs, nowMs);
    case "disputed":
      return { kind: "disputed", compartment: task.compartment };
    case "sign_in":
      return signInScreen(task.step, task.typed[task.step]);
    case "unfinished": {
      const [first] = state.courier?.unfinished ?? [];
      return first === undefined
        ? { kind: "parcel", token: "", free }
        : { kind: "unfinished", compartment: first.compartment, count: state.courier?.unfinished.length ?? 0 };
    }
    case "parcel":
      return { kind: "parcel", token: task.token, free };
    case "size":
      return { kind: "size", free };
  }
}

/** Digits the locker wants: the code, or the code and its extension. */
export function digitsWanted(state: KioskState): number {
  return state.extensionAsked || state.view?.snapshot.extensionNeeded === true ? LONG_CODE_DIGITS : CODE_DIGITS;
}

/** Milliseconds until a code may be typed again. */
export function pauseLeftMs({ view, pausedUntilMs }: KioskState, nowMs: number): number {
  const seenLeftMs = view === null ? 0 : view.snapshot.pausedMs - (nowMs - view.atMs);
  return Math.max(0, seenLeftMs, pausedUntilMs - nowMs);
}

function codeScreen(state: KioskState, digits: readonly Digit[], shown: boolean, nowMs: number): Screen {
  const remainingMs = pauseLeftMs(state, nowMs);
  if (remainingMs > 0) return { kind: "paused", remainingMs };
  const slots = Array.from({ length: digitsWanted(state) }, (_, place) => {
    const typed = digits[place];
    if (typed === undefined) return "";
    return shown || nowMs - typed.atMs < MASK_AFTER_MS ? typed.digit : MASK;
  });
  return { kind: "code", slots, typedCount: digits.length };
}

/** A PIN is never readable. */
function signInScreen(step: SignInStep, typed: string): Screen {
  const stepNumber = { courier: 1, pin: 2, totp: 3 }[step];
  const shown = step === "pin" ? MASK.repeat(typed.length) : typed;
  return { kind: "sign_in", step, stepNumber, shown, typedCount: typed.length };
}

function doorScreen(state: KioskState, operation: OperationView, nowMs: number): Screen {
  return {
    kind: "door",
    scene: sceneOf(state, operation),
    compartment: operation.compartment,
    abandoned: nowMs - state.touchedMs >= ABANDONED_AFTER_MS,
  };
}

const sceneByState = {
  deposit: {
    open: "depositOpen",
    closed: "depositClosed",
    blocked: "depositBlocked",
    rejected: "depositRejected",
    in_doubt: "depositInDoubt",
  },
  pickup: {
    open: "pickupOpen",
    closed: "pickupClosed",
    blocked: "pickupBlocked",
    rejected: "pickupRejected",
    in_doubt: "pickupInDoubt",
  },
  remote: {
    open: "remoteOpen",
    closed: "remoteClosed",
    blocked: "remoteFailed",
    rejected: "remoteFailed",
    in_doubt: "remoteFailed",
  },
} as const;

function sceneOf(state: KioskState, operation: OperationView): DoorScene {
  if (operation.state === "opening") return "opening";
  const scene = sceneByState[flowOf(operation)][operation.state];
  switch (scene) {
    case "pickupOpen":
      return operation.operation === state.disputed ? "pickupDisputed" : scene;
    case "pickupClosed":
      return operation.mayReopen ? scene : "pickupClosedFinal";
    case "depositOpen":
      return operation.depositState === "cancelled" ? "depositCancelled" : scene;
    default:
      return scene;
  }
}
