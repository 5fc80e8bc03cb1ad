import type { AuthorisationId, CompartmentId, DepositId } from "../../contract/ids.ts";
import type { KioskView, OperationView } from "../../contract/kiosk-api.ts";
import type { Language } from "../ui/language.ts";
import type { WebProblem } from "../ui/post.ts";
import type { Request } from "./request.ts";

/** A digit of the pickup code and when it was typed: it is masked soon after. */
export type Digit = { readonly digit: string; readonly atMs: number };

export type SignInStep = "courier" | "pin" | "totp";

/** What the person in front of the screen is doing, while no door of theirs is moving. */
export type Task =
  | { readonly kind: "pickup"; readonly digits: readonly Digit[]; readonly shownUntilMs: number }
  | { readonly kind: "disputed"; readonly compartment: CompartmentId }
  | {
      readonly kind: "sign_in";
      readonly step: SignInStep;
      readonly typed: { readonly [Step in SignInStep]: string };
    }
  | { readonly kind: "unfinished" }
  | { readonly kind: "parcel"; readonly token: string }
  | { readonly kind: "size"; readonly token: string };

export type Courier = {
  readonly session: string;
  readonly unfinished: readonly { readonly deposit: DepositId; readonly compartment: CompartmentId }[];
  /** The token of the parcel last given a door, for when another compartment is wanted. */
  readonly parcelToken: string;
  readonly touchSentMs: number;
  /** The locker has said that a courier is signed in: when it stops saying so, the session is over. */
  readonly confirmed: boolean;
};

/** All times are milliseconds of one clock that never jumps. */
export type KioskState = {
  readonly view: { readonly snapshot: KioskView; readonly atMs: number } | null;
  /** Since when the locker has not been heard, or null. */
  readonly lostAtMs: number | null;
  /** A newer page has taken this one's place. */
  readonly replaced: boolean;
  readonly language: Language;
  readonly defaultLanguage: Language;
  readonly task: Task;
  readonly courier: Courier | null;
  /** A door promised by a reply and not yet seen in a view. */
  readonly opening: { readonly operation: OperationView; readonly atMs: number } | null;
  /** The operation whose screen the person has left. */
  readonly dismissed: AuthorisationId | null;
  /** The operation whose compartment the recipient found empty or wrong. */
  readonly disputed: AuthorisationId | null;
  readonly inFlight: Request | null;
  readonly problem: WebProblem | null;
  readonly flash: { readonly kind: "stored" | "cancelled"; readonly compartment: CompartmentId } | null;
  readonly pausedUntilMs: number;
  /** A reply has asked for the extension before a view did. */
  readonly extensionAsked: boolean;
  readonly helpOpen: boolean;
  readonly touchedMs: number;
};

export const EMPTY_PICKUP: Task = { kind: "pickup", digits: [], shownUntilMs: 0 };

export function initialState(language: Language, nowMs: number): KioskState {
  return {
    view: null,
    lostAtMs: null,
    replaced: false,
    language,
    defaultLanguage: language,
    task: EMPTY_PICKUP,
    courier: null,
    opening: null,
    dismissed: null,
    disputed: null,
    inFlight: null,
    problem: null,
    flash: null,
    pausedUntilMs: 0,
    extensionAsked: false,
    helpOpen: false,
    touchedMs: nowMs,
  };
}

/** The door the person has to do with now: promised by a reply, or in the locker's view and not left behind. */
export function currentOperation(state: KioskState): OperationView | null {
  if (state.opening !== null) return state.opening.operation;
  const seen = state.view?.snapshot.operation ?? null;
  return seen === null || seen.operation === state.dismissed ? null : seen;
}

/** Whose door it is. A reopened door belongs to the flow its deposit is in. */
export function flowOf(operation: OperationView): "deposit" | "pickup" | "remote" {
  if (operation.purpose !== "reopen") return operation.purpose;
  const { depositState } = operation;
  return depositState === "depositing" || depositState === "stored" || depositState === "cancelled"
    ? "deposit"
    : "pickup";
}
