import { type Static, Type } from "typebox";
import { LockerHandleSchema, ParcelVerifierSchema } from "./ids.ts";

/*
 * The vault's API. `POST /v1/contacts` by carriers with `Authorization: Bearer <key>`; `POST /v1/notices` by the fleet,
 * a compact JWS (see `VaultNotice`) sent as NOTICE_CONTENT_TYPE. Refusals are RFC 9457 problems.
 */

const strict = { additionalProperties: false } as const;

/** Media type of a compact JWS, RFC 7515 section 9.2.1. */
export const NOTICE_CONTENT_TYPE = "application/jose";

/** Languages a notice can be written in. */
export const NoticeLanguage = Type.Enum(["zh-CN", "en"]);
export type NoticeLanguage = "zh-CN" | "en";

/** A mailbox as SMTP takes it: ASCII, no quoting, no line break, so that no address can smuggle in a header. */
export const emailPattern = "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\\.[A-Za-z0-9-]{1,63})*$";

export const EmailContact = Type.Object(
  { kind: Type.Literal("email"), address: Type.String({ pattern: emailPattern, maxLength: 254 }) },
  strict,
);
export type EmailContact = Static<typeof EmailContact>;

/** `POST /v1/contacts`: where to tell the recipient of the parcel with this verifier, once it lies in this locker. */
export const ContactRequest = Type.Object(
  {
    verifier: ParcelVerifierSchema,
    locker: LockerHandleSchema,
    contact: EmailContact,
    language: NoticeLanguage,
  },
  strict,
);
export type ContactRequest = Static<typeof ContactRequest>;

/** Answer of `POST /v1/contacts`: 201 `created`, or 200 `replaced` when the same carrier had announced one before. */
export const ContactAnswer = Type.Object({ result: Type.Enum(["created", "replaced"]) }, strict);
export type ContactAnswer = Static<typeof ContactAnswer>;
