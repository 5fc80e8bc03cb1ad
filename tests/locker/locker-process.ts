import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { type Child, startChild } from "../../src/cli/demo/children.ts";
import { writeLockerConfig } from "../../src/cli/demo/configs.ts";
import { makeKeys } from "../../src/cli/demo/keys.ts";
import type { LockerHandle } from "../../src/contract/ids.ts";

const LOCKERD = fileURLToPath(new URL("../../src/cli/lockerd.ts", import.meta.url));

/** Loaded into the daemon before itself: at this signal something breaks that nobody catches. */
const BREAKS_AT_SIGWINCH = encodeURIComponent(
  'process.on("SIGWINCH", () => setImmediate(() => { throw new Error("broken on purpose"); }));',
);

/** Folder, keys and configuration of a locker, and the daemon itself, with neither boards nor broker to be reached. */
export class LockerProcess implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "lockerd-process-"));
  readonly handle = `test${randomBytes(6).toString("hex")}` as LockerHandle;
  readonly database = join(this.folder, "locker.db");
  #child: Child | undefined;

  /** @throws with the end of what it said, when it does not start. */
  async start(): Promise<void> {
    const { folder, handle } = this;
    const place = { folder, handle, keys: makeKeys(folder), brokerUrl: "mqtt://127.0.0.1:1" };
    this.#child = await startChild({
      ...{ name: "locker", script: LOCKERD, folder },
      args: ["run", "--config", writeLockerConfig(place, join(folder, "bus0"))],
      env: { NODE_OPTIONS: `--import=data:text/javascript,${BREAKS_AT_SIGWINCH}` },
    });
  }

  /** Answers the exit status. */
  async end(signal: "SIGTERM" | "SIGWINCH"): Promise<number | null> {
    const child = this.#child?.process;
    if (child === undefined) throw new Error("the locker does not run");
    const ended = once(child, "exit", { signal: AbortSignal.timeout(15_000) });
    child.kill(signal);
    await ended;
    return child.exitCode;
  }

  log(): string {
    return readFileSync(join(this.folder, "locker.log"), "utf8");
  }

  /** One value out of the database, while nobody else has it. */
  value(sql: string): unknown {
    const db = new Database(this.database);
    try {
      return db.prepare(sql).pluck().get();
    } finally {
      db.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
