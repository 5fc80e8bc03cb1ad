/** A refusal of one of the demo's own services: the demo cannot go on. */
export class Refused extends Error {
  readonly code: string;

  constructor(what: string, status: number, body: string) {
    super(`${what} answered ${status}: ${body}`);
    this.code = codeOf(body);
  }
}

function codeOf(body: string): string {
  try {
    return String((JSON.parse(body) as { code?: unknown }).code);
  } catch {
    return "no_problem_document";
  }
}

/** Sends JSON, takes JSON. */
export async function call<T>(url: string, init: RequestInit & { readonly json?: unknown } = {}): Promise<T> {
  const { json, ...rest } = init;
  const headers = new Headers(rest.headers);
  if (json !== undefined) headers.set("content-type", "application/json");
  const body = json === undefined ? rest.body : JSON.stringify(json);
  const response = await fetch(url, { ...rest, headers, body: body ?? null, signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  if (!response.ok) throw new Refused(`${rest.method ?? "GET"} ${new URL(url).pathname}`, response.status, text);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** The kiosk's API as its page uses it: the page's cookie and its origin. */
export class KioskCaller {
  readonly url: string;
  /** What tells the kiosk that its own page is calling. */
  readonly headers: { readonly cookie: string; readonly origin: string };

  private constructor(url: string, cookie: string) {
    this.url = url;
    this.headers = { cookie, origin: url };
  }

  static async open(url: string): Promise<KioskCaller> {
    const page = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    const cookie = page.headers.getSetCookie()[0]?.split(";")[0];
    if (cookie === undefined) throw new Error("the kiosk's page sets no cookie");
    return new KioskCaller(new URL(url).origin, cookie);
  }

  post<T>(path: string, json?: unknown, session?: string): Promise<T> {
    const headers: Record<string, string> = { ...this.headers };
    if (session !== undefined) headers["x-courier-session"] = session;
    return call(`${this.url}/kiosk/v1${path}`, { method: "POST", headers, ...(json === undefined ? {} : { json }) });
  }
}

/** Asks again until it answers something, at most `withinMs`. */
export async function until<T>(what: string, withinMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
