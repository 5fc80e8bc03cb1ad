import type { Door, Occupancy, OutOfServiceReason, Purpose } from "../../contract/events.ts";
import type {
  AuthorisationId,
  CommandId,
  CompartmentId,
  CourierId,
  DepositId,
  Epoch,
  LockerHandle,
  OpId,
  ParcelVerifier,
  ProofDigest,
  Size,
} from "../../contract/ids.ts";
import type { ClockTrust, EpochMs, MonoMs } from "../../contract/time.ts";

/*
 * The whole state of a locker, as tables of flat rows. Durable tables are what SQLite holds, row for row;
 * volatile tables are what this run of the daemon has seen or promised, and are gone after a restart.
 */

export type Compartment = {
  readonly id: CompartmentId;
  readonly size: Size;
  readonly occupancy: Occupancy;
  readonly outOfService: OutOfServiceReason | null;
  /** The door as last recorded, which is what the fleet believes; `unknown` before the first. Now: table `door`. */
  readonly door: Door;
  /** The live deposit in it. */
  readonly deposit: DepositId | null;
  /** The authorisation that was last commanded here; its state tells whether it is over. */
  readonly authorisation: AuthorisationId | null;
};

/** One parcel's stay in one compartment. Live: depositing, stored, collecting. */
export type DepositState = "depositing" | "stored" | "collecting" | "collected" | "cancelled" | "disputed";

export type Deposit = {
  readonly id: DepositId;
  readonly compartment: CompartmentId;
  readonly verifier: ParcelVerifier;
  readonly courier: CourierId;
  readonly state: DepositState;
  /**
   * What made it uncertain whether the parcel is still inside; null when nothing did. While in doubt the code still
   * opens and the compartment stays taken.
   */
  readonly doubtedBy: AuthorisationId | "break_in" | null;
  /** Frozen until a person decides: wrong door, dispute. No proof opens it. */
  readonly held: boolean;
  readonly code: "none" | "pending" | "live" | "claimed" | "burned";
  readonly codeDigest: ProofDigest | null;
  readonly extensionDigest: ProofDigest | null;
  readonly qrDigest: ProofDigest | null;
  readonly startedAt: EpochMs;
  /** When it reached a final state. */
  readonly endedAt: EpochMs | null;
};

/**
 * One permission to open one door once, written before any frame leaves.
 * `commanded` → `opened` → `closed`; or → `blocked`, `rejected`, `in_doubt`, each of which may still become `opened`.
 */
export type Authorisation = {
  readonly id: AuthorisationId;
  readonly purpose: Purpose;
  readonly compartment: CompartmentId;
  readonly deposit: DepositId | null;
  readonly state: "commanded" | "opened" | "closed" | "blocked" | "rejected" | "in_doubt";
  readonly at: EpochMs;
};

/** One unlock frame that may have left. */
export type Attempt = {
  readonly op: OpId;
  readonly authorisation: AuthorisationId;
  readonly number: 1 | 2;
  /** `stayed_closed`: accepted, and the sensor then saw a door that never moved. */
  readonly outcome: "sent" | "accepted" | "rejected" | "unknown" | "stayed_closed";
  readonly at: EpochMs;
};

/** A digest that opens, or opened, something. Dead rows no longer know their deposit. The extension is no proof alone. */
export type Proof = {
  readonly digest: ProofDigest;
  readonly kind: "code" | "qr";
  readonly deposit: DepositId | null;
  readonly diedAt: EpochMs | null;
};

export type Courier = {
  readonly id: CourierId;
  /** argon2id, PHC form. */
  readonly pinHash: string;
  /** Encrypted under the board key. */
  readonly totpSealed: string;
  readonly mayDeposit: boolean;
  readonly mayRecall: boolean;
  /** The last time step that signed in; earlier or equal ones are replays. */
  readonly totpStep: number;
};

/** A bucket against guessing. `level` never grows except by uptime at the refill rate, up to its burst. */
export type Budget = {
  readonly name: "code" | "pin" | "remote_occupied";
  readonly level: number;
  /** Wrong tries since the last pause began: each further one doubles it. */
  readonly strikes: number;
};

