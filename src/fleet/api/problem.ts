import type { FastifyReply } from "fastify";
import type { Problem } from "../../contract/kiosk-api.ts";

/** Every refusal of the API: status and what to do about it. */
export const problems = {
  bad_request: [400, "The request is not as described", "Correct the fields listed under faults; see /openapi.json."],
  query_not_allowed: [400, "No query is allowed here", "Leave out everything from the question mark on."],
  unauthenticated: [401, "Who is asking is not known", "Send Authorization: Bearer with an API key, or sign in again."],
  not_permitted: [403, "This key may not do that", "Use a key of the right kind: operator or carrier."],
  wrong_origin: [403, "The request comes from another site", "Use the console from the fleet's own address."],
  not_found: [404, "Nothing is here", "Check the address and the identifiers in it."],
  unknown_locker: [404, "No such locker", "Use a handle from GET /v1/lockers."],
  unknown_compartment: [404, "This locker has no such compartment", "Use a compartment the locker has reported."],
  already_announced: [409, "A parcel with this verifier is announced already", "Look it up by the id it got then."],
  locker_never_seen: [409, "This locker has not reported yet", "Wait until the locker has connected once."],
  open_in_progress: [409, "This compartment is being opened already", "Wait for the outcome of the open under way."],
  courier_exists: [409, "This courier number is taken at a locker", "Choose another courier number."],
  parcel_ended: [410, "This parcel has been collected", "A label serves one parcel; print a new one."],
  too_large: [413, "The request is too large", "Send at most 16 KiB."],
  wrong_media_type: [415, "The body is not JSON", "Send Content-Type: application/json."],
  idempotency_key_reused: [422, "This Idempotency-Key belongs to another request", "Draw a new key for a new request."],
  internal: [500, "The fleet failed", "Try again; if it stays so, look into the fleet's log."],
  broker_unreachable: [503, "The broker cannot be reached", "No command can be sent; try again when it is back."],
  not_ready: [503, "The fleet is not ready", "Look into the fleet's log."],
} as const satisfies Record<string, readonly [number, string, string]>;

export type ProblemCode = keyof typeof problems;

/** Answers with an RFC 9457 problem. No value of the request is repeated in it. */
export function refuse(reply: FastifyReply, code: ProblemCode, faults?: readonly string[]): FastifyReply {
  const [status, title, detail] = problems[code];
  const problem: Problem = {
    ...{ type: "about:blank", title, status, code, detail },
    ...(faults === undefined ? {} : { faults: [...faults] }),
  };
  if (status === 401) reply.header("www-authenticate", "Bearer");
  return reply.code(status).type("application/problem+json").send(problem);
}
