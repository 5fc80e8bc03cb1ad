import { type Static, type TProperties, Type } from "typebox";
import {
  AuthorisationIdSchema,
  CommandIdSchema,
  CompartmentIdSchema,
  CourierIdSchema,
  DepositIdSchema,
  Hash,
  OrdinalSchema,
  ParcelVerifierSchema,
  Size,
} from "./ids.ts";

/*
 * The facts a locker reports. Each is one journal row: a structured CloudEvents 1.0 JSON document whose exact bytes
 * are stored, hashed and published. Nothing here names a person: `additionalProperties` is false everywhere.
 */

const strict = <T extends TProperties>(properties: T) => Type.Object(properties, { additionalProperties: false });
export const Occupancy = Type.Enum(["available", "reserved", "occupied", "unknown"]);
export type Occupancy = "available" | "reserved" | "occupied" | "unknown";
export const OutOfServiceReason = Type.Enum(["broken", "blocked", "dirty", "sensor_fault", "audit"]);
export type OutOfServiceReason = "broken" | "blocked" | "dirty" | "sensor_fault" | "audit";
export type Door = "open" | "closed" | "unknown";
/** Why a door was allowed to open. */
export const Purpose = Type.Enum(["deposit", "pickup", "reopen", "remote"]);
export type Purpose = "deposit" | "pickup" | "reopen" | "remote";

const CompartmentReport = strict({
  compartment: CompartmentIdSchema,
  size: Size,
  occupancy: Occupancy,
  outOfService: Type.Union([OutOfServiceReason, Type.Null()]),
});

const LiveDeposit = strict({
  deposit: DepositIdSchema,
  compartment: CompartmentIdSchema,
  verifier: ParcelVerifierSchema,
  state: Type.Enum(["depositing", "stored", "collecting"]),
  /** Nobody knows whether it is still inside. */
  maybeCollected: Type.Boolean(),
});

/** The greatest cabinet; no deposit under way is without a compartment of its own. */
const COMPARTMENTS_MAX = 1000;

