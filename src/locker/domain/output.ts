import type { Fact } from "../../contract/events.ts";
import type { AuthorisationId, CompartmentId, DepositId, OpId, ParcelVerifier } from "../../contract/ids.ts";
import type { MonoMs } from "../../contract/time.ts";
import type { Change } from "./model.ts";

/** Something to do in the world, only after the commit. Each comes back as exactly one input. */
export type Effect =
  /** Energise the lock once, not after `notAfter`. Comes back as `unlock_result`. */
  | { readonly kind: "unlock"; readonly op: OpId; readonly compartment: CompartmentId; readonly notAfter: MonoMs }
  /** Ask the board what became of an operation `ageMs` old; null when nobody can tell. Comes back as `op_evidence`. */
  | {
      readonly kind: "query_op";
      readonly op: OpId;
      readonly compartment: CompartmentId;
      readonly ageMs: number | null;
    }
  /** Draw and seal a pickup secret. Comes back as `code_prepared`. */
  | {
      readonly kind: "prepare_code";
      readonly deposit: DepositId;
      readonly verifier: ParcelVerifier;
      readonly compartment: CompartmentId;
    };

/** Why the kiosk did not do what it was asked. Sentences are made by the page. */
export type Refusal =
  | { readonly code: "unknown_code" }
  /** The owner of a dead code is told what became of the parcel. */
  | { readonly code: "code_finished" }
  | { readonly code: "extension_needed" }
  | { readonly code: "paused"; readonly remainingMs: number }
  | { readonly code: "parcel_held"; readonly compartment: CompartmentId }
  | { readonly code: "compartment_out_of_service"; readonly compartment: CompartmentId }
  | { readonly code: "compartment_unreachable"; readonly compartment: CompartmentId }
  | { readonly code: "door_already_open"; readonly compartment: CompartmentId }
  | { readonly code: "busy"; readonly compartment: CompartmentId }
  | { readonly code: "wrong_credentials" }
  | { readonly code: "no_session" }
  | { readonly code: "not_allowed" }
  | { readonly code: "parcel_already_stored"; readonly compartment: CompartmentId }
  | { readonly code: "parcel_finished" }
  | { readonly code: "no_compartment_free" }
  | { readonly code: "unknown_deposit" }
  | { readonly code: "door_not_closed"; readonly compartment: CompartmentId }
  | { readonly code: "reopen_over" };

export type Reply =
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | {
      readonly kind: "opening";
      readonly authorisation: AuthorisationId;
      readonly compartment: CompartmentId;
      readonly deposit: DepositId | null;
    }
  | {
      readonly kind: "signed_in";
      readonly session: string;
      readonly mayDeposit: boolean;
      readonly mayRecall: boolean;
      /** Deposits this courier left in doubt: reopen and finish, or cancel. */
      readonly unfinished: readonly { readonly deposit: DepositId; readonly compartment: CompartmentId }[];
    };

/** What one input leads to: rows to write, facts to journal, an answer, and effects for after the commit. */
export type Step = {
  readonly changes: readonly Change[];
  readonly facts: readonly Fact[];
  readonly effects: readonly Effect[];
  readonly reply: Reply;
};
