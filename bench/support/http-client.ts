import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { monotonicMs } from "../../sim/real-time.ts";

export type Answer = {
  readonly status: number;
  readonly body: string;
  /** When the first byte of the request was handed over, and when the answer was whole; monotonic milliseconds. */
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
};

/** Sends JSON over one connection that is kept, as a browser's page does. */
export class HttpClient implements Disposable {
  readonly #origin: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #headers: Readonly<Record<string, string>>;

  constructor(origin: string, headers: Readonly<Record<string, string>> = {}) {
    this.#origin = origin;
    this.#headers = headers;
  }

  post(path: string, json: unknown): Promise<Answer> {
    const body = JSON.stringify(json);
    const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
    return this.#send("POST", path, { headers, body });
  }

  get(path: string): Promise<Answer> {
    return this.#send("GET", path, { headers: {}, body: "" });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #send(
    method: string,
    path: string,
    { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  ): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sentAtMs = monotonicMs();
    request(
      `${this.#origin}${path}`,
      { method, agent: this.#agent, headers: { ...this.#headers, ...headers } },
      resolve,
    )
      .on("error", reject)
      .end(body);
    const response = await promise;
    const answer = await text(response);
    return { status: response.statusCode ?? 0, body: answer, sentAtMs, answeredAtMs: monotonicMs() };
  }
}
