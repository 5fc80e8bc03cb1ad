import { type ChildProcess, fork } from "node:child_process";
import { createWriteStream, readFileSync } from "node:fs";
import { join } from "node:path";

/** A process of the demo, up and saying so. `ready` is its own report. */
export type Child = {
  readonly name: string;
  readonly process: ChildProcess;
  readonly ready: ReadyReport;
  readonly stop: () => Promise<void>;
};

/** What a child reports over IPC once it serves: where. */
export type ReadyReport = { readonly kind: "ready"; readonly url?: string; readonly path?: string };

const READY_MS_MAX = 20_000;
/** Longer than a process gives itself. */
const STOP_MS_MAX = 12_000;
const TAIL_LINES = 15;

/**
 * Starts a process of the demo; what it logs goes to `<name>.log` in the folder, what it prints to `onOutput`.
 *
 * @throws with the end of its log when it ends, or is silent, before it is ready.
 */
export async function startChild(spec: {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** Set beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onOutput?: (text: string) => void;
}): Promise<Child> {
  const logFile = join(spec.folder, `${spec.name}.log`);
  // Whoever is started again goes on in the log of before.
  const log = createWriteStream(logFile, { mode: 0o600, flags: "a" });
  const child = fork(spec.script, spec.args, { silent: true, env: { ...process.env, ...spec.env } });
  child.stderr?.pipe(log);
  // What the vault prints are codes: for the person at the terminal, never for a file.
  if (spec.onOutput === undefined) child.stdout?.pipe(log);
  else child.stdout?.setEncoding("utf8").on("data", spec.onOutput);
  const ready = Promise.withResolvers<ReadyReport>();
  const explain = (what: string) => new Error(`${spec.name} ${what}\n${tailOf(logFile)}`);
  const timer = setTimeout(() => ready.reject(explain("is not ready after 20 s")), READY_MS_MAX);
  child.on("message", (message) => {
    if (isReady(message)) ready.resolve(message);
  });
  child.on("exit", (code, signal) => ready.reject(explain(`ended with ${code ?? signal}`)));
  try {
    return { name: spec.name, process: child, ready: await ready.promise, stop: () => stopChild(child) };
  } catch (error) {
    await stopChild(child);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

const isReady = (message: unknown): message is ReadyReport =>
  typeof message === "object" && message !== null && "kind" in message && message.kind === "ready";

/** Asks a child to stop, and ends it when it does not. */
async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
  await ended;
  clearTimeout(timer);
}

function tailOf(file: string): string {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
  } catch {
    return "(it wrote nothing)";
  }
}
