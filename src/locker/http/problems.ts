import type { FastifyReply } from "fastify";
import type { KioskProblemCode, Problem } from "../../contract/kiosk-api.ts";
import type { Refusal } from "../domain/output.ts";
import { type ProblemText, refusals } from "./refusals.ts";

/** Problems of the adapter itself. None of them repeats anything of the request but names of fields. */
const problems = {
  bad_request: { status: 400, title: "The request is malformed", detail: "Correct the fields listed in faults." },
  bad_length: { status: 422, title: "Digits are missing", detail: "Type the 9 digits of the code, or all 13." },
  bad_check_digit: {
    status: 422,
    title: "One digit is wrong",
    detail: "Compare the code with your message. This was not counted as a try.",
  },
  wrong_origin: {
    status: 403,
    title: "This request does not come from the locker's own page",
    detail: "Load the page anew from its own address: it gives the cookie that every call must carry.",
  },
  too_many_streams: {
    status: 409,
    title: "The page is open somewhere else",
    detail: "A newer page receives the events now. Load this one anew to take them back.",
  },
  not_found: { status: 404, title: "There is no such address", detail: "Check the method and the path." },
  too_large: { status: 413, title: "The request is too large", detail: "Send only the fields of the schema." },
  wrong_media_type: { status: 415, title: "The body is not JSON", detail: "Send it as application/json." },
  too_busy: { status: 503, title: "Too many requests wait", detail: "Try again in a few seconds." },
  internal: { status: 500, title: "The locker failed", detail: "Try again; the daemon's log says what failed." },
} as const satisfies Record<KioskProblemCode, ProblemText>;

/** The document of a refusal (RFC 9457). */
export function problemOf(refusal: Refusal | { readonly code: KioskProblemCode }, faults?: readonly string[]): Problem {
  const { status, title, detail }: ProblemText = { ...problems, ...refusals }[refusal.code];
  return {
    type: "about:blank",
    title,
    status,
    code: refusal.code,
    detail,
    ...("compartment" in refusal ? { compartment: refusal.compartment } : {}),
    ...("remainingMs" in refusal ? { remainingMs: Math.ceil(refusal.remainingMs) } : {}),
    ...(faults === undefined ? {} : { faults: [...faults] }),
  };
}

export async function sendProblem(reply: FastifyReply, problem: Problem): Promise<void> {
  const { status, remainingMs } = problem;
  // RFC 9110, section 11.6.1, asks for a challenge; browsers pass over a scheme they do not know.
  if (status === 401) void reply.header("www-authenticate", "Kiosk");
  if (remainingMs !== undefined) void reply.header("retry-after", Math.ceil(remainingMs / 1000));
  await reply.code(status).type("application/problem+json").send(problem);
}
