import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PortAddress } from "./byte-port.ts";
import type { CompartmentNumber, TruthEntry } from "./cabinet.ts";
import type { Answers, Commands, FromSim, SimError, SimState } from "./control-messages.ts";
import type { Layout } from "./layout.ts";
import type { Errand } from "./people.ts";

export type SimOptions = {
  readonly layout: Layout;
  readonly transport: "pty" | "tcp";
  /** A stable name for the pseudo-terminal. */
  readonly link?: string;
  readonly pacedBaud?: number;
  /** Where the simulator appends its truth, so that it can be read even after a kill. */
  readonly logFile?: string;
  readonly seed?: number;
};

/** A command the simulator refused: what a person tried did not work, or the command made no sense. */
export class SimRefusal extends Error {
  readonly reason: SimError;

  constructor(kind: string, reason: SimError) {
    super(`the simulator refused "${kind}": ${JSON.stringify(reason)}`);
    this.reason = reason;
  }
}

type Fields<Kind extends keyof Commands> = Omit<Commands[Kind], "kind" | "id">;
type Answer<Kind> = Kind extends keyof Answers ? Answers[Kind] : undefined;
type Waiting = {
  readonly kind: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
};

const READY_MS_MAX = 15_000;
const STOP_MS_MAX = 3_000;

/**
 * Starts the simulator as a process of its own and waits until its port is open.
 *
 * @throws when it ends or says nothing within 15 s.
 */
export async function startSim(options: SimOptions): Promise<SimClient> {
  const folder = mkdtempSync(join(tmpdir(), "lockerd-sim-"));
  const layoutFile = join(folder, "layout.json");
  writeFileSync(layoutFile, JSON.stringify(options.layout));
  const flags: [string, string | number | undefined][] = [
    ["--link", options.link],
    ["--paced-baud", options.pacedBaud],
    ["--log", options.logFile],
    ["--seed", options.seed],
  ];
  const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
  const child = fork(
    fileURLToPath(new URL("serve.ts", import.meta.url)),
    ["--layout", layoutFile, `--${options.transport}`, ...given],
    { stdio: ["ignore", "ignore", "inherit", "ipc"] },
  );
  try {
    return new SimClient(child, await readyAddress(child));
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readyAddress(child: ChildProcess): Promise<PortAddress> {
  const signal = AbortSignal.timeout(READY_MS_MAX);
  const ended = once(child, "exit", { signal }).then(([code]) => {
    throw new Error(`the simulator ended with code ${code} before it was ready`);
  });
  const [message] = (await Promise.race([once(child, "message", { signal }), ended])) as [FromSim];
  ended.catch(() => {});
  if (message.kind !== "ready") throw new Error(`the simulator said "${message.kind}" before it was ready`);
  return "path" in message ? { path: message.path } : { port: message.port };
}

/** A running simulator process: its people, its faults and its truth. */
export class SimClient {
  readonly at: PortAddress;
  readonly #child: ChildProcess;
  readonly #truth: TruthEntry[] = [];
  readonly #watchers = new Set<(entry: TruthEntry) => void>();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(child: ChildProcess, at: PortAddress) {
    this.at = at;
    this.#child = child;
    child.on("message", (message) => this.#hear(message as FromSim));
    child.on("exit", () => {
      for (const { kind, reject } of this.#waiting.values()) reject(new Error(`the simulator ended during "${kind}"`));
      this.#waiting.clear();
    });
  }

  /** Path of the pseudo-terminal, or of its link. */
  get path(): string {
    if (!("path" in this.at)) throw new Error("this simulator serves TCP");
    return this.at.path;
  }

  get port(): number {
    if (!("port" in this.at)) throw new Error("this simulator serves a pseudo-terminal");
    return this.at.port;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What has truly happened, as far as it has been told here; `log()` asks for all of it. */
  get truth(): readonly TruthEntry[] {
    return this.#truth;
  }

  /** Calls `watcher` with every further happening. Returns how to stop. */
  onEvent(watcher: (entry: TruthEntry) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * Waits for a happening, counting those since `fromIndex` (default: since the start).
   *
   * @throws when none has come within `withinMs`.
   */
  async waitFor(
    fits: (entry: TruthEntry) => boolean,
    { withinMs, fromIndex = 0 }: { withinMs: number; fromIndex?: number },
  ): Promise<TruthEntry> {
    const known = this.#truth.find((entry) => entry.index >= fromIndex && fits(entry));
    if (known !== undefined) return known;
    const { promise, resolve, reject } = Promise.withResolvers<TruthEntry>();
    const leave = this.onEvent((entry) => {
      if (entry.index >= fromIndex && fits(entry)) resolve(entry);
    });
    const timer = setTimeout(() => {
      reject(
        new Error(
          `no such happening in the cabinet within ${withinMs} ms; it saw ${JSON.stringify(this.#truth.slice(-10))}`,
        ),
      );
    }, withinMs);
    return promise.finally(() => {
      leave();
      clearTimeout(timer);
    });
  }

  /**
   * Sends a command and waits for its answer.
   *
   * @throws SimRefusal when the simulator refuses it; Error when the process has ended.
   */
  async tell<Kind extends keyof Commands>(kind: Kind, fields: Fields<Kind>): Promise<Answer<Kind>> {
    if (!this.#child.connected) throw new Error(`the simulator has ended: "${kind}" cannot be told`);
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { kind, resolve, reject });
    this.#child.send({ kind, id, ...fields });
    return (await promise) as Answer<Kind>;
  }

  pull = (compartment: CompartmentNumber) => this.tell("pull", { compartment });
  force = (compartment: CompartmentNumber) => this.tell("force", { compartment });
  close = (compartment: CompartmentNumber) => this.tell("close", { compartment });
  putParcel = (compartment: CompartmentNumber, parcel: string) => this.tell("putParcel", { compartment, parcel });
  takeParcel = (compartment: CompartmentNumber) => this.tell("takeParcel", { compartment });
  jam = (compartment: CompartmentNumber) => this.tell("behave", { compartment, behaviour: "jammed" });
  unjam = (compartment: CompartmentNumber) => this.tell("behave", { compartment, behaviour: "spring" });
  sendPerson = (errand: Errand) => this.tell("person", { errand });
  log = (fromIndex = 0) => this.tell("log", { fromIndex });
  state = (): Promise<SimState> => this.tell("state", {});

  /** Ends the process in good order; its port and link are gone afterwards. */
  async stop(): Promise<void> {
    if (this.#hasEnded()) return;
    const ended = once(this.#child, "exit");
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS_MAX);
    await ended;
    clearTimeout(timer);
  }

  /** Ends the process as a crash would. */
  async kill(): Promise<void> {
    if (this.#hasEnded()) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #hear(message: FromSim): void {
    if (message.kind === "event") {
      this.#truth.push(message.entry);
      for (const watcher of this.#watchers) watcher(message.entry);
    }
    if (message.kind !== "reply") return;
    const waiting = message.id === null ? undefined : this.#waiting.get(message.id);
    if (waiting === undefined || message.id === null) return;
    this.#waiting.delete(message.id);
    if (message.ok) waiting.resolve(message.value);
    else waiting.reject(new SimRefusal(waiting.kind, message.error));
  }
}