/** Event type (without prefix and version) → schema of its `data`. */
export const eventData = {
  /** First row of every epoch, and again when the layout changed: the whole locker. */
  "locker.snapshot": strict({
    compartments: Type.Array(
      strict({ ...CompartmentReport.properties, door: Type.Enum(["open", "closed", "unknown"]) }),
      { maxItems: COMPARTMENTS_MAX },
    ),
    deposits: Type.Array(LiveDeposit, { maxItems: COMPARTMENTS_MAX }),
  }),
  "locker.started": strict({ after: Type.Enum(["clean_stop", "crash", "first_start"]) }),
  "compartment.changed": CompartmentReport,
  /** `authorisation` is null when nobody was allowed to open it. */
  "door.opened": strict({
    compartment: CompartmentIdSchema,
    authorisation: Type.Union([AuthorisationIdSchema, Type.Null()]),
    purpose: Type.Union([Purpose, Type.Null()]),
  }),
  "door.closed": strict({ compartment: CompartmentIdSchema }),
  "door.left_open": strict({ compartment: CompartmentIdSchema }),
  "door.break_in": strict({ compartment: CompartmentIdSchema }),
  "door.wrong_opened": strict({ commanded: CompartmentIdSchema, opened: CompartmentIdSchema }),
  "unlock.blocked": strict({ compartment: CompartmentIdSchema, authorisation: AuthorisationIdSchema }),
  "unlock.rejected": strict({
    compartment: CompartmentIdSchema,
    authorisation: AuthorisationIdSchema,
    reason: Type.String({ pattern: "^[a-z_]{2,32}$" }),
  }),
  /** The board did not say and the sensor did not show whether the door opened. */
  "unlock.in_doubt": strict({ compartment: CompartmentIdSchema, authorisation: AuthorisationIdSchema }),
  "deposit.started": strict({
    deposit: DepositIdSchema,
    compartment: CompartmentIdSchema,
    verifier: ParcelVerifierSchema,
    courier: CourierIdSchema,
  }),
  "deposit.cancelled": strict({ deposit: DepositIdSchema, compartment: CompartmentIdSchema }),
  "deposit.interrupted": strict({ deposit: DepositIdSchema, compartment: CompartmentIdSchema }),
  "deposit.stored": strict({
    deposit: DepositIdSchema,
    compartment: CompartmentIdSchema,
    verifier: ParcelVerifierSchema,
  }),
  /** `sealed` is the SHA-256 of the attachment: the signed, sealed pickup secret. */
  "code.issued": strict({ deposit: DepositIdSchema, verifier: ParcelVerifierSchema, sealed: Hash }),
  "pickup.started": strict({
    deposit: DepositIdSchema,
    compartment: CompartmentIdSchema,
    authorisation: AuthorisationIdSchema,
  }),
  "pickup.rearmed": strict({ deposit: DepositIdSchema, compartment: CompartmentIdSchema }),
  "pickup.in_doubt": strict({ deposit: DepositIdSchema, compartment: CompartmentIdSchema }),
  "pickup.opened": strict({ deposit: DepositIdSchema, compartment: CompartmentIdSchema }),
  "pickup.collected": strict({
    deposit: DepositIdSchema,
    compartment: CompartmentIdSchema,
    verifier: ParcelVerifierSchema,
  }),
  "pickup.disputed": strict({ deposit: DepositIdSchema, compartment: CompartmentIdSchema }),
  "courier.signed_in": strict({ courier: CourierIdSchema }),
  "guessing.alarm": strict({ guessesInHour: OrdinalSchema }),
  "board.health": strict({ board: Type.String({ pattern: "^[a-z0-9-]{1,32}$" }), health: Type.Enum(["ok", "silent"]) }),
  "challenge.issued": strict({
    command: CommandIdSchema,
    compartment: CompartmentIdSchema,
    challenge: Type.String({ pattern: "^[0-9a-f]{32}$" }),
  }),
  "command.accepted": strict({
    command: CommandIdSchema,
    compartment: CompartmentIdSchema,
    authorisation: AuthorisationIdSchema,
  }),
  "command.refused": strict({ command: CommandIdSchema, code: Type.String({ pattern: "^[a-z_]{2,32}$" }) }),
  "desired.applied": strict({ version: OrdinalSchema }),
} as const;

export type EventName = keyof typeof eventData;
export type EventData<N extends EventName> = Static<(typeof eventData)[N]>;

/** A fact before the store has given it its place in the journal. */
export type Fact = {
  readonly [N in EventName]: { readonly name: N; readonly data: EventData<N>; readonly attachment?: string };
}[EventName];

export const EVENT_TYPE_PREFIX = "org.lockerd.";
export const EVENT_TYPE_SUFFIX = ".v1";
export const eventType = (name: EventName): string => `${EVENT_TYPE_PREFIX}${name}${EVENT_TYPE_SUFFIX}`;

/** CloudEvents 1.0 envelope; `id` is `<epoch>-<seq>`, `source` is `/lockers/<handle>`. */
export const EventEnvelope = Type.Object(
  {
    specversion: Type.Literal("1.0"),
    id: Type.String({ pattern: "^[0-9a-f]{16}-[1-9][0-9]{0,15}$" }),
    source: Type.String({ pattern: "^/lockers/[a-z0-9]{8,32}$" }),
    type: Type.String({ pattern: "^org\\.lockerd\\.[a-z_]+\\.[a-z_]+\\.v1$" }),
    time: Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$" }),
    /** CloudEvents extension: how far `time` can be believed. */
    clocktrust: Type.Enum(["unset", "restored", "synced"]),
    datacontenttype: Type.Literal("application/json"),
    data: Type.Unknown(),
  },
  { additionalProperties: false },
);
export type EventEnvelope = Static<typeof EventEnvelope>;
