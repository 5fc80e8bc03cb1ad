import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 5_000;

/** A process of ours that reports by messages; it ends with this one, or when told. */
export class Child implements AsyncDisposable {
  readonly #name: string;
  readonly #process: ChildProcess;

  constructor(name: string, entry: URL, args: readonly string[] = []) {
    this.#name = name;
    // Its log would be measured as well, if it went through a pipe of this process.
    this.#process = fork(entry, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  }

  tell(message: object): void {
    this.#process.send(message);
  }

  /** The next message. @throws when the process ends first, or says nothing within 30 s. */
  async hear<T>(): Promise<T> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(READY_MS_MAX)]);
    const ended = once(this.#process, "exit", { signal }).then(([code]) => {
      throw new Error(`the ${this.#name} ended with code ${code}`);
    });
    try {
      const [message] = (await Promise.race([once(this.#process, "message", { signal }), ended])) as [T];
      return message;
    } finally {
      ended.catch(() => {});
      over.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), STOP_MS_MAX);
    this.#process.kill("SIGTERM");
    await ended;
    clearTimeout(timer);
  }
}
