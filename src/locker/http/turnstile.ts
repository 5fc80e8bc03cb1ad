import { err, ok, type Result } from "../../contract/result.ts";

/** Requests that may wait for slow crypto, about a quarter of a second of it; whoever comes next is sent away. */
const WAITING_MAX = 8;

/** Lets one piece of work through at a time, in order: an argon2id takes tens of MiB and a whole core. */
export class Turnstile {
  #pendingCount = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @returns `too_busy` at once when too many wait already. */
  async pass<T>(work: () => Promise<T>): Promise<Result<T, { readonly code: "too_busy" }>> {
    if (this.#pendingCount > WAITING_MAX) return err({ code: "too_busy" });
    this.#pendingCount += 1;
    const mine = this.#last.then(work).finally(() => {
      this.#pendingCount -= 1;
    });
    this.#last = mine.catch(() => undefined);
    return ok(await mine);
  }
}
