import type { Door, Occupancy, OutOfServiceReason } from "../contract/events.ts";
import type { LockerView, ParcelState, RemoteOpenStatus } from "../contract/fleet-api.ts";
import type {
  AuthorisationId,
  CommandId,
  CompartmentId,
  CourierId,
  DepositId,
  Epoch,
  LockerHandle,
  ParcelVerifier,
  Size,
} from "../contract/ids.ts";
import type { EpochMs } from "../contract/time.ts";

/** SQLite has no boolean. */
export type Flag = 0 | 1;

/** One configured locker: what is known of it as a whole. */
export type LockerRow = {
  locker: LockerHandle;
  /** The epoch whose rows are folded; rows of older ones are only kept. */
  epoch: Epoch | null;
  link: LockerView["link"];
  boards: "ok" | "silent" | "unknown";
  last_contact_at: EpochMs | null;
  chain_broken_at: number | null;
  /** Highest `seq` of a signed command ever handed out. */
  command_seq: number;
  desired_applied: number;
};

export type EpochRow = {
  locker: LockerHandle;
  epoch: Epoch;
  last_seq: number;
  last_hash: string;
  first_seen_at: EpochMs;
};

/** A journal row of a locker, byte for byte, verified. */
export type JournalRow = {
  locker: LockerHandle;
  epoch: Epoch;
  seq: number;
  type: string;
  payload: string;
  hash: string;
  received_at: EpochMs;
};

export type BatchSignatureRow = {
  locker: LockerHandle;
  epoch: Epoch;
  last_seq: number;
  last_hash: string;
  signature: string;
};

export type CompartmentRow = {
  locker: LockerHandle;
  compartment: CompartmentId;
  size: Size;
  occupancy: Occupancy;
  out_of_service: OutOfServiceReason | null;
  door: Door;
};

export type BoardRow = { locker: LockerHandle; board: string; health: "ok" | "silent" };

export type ParcelRow = {
  locker: LockerHandle;
  id: string;
  carrier: string | null;
  verifier: ParcelVerifier;
  size: Size;
  state: ParcelState;
  maybe_collected: Flag;
  deposit: DepositId | null;
  compartment: CompartmentId | null;
  notified: Flag;
  announced_at: EpochMs;
  changed_at: EpochMs;
};

export type RemoteOpenRow = {
  locker: LockerHandle;
  command: CommandId;
  open_command: CommandId | null;
  compartment: CompartmentId;
  state: RemoteOpenStatus["state"];
  code: string | null;
  challenge: string | null;
  authorisation: AuthorisationId | null;
  by: string;
  reason: string;
  asked_at: EpochMs;
  changed_at: EpochMs;
};

/** The desired document ready to be published: signed, then sealed for this locker. */
export type DesiredRow = { locker: LockerHandle; version: number; document: string; issued_at: EpochMs };

/** A courier known to a locker; PIN hash and TOTP secret under the fleet's roster key. */
export type RosterRow = { locker: LockerHandle; courier: CourierId; sealed: string };

/** Something the vault has to be told. `sealed` is erased as soon as the vault has notified. */
export type VaultOutboxRow = {
  locker: LockerHandle;
  notice: string;
  /** A code to be told, or the end of its deposit: for good, or so that the parcel may come once more. */
  kind: "issued" | "gone" | "cancelled";
  deposit: DepositId;
  verifier: ParcelVerifier;
  sealed: string | null;
  ended_at: EpochMs | null;
  attempts_count: number;
  next_at: EpochMs;
};

/** What was answered to a carrier's `Idempotency-Key`. */
export type IdempotencyRow = {
  carrier: string;
  key: string;
  request_hash: string;
  body: string;
  created_at: EpochMs;
};

export type FleetDatabase = {
  locker: LockerRow;
  epoch: EpochRow;
  journal: JournalRow;
  batch_signature: BatchSignatureRow;
  compartment: CompartmentRow;
  board: BoardRow;
  parcel: ParcelRow;
  remote_open: RemoteOpenRow;
  desired: DesiredRow;
  roster: RosterRow;
  vault_outbox: VaultOutboxRow;
  idempotency: IdempotencyRow;
};