/** The single row of facts about this database. */
export type Meta = {
  readonly id: 1;
  readonly epoch: Epoch;
  readonly handle: LockerHandle;
  /** Highest row the fleet has acknowledged. */
  readonly ackedSeq: number;
  readonly issuerEpoch: number;
  readonly commandSeq: number;
  readonly desiredVersion: number;
  readonly rosterIssuedAt: EpochMs;
  readonly cleanStop: boolean;
  /** Latest wall time this locker has believed. */
  readonly wallFloor: EpochMs;
};

export type DoorRow = { readonly compartment: CompartmentId; readonly door: Door };
export type BoardRow = { readonly board: string; readonly health: "ok" | "silent" };

/** Who stands at the kiosk, after signing in. One kiosk, one session. */
export type Session = {
  readonly id: "kiosk";
  readonly secret: string;
  readonly courier: CourierId;
  readonly mayDeposit: boolean;
  readonly mayRecall: boolean;
};

/** Something the kiosk's page follows by its id, until the next one takes its place. */
export type Operation = {
  readonly id: "kiosk";
  readonly authorisation: AuthorisationId;
};

export type TimerKind =
  | "retry_window"
  | "blocked"
  | "late_opening"
  | "confirm"
  | "left_open"
  | "reopen"
  | "shown"
  | "session"
  | "challenge"
  | "pause"
  | "refill"
  | "prune";

/** A deadline as data. `key` is `<kind>:<subject>`. */
export type Timer = { readonly key: string; readonly kind: TimerKind; readonly subject: string; readonly due: MonoMs };

export type Challenge = {
  readonly value: string;
  readonly command: CommandId;
  readonly compartment: CompartmentId;
};

/** What changes while running and is never written down. */
export type Runtime = {
  readonly id: 1;
  readonly clockTrust: ClockTrust;
  readonly link: "up" | "down";
  /** Before this moment no code may be typed at the kiosk. */
  readonly codePausedUntil: MonoMs;
  /** Before this moment nobody may sign in. */
  readonly pinPausedUntil: MonoMs;
  readonly refilledAt: MonoMs;
  readonly guessTimes: readonly MonoMs[];
  readonly remoteOpenTimes: readonly MonoMs[];
};

export type DurableTables = {
  compartment: Compartment;
  deposit: Deposit;
  authorisation: Authorisation;
  attempt: Attempt;
  proof: Proof;
  courier: Courier;
  budget: Budget;
  meta: Meta;
};

export type VolatileTables = {
  door: DoorRow;
  board: BoardRow;
  session: Session;
  operation: Operation;
  timer: Timer;
  challenge: Challenge;
  runtime: Runtime;
};

export type Tables = DurableTables & VolatileTables;
export type TableName = keyof Tables;
export type DurableTableName = keyof DurableTables;

/** The field that identifies a row. */
export const keyField = {
  compartment: "id",
  deposit: "id",
  authorisation: "id",
  attempt: "op",
  proof: "digest",
  courier: "id",
  budget: "name",
  meta: "id",
  door: "compartment",
  board: "board",
  session: "id",
  operation: "id",
  timer: "key",
  challenge: "value",
  runtime: "id",
} as const satisfies { [T in TableName]: keyof Tables[T] };

export const DURABLE_TABLES = [
  "meta",
  "compartment",
  "deposit",
  "authorisation",
  "attempt",
  "proof",
  "courier",
  "budget",
] as const satisfies readonly DurableTableName[];

export type Key<T extends TableName> = Tables[T][(typeof keyField)[T] & keyof Tables[T]];

export type State = { readonly [T in TableName]: Map<Key<T>, Tables[T]> };
export type DurableState = Pick<State, DurableTableName>;

/** A row written (`put`) or removed (`del`). */
export type Change = {
  [T in TableName]: { readonly table: T; readonly put: Tables[T] } | { readonly table: T; readonly del: Key<T> };
}[TableName];

export const isLive = (deposit: Deposit): boolean =>
  deposit.state === "depositing" || deposit.state === "stored" || deposit.state === "collecting";

/** An authorisation whose door may still move because of it. */
export const isPending = (authorisation: Authorisation): boolean =>
  authorisation.state === "commanded" || authorisation.state === "opened";
