import { type Static, Type } from "typebox";
import { Occupancy, OutOfServiceReason } from "./events.ts";
import {
  CompartmentIdSchema,
  CountSchema,
  CourierIdSchema,
  DepositIdSchema,
  EpochMsSchema,
  hex128Pattern,
  LockerHandleSchema,
  ParcelVerifierSchema,
  Size,
} from "./ids.ts";

/*
 * The fleet's API. `/v1/...` with `Authorization: Bearer <key>`; a key belongs to a carrier (its own parcels only) or to
 * an operator. The console signs in with an operator's key and holds a session cookie. Refusals are RFC 9457 problems.
 */

const strict = { additionalProperties: false } as const;

export const CompartmentStatus = Type.Object(
  {
    compartment: CompartmentIdSchema,
    size: Size,
    occupancy: Occupancy,
    outOfService: Type.Union([OutOfServiceReason, Type.Null()]),
    door: Type.Enum(["open", "closed", "unknown"]),
  },
  strict,
);
export type CompartmentStatus = Static<typeof CompartmentStatus>;

/** What became of the last remote open of a compartment, as facts. */
export const RemoteOpenStatus = Type.Object(
  {
    command: Type.String(),
    compartment: CompartmentIdSchema,
    state: Type.Enum([
      "asked",
      "challenged",
      "accepted",
      "opened",
      "closed",
      "blocked",
      "rejected",
      "in_doubt",
      "refused",
      "expired",
    ]),
    code: Type.Union([Type.String(), Type.Null()]),
    by: Type.String(),
    reason: Type.String(),
    askedAt: EpochMsSchema,
    changedAt: EpochMsSchema,
  },
  strict,
);
export type RemoteOpenStatus = Static<typeof RemoteOpenStatus>;

/** One locker at a glance: item of `GET /v1/lockers`, and of the stream `GET /v1/stream` (SSE, event `locker`). */
export const LockerView = Type.Object(
  {
    locker: LockerHandleSchema,
    name: Type.String(),
    link: Type.Enum(["online", "offline", "never_seen"]),
    /** Door and board truth, not process liveness: a locker that says nothing is not healthy. */
    health: Type.Enum(["healthy", "degraded", "silent"]),
    lastContactAt: Type.Union([EpochMsSchema, Type.Null()]),
    compartments: Type.Array(CompartmentStatus),
    remoteOpens: Type.Array(RemoteOpenStatus),
    /** Version of the desired document the fleet made last, and the one the locker said it applied last; 0 before. */
    roster: Type.Object({ made: CountSchema, applied: CountSchema }, strict),
    /** Rows after which the hash chain no longer holds, or null. */
    chainBrokenAt: Type.Union([CountSchema, Type.Null()]),
  },
  strict,
);
export type LockerView = Static<typeof LockerView>;

/** `POST /v1/lockers/:locker/compartments/:compartment/open` (operators). Answer 202 with a {@link RemoteOpenStatus}. */
export const RemoteOpenRequest = Type.Object(
  { reason: Type.Enum(["recipient_present", "maintenance", "inspection", "authority", "test"]) },
  strict,
);

/** `POST /v1/parcels` (carriers), with `Idempotency-Key`. The contact never comes here: it goes to the vault. */
export const AnnounceParcelRequest = Type.Object(
  { locker: LockerHandleSchema, verifier: ParcelVerifierSchema, size: Size },
  strict,
);
export const ParcelState = Type.Enum([
  "announced",
  "depositing",
  "stored",
  "collecting",
  "collected",
  "cancelled",
  "disputed",
]);
export type ParcelState = Static<typeof ParcelState>;
/** Answer of `POST /v1/parcels` and `GET /v1/parcels/:id`. */
export const ParcelView = Type.Object(
  {
    id: Type.String({ pattern: hex128Pattern }),
    locker: LockerHandleSchema,
    verifier: ParcelVerifierSchema,
    size: Size,
    state: ParcelState,
    maybeCollected: Type.Boolean(),
    deposit: Type.Union([DepositIdSchema, Type.Null()]),
    compartment: Type.Union([CompartmentIdSchema, Type.Null()]),
    notified: Type.Boolean(),
    announcedAt: EpochMsSchema,
    changedAt: EpochMsSchema,
  },
  strict,
);
export type ParcelView = Static<typeof ParcelView>;

/** Answer of `GET /v1/lockers`: every locker, ordered by handle. */
export const LockerList = Type.Object({ lockers: Type.Array(LockerView) }, strict);
export type LockerList = Static<typeof LockerList>;

/** `POST /v1/couriers` (operators): a new courier, known to these lockers only. */
export const CreateCourierRequest = Type.Object(
  {
    courier: CourierIdSchema,
    lockers: Type.Array(LockerHandleSchema, { minItems: 1, maxItems: 100, uniqueItems: true }),
    rights: Type.Array(Type.Enum(["deposit", "recall"]), { minItems: 1, maxItems: 2, uniqueItems: true }),
  },
  strict,
);
export type CreateCourierRequest = Static<typeof CreateCourierRequest>;

/** Answer of `POST /v1/couriers`, 201: shown once, never stored in this form, never shown again. */
export const CourierCredentials = Type.Object(
  {
    courier: CourierIdSchema,
    pin: Type.String({ pattern: "^[0-9]{6}$" }),
    /** Base32, for an authenticator application: SHA-1, 6 digits, 30 s. */
    totpSecret: Type.String({ pattern: "^[A-Z2-7]{32}$" }),
  },
  strict,
);
export type CourierCredentials = Static<typeof CourierCredentials>;

/** `POST /console/session`: the console signs in with an operator's API key and gets a cookie. `DELETE` signs out. */
export const ConsoleSignIn = Type.Object({ key: Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" }) }, strict);
/** Answer of `POST` and `GET /console/session`: the operator's pseudonym. */
export const ConsoleSession = Type.Object({ operator: Type.String({ pattern: "^[a-z0-9-]{1,64}$" }) }, strict);
export type ConsoleSession = Static<typeof ConsoleSession>;
