import type { Fact } from "../contract/events.ts";
import type {
  CompartmentId,
  DepositId,
  Epoch,
  LockerHandle,
  OpId,
  ParcelVerifier,
  ProofDigest,
} from "../contract/ids.ts";
import type { AckClaims, CommandClaims } from "../contract/messages.ts";
import type { TypedCode } from "../contract/pickup-code.ts";
import type { Result } from "../contract/result.ts";
import type { ClockTrust, EpochMs, Instants, MonoMs } from "../contract/time.ts";
import type { BusReport, ProofDigests } from "./domain/input.ts";
import type { Change, Courier, DurableState } from "./domain/model.ts";

/** Reads both clocks at once. */
export type Clock = { readonly now: () => Instants };

/** Random hex digits, two per byte. */
export type Random = { readonly hex: (bytes: number) => string };

/** One alarm. Setting it again replaces the former; `undefined` clears it. */
export type Alarm = { readonly set: (due: MonoMs | undefined, ring: () => void) => void };

export type JournalRow = {
  readonly seq: number;
  /** The exact stored and published text. */
  readonly payload: string;
  /** SHA-256, hex, of the previous row's hash and this payload. */
  readonly hash: string;
  /** The sealed secret that belongs to this row, until it is acknowledged. */
  readonly attachment: { readonly sha256: string; readonly text: string } | null;
};

/** The locker's database. Any error of a write ends the process. */
export type Store = {
  readonly handle: LockerHandle;
  readonly epoch: Epoch;
  /** Everything durable, ordered by key. */
  readonly load: () => DurableState;
  /** Rows and facts in one durable transaction; changes of volatile tables are passed over. Returns the last seq. */
  readonly commit: (
    changes: readonly Change[],
    facts: readonly Fact[],
    at: { readonly wall: EpochMs; readonly clockTrust: ClockTrust },
  ) => number;
  readonly close: () => void;
};

/** The journal as the uplink reads it: rows after `seq`, at most `limit`. */
export type Outbox = {
  readonly lastSeq: () => number;
  readonly rowsAfter: (seq: number, limit: number) => readonly JournalRow[];
};

/** The lock boards. Answers come through the listener given to `start`, never from within a call. */
export type LockBus = {
  readonly start: (onReport: (report: BusReport) => void) => void;
  readonly unlock: (command: {
    readonly op: OpId;
    readonly compartment: CompartmentId;
    readonly notAfter: MonoMs;
  }) => void;
  readonly queryOp: (query: {
    readonly op: OpId;
    readonly compartment: CompartmentId;
    /** How long ago the operation was authorised; null when nobody can tell. */
    readonly ageMs: number | null;
  }) => void;
  readonly stop: () => Promise<void>;
};

/** Slow crypto, done outside the core. */
export type Secrets = {
  /** Draws, derives, digests and seals a fresh pickup secret; the secret itself is gone when this resolves. */
  readonly prepareCode: (request: {
    readonly deposit: DepositId;
    readonly verifier: ParcelVerifier;
    readonly compartment: CompartmentId;
  }) => Promise<{ readonly digests: ProofDigests; readonly sealed: string; readonly sealedHash: string }>;
};

/** Turns what people type or scan into keyed digests. Each call costs one argon2id, whatever it is given. */
export type Proofs = {
  readonly ofTypedCode: (
    typed: TypedCode,
  ) => Promise<{ readonly code: ProofDigest; readonly extension: ProofDigest | null }>;
  readonly ofQrToken: (token: string) => Promise<ProofDigest>;
};

/** Checks a courier's PIN and time code (TOTP), at the same cost for a courier nobody knows. */
export type CourierCheck = (asked: {
  readonly courier: Courier | undefined;
  readonly pin: string;
  readonly timeCode: string;
  readonly wall: EpochMs;
}) => Promise<{
  readonly pinMatches: boolean;
  /** The time step the code belongs to; null when it belongs to none. Whether it was used before is not asked here. */
  readonly totpStep: number | null;
}>;

/** Why a text of the fleet is not believed: forged or for another purpose, malformed inside, for another locker. */
export type BadLetter = { readonly code: "bad_signature" | "bad_document" | "wrong_audience" | "not_sealed_for_us" };

export type OpenedRoster = {
  readonly version: number;
  readonly issuedAt: EpochMs;
  /** Time code secrets are sealed under the board key already. */
  readonly roster: readonly Omit<Courier, "totpStep">[];
};

/** Signs for the locker, and believes the fleet's signatures only. */
export type Letters = {
  /** Ed25519 signature of a batch's statement, base64url. */
  readonly signBatch: (batch: { readonly epoch: Epoch; readonly lastSeq: number; readonly lastHash: string }) => string;
  /** The audience is this locker; epoch, row and hash are for the caller to compare. */
  readonly openAck: (text: string) => Promise<Result<AckClaims, BadLetter>>;
  /** The audience is this locker; epoch, sequence, expiry and challenge are judged by the core. */
  readonly openCommand: (text: string) => Promise<Result<CommandClaims, BadLetter>>;
  readonly openDesired: (text: string) => Promise<Result<OpenedRoster, BadLetter>>;
};

/** Told after every commit that added journal rows. */
export type Uplink = { readonly committed: (lastSeq: number) => void };

/** A log of events with fields; the message is a constant, and no field ever holds a code, token, PIN or contact. */
export type Log = {
  readonly [Level in "debug" | "info" | "warn" | "error"]: (
    fields: Readonly<Record<string, unknown>>,
    message: string,
  ) => void;
};
