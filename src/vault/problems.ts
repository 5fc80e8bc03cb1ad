import type { FastifyReply } from "fastify";
import type { Problem } from "../contract/kiosk-api.ts";

/** Every refusal of the vault: its HTTP status and what to do about it. */
export const problems = {
  bad_request: { status: 400, detail: "Correct the fields listed in faults." },
  query_not_allowed: { status: 400, detail: "Leave the query out: no address of the vault takes one." },
  bad_key: { status: 401, detail: "Send Authorization: Bearer with a carrier's key." },
  bad_signature: { status: 401, detail: "Sign the notice with the fleet's link key, typ lockerd-notice+jws." },
  not_found: { status: 404, detail: "There is no such address." },
  contact_of_other_carrier: { status: 409, detail: "Only the carrier that announced this parcel may change it." },
  notice_reused: { status: 409, detail: "Give every notice an id of its own; repeat one only unchanged." },
  parcel_gone: { status: 410, detail: "The parcel is gone; announce a new one under a new token." },
  too_large: { status: 413, detail: "Send less: bodies are at most 32 KiB." },
  wrong_media_type: { status: 415, detail: "Send contacts as application/json, notices as application/jose." },
  unknown_locker: { status: 422, detail: "Enrol the locker's key in the vault first." },
  bad_locker_signature: { status: 422, detail: "The sealed secret does not carry the locker's signature." },
  not_sealed_for_this_vault: { status: 422, detail: "The secret is sealed to another key than this vault's." },
  bad_secret: { status: 422, detail: "What the locker sealed is no pickup secret." },
  wrong_locker: { status: 422, detail: "The locker that signed is not the one named inside the seal." },
  other_subject: { status: 422, detail: "This deposit is already known with another parcel or locker." },
  internal: { status: 500, detail: "Try again later; the vault's log says what failed." },
  not_ready: { status: 503, detail: "Try again later; the vault's log says what failed." },
  not_delivered: { status: 503, detail: "The notice could not be delivered; send it again later." },
} as const satisfies Record<string, { readonly status: number; readonly detail: string }>;

export type ProblemCode = keyof typeof problems;

/** Answers with an RFC 9457 problem. */
export async function refuse(reply: FastifyReply, code: ProblemCode, faults?: readonly string[]): Promise<void> {
  const { status, detail } = problems[code];
  const problem: Problem = {
    type: "about:blank",
    title: code.replaceAll("_", " "),
    status,
    code,
    detail,
    ...(faults === undefined ? {} : { faults: [...faults] }),
  };
  if (status === 401) void reply.header("www-authenticate", "Bearer");
  if (code === "not_delivered") void reply.header("retry-after", "30");
  await reply.code(status).type("application/problem+json").send(problem);
}
