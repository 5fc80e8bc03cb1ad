import { type Static, Type } from "typebox";
import {
  CommandIdSchema,
  CompartmentIdSchema,
  CourierIdSchema,
  DepositIdSchema,
  EpochMsSchema,
  EpochSchema,
  Hash,
  LockerHandleSchema,
  OrdinalSchema,
  ParcelVerifierSchema,
} from "./ids.ts";

/*
 * What travels over MQTT. JSON text unless said otherwise; JWS and JWE are compact serialisations.
 * A batch and its rows are covered by one Ed25519 signature of the locker through the hash chain:
 * hash(n) = SHA-256(hash(n-1) bytes ‖ payload(n) bytes), hash(0) = 32 zero bytes.
 */

const closed = { additionalProperties: false } as const;

/** Rows in one batch at most. */
export const BATCH_ROWS_MAX = 100;

/** `up/event`: consecutive journal rows. `rows` are the exact payload texts; `attachments` by the SHA-256 in their row. */
export const EventBatch = Type.Object(
  {
    locker: LockerHandleSchema,
    epoch: EpochSchema,
    firstSeq: OrdinalSchema,
    rows: Type.Array(Type.String({ maxLength: 262_144 }), { minItems: 1, maxItems: BATCH_ROWS_MAX }),
    attachments: Type.Record(Type.String({ pattern: "^[0-9a-f]{64}$" }), Type.String({ maxLength: 16_384 })),
    lastHash: Hash,
    /** Ed25519 over {@link batchStatement}, base64url. */
    signature: Type.String({ pattern: "^[A-Za-z0-9_-]{86}$" }),
  },
  closed,
);
export type EventBatch = Static<typeof EventBatch>;

/** The text a locker signs for a batch. */
export const batchStatement = (batch: {
  readonly locker: string;
  readonly epoch: string;
  readonly lastSeq: number;
  readonly lastHash: string;
}): string => `lockerd/1/batch\n${batch.locker}\n${batch.epoch}\n${batch.lastSeq}\n${batch.lastHash}`;

/** `up/status`, retained; the last will is the same with `offline`. No content of any deposit. */
export const LockerStatus = Type.Object(
  {
    state: Type.Enum(["online", "offline"]),
    boards: Type.Enum(["ok", "silent", "unknown"]),
    version: Type.String({ maxLength: 32 }),
  },
  closed,
);
export type LockerStatus = Static<typeof LockerStatus>;

/** Payload of `down/ack`, a JWS (EdDSA, `typ` = `lockerd-ack+jws`) by the fleet's command key: rows up to `seq` are stored. */
export const AckClaims = Type.Object(
  { aud: LockerHandleSchema, epoch: EpochSchema, seq: OrdinalSchema, hash: Hash },
  closed,
);
export type AckClaims = Static<typeof AckClaims>;

const commandBase = {
  aud: LockerHandleSchema,
  epoch: EpochSchema,
  jti: CommandIdSchema,
  /** (issuerEpoch, seq) rises strictly; a restored fleet raises issuerEpoch. */
  issuerEpoch: OrdinalSchema,
  seq: OrdinalSchema,
  /** Seconds since 1970, as JWT has them. */
  iat: EpochMsSchema,
  exp: EpochMsSchema,
  /** Pseudonym of the operator. */
  by: Type.String({ pattern: "^[a-z0-9-]{1,64}$" }),
  /** Free text for the audit trail of the fleet never travels: only its kind. */
  reason: Type.Enum(["recipient_present", "maintenance", "inspection", "authority", "test"]),
};

/** Payload of `down/command`, a JWS (EdDSA, `typ` = `lockerd-command+jws`). A challenge is asked for first, then carried by the open. */
export const CommandClaims = Type.Union([
  Type.Object({ ...commandBase, op: Type.Literal("challenge"), compartment: CompartmentIdSchema }, closed),
  Type.Object(
    {
      ...commandBase,
      op: Type.Literal("open"),
      compartment: CompartmentIdSchema,
      challenge: Type.String({ pattern: "^[0-9a-f]{32}$" }),
    },
    closed,
  ),
]);
export type CommandClaims = Static<typeof CommandClaims>;

/** One courier of the roster. `pinHash` is argon2id in PHC form; `totpSecret` is base32, for the locker's eyes only. */
export const RosterEntry = Type.Object(
  {
    courier: CourierIdSchema,
    pinHash: Type.String({ pattern: "^\\$argon2id\\$v=19\\$m=\\d+,t=\\d+,p=\\d+\\$[A-Za-z0-9+/]+\\$[A-Za-z0-9+/]+$" }),
    totpSecret: Type.String({ pattern: "^[A-Z2-7]{32}$" }),
    rights: Type.Array(Type.Enum(["deposit", "recall"]), { minItems: 1, maxItems: 2 }),
  },
  closed,
);
export type RosterEntry = Static<typeof RosterEntry>;

/** `down/desired`, retained: JWS by the fleet (`typ` = `lockerd-desired+jws`) inside a JWE to the locker's sealing key. */
export const DesiredDocument = Type.Object(
  {
    aud: LockerHandleSchema,
    version: OrdinalSchema,
    issuedAt: EpochMsSchema,
    roster: Type.Array(RosterEntry, { maxItems: 1000 }),
  },
  closed,
);
export type DesiredDocument = Static<typeof DesiredDocument>;

/**
 * What the locker seals for the vault: JWE (ECDH-ES, X25519, A256GCM) of this JSON padded to {@link SEALED_BYTES},
 * inside a JWS (EdDSA, `typ` = `lockerd-sealed+jws`, `kid` = locker handle) by the locker. `secret` is 20 bytes, base64url.
 */
export const SealedSecret = Type.Object(
  {
    locker: LockerHandleSchema,
    deposit: DepositIdSchema,
    verifier: ParcelVerifierSchema,
    compartment: CompartmentIdSchema,
    secret: Type.String({ pattern: "^[A-Za-z0-9_-]{27}$" }),
    padding: Type.String(),
  },
  closed,
);
export type SealedSecret = Static<typeof SealedSecret>;
export const SEALED_BYTES = 512;

export const jwsType = {
  ack: "lockerd-ack+jws",
  command: "lockerd-command+jws",
  desired: "lockerd-desired+jws",
  sealed: "lockerd-sealed+jws",
  notice: "lockerd-notice+jws",
} as const;

/**
 * Fleet → vault, body of `POST /v1/notices`: a JWS (`typ` = `lockerd-notice+jws`) by the fleet's link key.
 * `issued` carries the locker's own JWS; `ended` says that the deposit is over. Unless its cause is `cancelled` (the
 * courier took the parcel back and may deposit it anew) the parcel is gone: collected, recalled, refused.
 */
export const VaultNotice = Type.Union([
  Type.Object(
    {
      kind: Type.Literal("issued"),
      notice: Type.String({ maxLength: 64 }),
      sealed: Type.String({ maxLength: 16_384 }),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal("ended"),
      notice: Type.String({ maxLength: 64 }),
      deposit: DepositIdSchema,
      verifier: ParcelVerifierSchema,
      endedAt: EpochMsSchema,
      cause: Type.Optional(Type.Enum(["gone", "cancelled"])),
    },
    closed,
  ),
]);
export type VaultNotice = Static<typeof VaultNotice>;
/** The vault's answer: `notified` (a notice went out), `waiting` (no contact yet), `erased`. */
export const VaultAnswer = Type.Object({ result: Type.Enum(["notified", "waiting", "erased"]) }, closed);
export type VaultAnswer = Static<typeof VaultAnswer>;
