/** A refusal as the page uses it: sentences are the page's own, chosen by `code`. */
export type WebProblem = {
  readonly code: string;
  readonly compartment?: number | undefined;
  readonly remainingMs?: number | undefined;
};

export type Posted =
  | { readonly ok: true; readonly status: number; readonly body: unknown }
  | { readonly ok: false; readonly status: number; readonly problem: WebProblem };

/** Longest a person is left waiting for an answer before the page says that there is none. */
const ANSWER_MS_MAX = 10_000;

/**
 * Sends one JSON request to the page's own server.
 *
 * @returns the problem of a refusal (RFC 9457), or `unreachable` with status 0 when no answer came.
 */
export async function send(
  method: "GET" | "POST" | "DELETE",
  path: string,
  { body, headers = {} }: { readonly body?: object | undefined; readonly headers?: Record<string, string> } = {},
): Promise<Posted> {
  try {
    const response = await fetch(path, {
      method,
      headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const answer = await jsonOf(response);
    return response.ok
      ? { ok: true, status: response.status, body: answer }
      : { ok: false, status: response.status, problem: problemOf(answer) };
  } catch {
    return { ok: false, status: 0, problem: { code: "unreachable" } };
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text();
  return text === "" ? null : JSON.parse(text);
}

function problemOf(body: unknown): WebProblem {
  if (typeof body !== "object" || body === null || !("code" in body) || typeof body.code !== "string") {
    return { code: "other" };
  }
  const number = (name: string): number | undefined => {
    const value = (body as Record<string, unknown>)[name];
    return typeof value === "number" ? value : undefined;
  };
  return { code: body.code, compartment: number("compartment"), remainingMs: number("remainingMs") };
}
