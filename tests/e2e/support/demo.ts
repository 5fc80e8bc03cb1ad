import { type ChildProcess, spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TruthEntry } from "../../../sim/cabinet.ts";
import { until } from "../../../src/cli/demo/http.ts";
import { eventually } from "./eventually.ts";
import { hasEnded, runningProcesses } from "./processes.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** What the README promises. */
const ANNOUNCED_MS_MAX = 20_000;

/** What the demo tells the person at the terminal. */
export type Announcement = {
  readonly kioskUrl: string;
  readonly consoleUrl: string;
  readonly operatorKey: string;
  readonly code: string;
  readonly door: number;
  /** Number and PIN. */
  readonly courier: { readonly id: string; readonly pin: string };
};

/** `npm start` in a terminal of its own, with a folder for temporary files that is nobody else's. */
export class Demo implements AsyncDisposable {
  readonly temporary = mkdtempSync(join(tmpdir(), "lockerd-e2e-"));
  readonly #npm: ChildProcess;
  #printed = "";

  constructor() {
    this.#npm = spawn("npm", ["start"], {
      cwd: ROOT,
      detached: true,
      // npm's own cache of compiled scripts would lie there too.
      env: { ...process.env, TMPDIR: this.temporary, NODE_DISABLE_COMPILE_CACHE: "1" },
      stdio: ["pipe", "pipe", "pipe"],
    });
    for (const stream of [this.#npm.stdout, this.#npm.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#printed += text;
      });
    }
  }

  /** @throws with all that was printed when it takes longer, by default than promised. */
  async announcement(withinMs = ANNOUNCED_MS_MAX): Promise<Announcement> {
    try {
      return await until("the demo's URLs", withinMs, async () => readAnnouncement(this.#printed));
    } catch (cause) {
      throw new Error(`the demo printed: ${this.#printed}`, { cause });
    }
  }

  /** Presses Enter at the terminal, and answers what is printed from then on. */
  pressEnter(): () => string {
    const from = this.#printed.length;
    this.#npm.stdin?.write("\n");
    return () => this.#printed.slice(from);
  }

  /** What truly happened in the demo's cabinet. */
  truth(): readonly TruthEntry[] {
    const [file] = globSync(join(this.temporary, "lockerd-demo-*/truth.jsonl"));
    if (file === undefined) throw new Error("the demo keeps no truth");
    const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as TruthEntry);
  }

  /** Everything that was started, by whomever of them. */
  processes(): readonly number[] {
    return runningProcesses()
      .filter(({ group }) => group === this.#npm.pid)
      .map(({ pid }) => pid);
  }

  /** As a terminal does it: every process gets the signal. */
  async interrupt(): Promise<void> {
    this.#signal("SIGINT");
    await eventually("the end of the demo", () => (hasEnded(this.#npm) ? true : undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!hasEnded(this.#npm)) await this.interrupt();
    if (this.processes().length > 0) this.#signal("SIGKILL");
    rmSync(this.temporary, { recursive: true, force: true });
  }

  #signal(signal: "SIGINT" | "SIGKILL"): void {
    const { pid } = this.#npm;
    if (pid === undefined) throw new Error("npm cannot be started");
    process.kill(-pid, signal);
  }
}

function readAnnouncement(printed: string): Announcement | undefined {
  const [, kioskUrl] = /Kiosk +(http:\S+)/.exec(printed) ?? [];
  const [, consoleUrl, operatorKey] = /Console +(http:\S+) +access key (\S+)/.exec(printed) ?? [];
  const [, code, door] = /Enter (\d{3} \d{3} \d{3}) at the kiosk and watch door (\d+) open/.exec(printed) ?? [];
  const [, id, pin] = /Courier +id (\d+) +PIN (\d+)/.exec(printed) ?? [];
  if (kioskUrl === undefined || consoleUrl === undefined || operatorKey === undefined || code === undefined) return;
  if (id === undefined || pin === undefined) return;
  return { kioskUrl, consoleUrl, operatorKey, code, door: Number(door), courier: { id, pin } };
}
