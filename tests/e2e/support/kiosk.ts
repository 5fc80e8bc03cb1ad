import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { KioskCaller, Refused } from "../../../src/cli/demo/http.ts";
import type { KioskView } from "../../../src/contract/kiosk-api.ts";
import { EventStream } from "../../support/event-stream.ts";
import { eventually } from "./eventually.ts";

/** The kiosk as its page has it: calls, and the stream of snapshots. */
export class Kiosk implements Disposable {
  readonly #caller: KioskCaller;
  readonly #stream: EventStream;

  private constructor(caller: KioskCaller, stream: EventStream) {
    this.#caller = caller;
    this.#stream = stream;
  }

  static async open(url: string): Promise<Kiosk> {
    const caller = await KioskCaller.open(url);
    const asked = request(`${caller.url}/kiosk/v1/events`, { headers: caller.headers });
    asked.end();
    const [response] = (await once(asked, "response", { signal: AbortSignal.timeout(10_000) })) as [IncomingMessage];
    // A killed locker resets the stream; that it ended is all there is to know.
    response.on("error", () => undefined);
    const stream = new EventStream(response);
    await eventually("the first snapshot", () => (stream.last?.event === "view" ? true : undefined));
    return new Kiosk(caller, stream);
  }

  get view(): KioskView {
    const text = this.#stream.last?.data;
    if (text === undefined) throw new Error("no snapshot has come");
    return JSON.parse(text) as KioskView;
  }

  async until(what: string, fits: (view: KioskView) => boolean): Promise<KioskView> {
    try {
      return await eventually(what, () => (fits(this.view) ? this.view : undefined));
    } catch (cause) {
      throw new Error(`the kiosk's last snapshot was ${JSON.stringify(this.view)}`, { cause });
    }
  }

  post<T>(path: string, json?: unknown, session?: string): Promise<T> {
    return this.#caller.post<T>(path, json, session);
  }

  /** The problem code a call is refused with; undefined when it is not. */
  async refusal(path: string, json?: unknown, session?: string): Promise<string | undefined> {
    try {
      await this.post(path, json, session);
      return undefined;
    } catch (error) {
      if (error instanceof Refused) return error.code;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#stream.hangUp();
  }
}
