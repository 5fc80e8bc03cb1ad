import { type Static, Type } from "typebox";
import {
  AuthorisationIdSchema,
  CompartmentIdSchema,
  CountSchema,
  CourierIdSchema,
  DepositIdSchema,
  parcelTokenPattern,
  Size,
} from "./ids.ts";

/*
 * The kiosk's API, loopback only: `POST /kiosk/v1/...` answered after the commit, and `GET /kiosk/v1/events`, a stream
 * (SSE, event `view`) of whole snapshots. Every request carries the cookie the page got from `GET /`, and its Origin.
 * Refusals are RFC 9457 problems whose `code` is one of `Refusal["code"]` of the domain, or of `KioskProblemCode`.
 */

const strict = { additionalProperties: false } as const;

/** Problems made by the adapter, before the domain is asked. */
export const KioskProblemCode = Type.Enum([
  "bad_request",
  "bad_length",
  "bad_check_digit",
  /** Another page, or a page of an earlier start of the daemon: to be loaded anew. */
  "wrong_origin",
  /** Not an answer but the stream's last event, `problem`: a newer page has taken over. Do not connect again. */
  "too_many_streams",
  "not_found",
  "too_large",
  "wrong_media_type",
  /** Too many people's codes wait to be checked. */
  "too_busy",
  "internal",
]);
export type KioskProblemCode = Static<typeof KioskProblemCode>;

export const Problem = Type.Object(
  {
    type: Type.Literal("about:blank"),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    code: Type.String(),
    /** What to do, in English; pages translate by `code`. */
    detail: Type.String(),
    compartment: Type.Optional(CompartmentIdSchema),
    remainingMs: Type.Optional(CountSchema),
    faults: Type.Optional(Type.Array(Type.String())),
  },
  strict,
);
export type Problem = Static<typeof Problem>;

/** `POST /kiosk/v1/pickup`: 9 digits, or 13 when the screen asks for the extension. */
export const PickupRequest = Type.Object({ code: Type.String({ minLength: 1, maxLength: 32 }) }, strict);
/** `POST /kiosk/v1/pickup/qr`: the text of the QR code. */
export const QrRequest = Type.Object({ token: Type.String({ pattern: "^[A-Za-z0-9_-]{22}$" }) }, strict);
/** `POST /kiosk/v1/courier/sign-in` */
export const SignInRequest = Type.Object(
  {
    courier: CourierIdSchema,
    pin: Type.String({ pattern: "^[0-9]{6,12}$" }),
    totp: Type.String({ pattern: "^[0-9]{6}$" }),
  },
  strict,
);
/** `POST /kiosk/v1/courier/deposits`; the session goes in the header `x-courier-session`, as in every courier call. */
export const StartDepositRequest = Type.Object(
  { parcelToken: Type.String({ pattern: parcelTokenPattern }), size: Size },
  strict,
);
/** `POST /kiosk/v1/courier/deposits/:deposit/confirm | cancel | reopen`, `POST /kiosk/v1/pickups/:deposit/reopen | dispute`, `POST /kiosk/v1/courier/touch | sign-out`: empty body. */
export const DepositParams = Type.Object({ deposit: DepositIdSchema }, strict);

export const OpeningReply = Type.Object(
  {
    operation: AuthorisationIdSchema,
    compartment: CompartmentIdSchema,
    deposit: Type.Union([DepositIdSchema, Type.Null()]),
  },
  strict,
);
export type OpeningReply = Static<typeof OpeningReply>;

export const SignedInReply = Type.Object(
  {
    session: Type.String({ pattern: "^[0-9a-f]{32}$" }),
    mayDeposit: Type.Boolean(),
    mayRecall: Type.Boolean(),
    unfinished: Type.Array(Type.Object({ deposit: DepositIdSchema, compartment: CompartmentIdSchema }, strict)),
  },
  strict,
);
export type SignedInReply = Static<typeof SignedInReply>;

/** What the door of the kiosk's current operation is doing. */
export const OperationView = Type.Object(
  {
    operation: AuthorisationIdSchema,
    purpose: Type.Enum(["deposit", "pickup", "reopen", "remote"]),
    compartment: CompartmentIdSchema,
    deposit: Type.Union([DepositIdSchema, Type.Null()]),
    /** `opening` commanded, not seen open · `open` · `closed` after having been open · `blocked` · `rejected` · `in_doubt`. */
    state: Type.Enum(["opening", "open", "closed", "blocked", "rejected", "in_doubt"]),
    /** State of the deposit, when there is one. */
    depositState: Type.Union([
      Type.Enum(["depositing", "stored", "collecting", "collected", "cancelled", "disputed"]),
      Type.Null(),
    ]),
    mayReopen: Type.Boolean(),
  },
  strict,
);
export type OperationView = Static<typeof OperationView>;

/** Snapshot sent by the stream on connect and after every change. Nothing in it tells of a person or a deposit of others. */
export const KioskView = Type.Object(
  {
    locker: Type.String(),
    /** Cabinet drawing: every door in module order. `door` as sensed. */
    doors: Type.Array(
      Type.Object(
        {
          compartment: CompartmentIdSchema,
          size: Size,
          door: Type.Enum(["open", "closed", "unknown"]),
          outOfService: Type.Boolean(),
        },
        strict,
      ),
    ),
    /** Compartments a deposit could get now. */
    free: Type.Object({ S: CountSchema, M: CountSchema, L: CountSchema }, strict),
    link: Type.Enum(["up", "down"]),
    boards: Type.Enum(["ok", "silent", "unknown"]),
    clockTrust: Type.Enum(["unset", "restored", "synced"]),
    /** Milliseconds until a code may be typed; 0 when now. */
    pausedMs: CountSchema,
    /** The guess budget is spent: ask for 13 digits. */
    extensionNeeded: Type.Boolean(),
    courierSignedIn: Type.Boolean(),
    operation: Type.Union([OperationView, Type.Null()]),
  },
  strict,
);
export type KioskView = Static<typeof KioskView>;
