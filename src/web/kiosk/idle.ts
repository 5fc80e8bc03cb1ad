import { currentOperation, type KioskState } from "./state.ts";

/** A recipient is asked whether they are still there after the first, and the screen starts over after the second. */
const RECIPIENT_IDLE = { warnMs: 20_000, overMs: 40_000 } as const;
/** A courier fetches the next parcel meanwhile; the locker itself ends their session after a minute without a touch. */
const COURIER_IDLE = { warnMs: 40_000, overMs: 60_000 } as const;

export type Idle =
  | { readonly kind: "busy" }
  | { readonly kind: "warning"; readonly leftMs: number }
  | { readonly kind: "over" };

/** Whether the screen is to be blanked. Never while a door is moving or open: it belongs to whoever opened it. */
export function idleOf(state: KioskState, nowMs: number): Idle {
  const door = currentOperation(state)?.state;
  if (state.view === null || state.replaced || door === "opening" || door === "open") return { kind: "busy" };
  const { warnMs, overMs } = state.courier === null ? RECIPIENT_IDLE : COURIER_IDLE;
  const idleMs = nowMs - state.touchedMs;
  if (idleMs >= overMs) return { kind: "over" };
  if (idleMs < warnMs || !isBegun(state)) return { kind: "busy" };
  return { kind: "warning", leftMs: overMs - idleMs };
}

/** Whether there is anything a warning would save: the untouched home screen starts over without one. */
function isBegun(state: KioskState): boolean {
  const { task } = state;
  return (
    currentOperation(state) !== null ||
    state.helpOpen ||
    state.courier !== null ||
    task.kind !== "pickup" ||
    task.digits.length > 0
  );
}
