import type { Door } from "../../contract/events.ts";
import type {
  CompartmentId,
  CourierId,
  DepositId,
  OpId,
  ParcelVerifier,
  ProofDigest,
  Size,
} from "../../contract/ids.ts";
import type { CommandClaims } from "../../contract/messages.ts";
import type { ClockTrust, EpochMs, Instants } from "../../contract/time.ts";
import type { Courier } from "./model.ts";

/** What the bus tells about the world. The board's answer to a command and the door's own movement are separate facts. */
export type BusReport =
  | { readonly kind: "unlock_result"; readonly op: OpId; readonly outcome: "accepted" | "unknown" }
  | { readonly kind: "unlock_result"; readonly op: OpId; readonly outcome: "rejected"; readonly reason: string }
  /** The pulse of `op` is over, and two fresh polls since then saw a door that was closed throughout. */
  | { readonly kind: "still_closed"; readonly op: OpId }
  /** What the board itself remembers of an operation, asked after a restart. `unknown`: it was reset, or cannot tell. */
  | {
      readonly kind: "op_evidence";
      readonly op: OpId;
      readonly evidence: "never_seen" | "no_change" | "opened" | "unknown";
    }
  | { readonly kind: "door"; readonly compartment: CompartmentId; readonly door: Door }
  | { readonly kind: "board"; readonly board: string; readonly health: "ok" | "silent" };

export type ProofDigests = {
  readonly code: ProofDigest;
  readonly extension: ProofDigest;
  readonly qr: ProofDigest;
};

/** What the kiosk's page asks, already parsed; codes and tokens have become digests before they get here. */
export type KioskInput =
  /** `extension` is null when nine digits were typed. */
  | { readonly kind: "type_code"; readonly code: ProofDigest; readonly extension: ProofDigest | null }
  | { readonly kind: "scan_qr"; readonly token: ProofDigest }
  /** Null when no such courier. `totpStep` is null when the six digits were wrong. */
  | {
      readonly kind: "sign_in";
      readonly courier: CourierId | null;
      readonly pinMatches: boolean;
      readonly totpStep: number | null;
    }
  | { readonly kind: "sign_out"; readonly session: string }
  | { readonly kind: "touch"; readonly session: string }
  | {
      readonly kind: "start_deposit";
      readonly session: string;
      readonly verifier: ParcelVerifier;
      readonly size: Size;
    }
  | { readonly kind: "confirm_deposit"; readonly session: string; readonly deposit: DepositId }
  | { readonly kind: "cancel_deposit"; readonly session: string; readonly deposit: DepositId }
  | { readonly kind: "reopen_deposit"; readonly session: string; readonly deposit: DepositId }
  /** The recipient, inside the grace window after the close. */
  | { readonly kind: "reopen_pickup"; readonly deposit: DepositId }
  /** "The compartment is empty / not my parcel." */
  | { readonly kind: "dispute_pickup"; readonly deposit: DepositId };

export type Input =
  /** `opened`: how the store came to be; after a quarantine nobody knows what is behind the doors. */
  | {
      readonly kind: "boot";
      readonly layout: Layout;
      readonly clockTrust: ClockTrust;
      readonly opened: "existing" | "created" | "after_quarantine";
    }
  | { readonly kind: "stop" }
  | { readonly kind: "tick" }
  | { readonly kind: "clock"; readonly trust: ClockTrust }
  | BusReport
  | KioskInput
  | {
      readonly kind: "code_prepared";
      readonly deposit: DepositId;
      readonly digests: ProofDigests;
      /** The signed, sealed secret (compact JWS) and its SHA-256. */
      readonly sealed: string;
      readonly sealedHash: string;
    }
  | { readonly kind: "link"; readonly link: "up" | "down" }
  /** Verified acknowledgement of the fleet. */
  | { readonly kind: "acked"; readonly seq: number }
  /** A command whose signature was right; everything else is judged here. */
  | { readonly kind: "command"; readonly claims: CommandClaims }
  /** A verified, opened roster, its secrets already sealed under the board key. */
  | {
      readonly kind: "desired";
      readonly version: number;
      readonly issuedAt: EpochMs;
      readonly roster: readonly Omit<Courier, "totpStep">[];
    };

/** The compartments of the configuration. */
export type Layout = readonly { readonly id: CompartmentId; readonly size: Size }[];

/** When an input happened, and random bits of its own: 64 hex digits, drawn outside. */
export type Occasion = { readonly now: Instants; readonly random: string };
