import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { describeWithTools } from "../../support/describe-with-tools.ts";
import { StoreFolder } from "./stores.ts";

const writer = fileURLToPath(new URL("./writer.ts", import.meta.url));

describe("a store whose process is killed", () => {
  it.each([1, 2, 17, 250])("has lost nothing that was answered, killed after %i commits", async (count) => {
    using folder = new StoreFolder();
    const child = spawn(process.execPath, [writer, folder.database, "100000"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let answered = 0;
    for await (const line of createInterface(child.stdout)) {
      if (line !== "open") answered = Number(line);
      if (answered === count) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    expect(child.signalCode).toBe("SIGKILL");
    const store = folder.open();
    expect(store.quarantinedTo).toBeNull();
    // One more may have been committed and not yet answered.
    expect([answered, answered + 1]).toContain(store.lastSeq());
    expect(answered).toBeGreaterThanOrEqual(count);
    expect(store.verifyChain(1, store.lastSeq()).ok).toBe(true);
    store.close();
  });

  it("leaves its place to the next one, but keeps it while it lives", () => {
    using folder = new StoreFolder();
    const store = folder.open();
    const refused = spawnSync(process.execPath, [writer, folder.database, "1"], { encoding: "utf8" });
    expect(refused.stderr).toContain("held_by_another_process");
    store.close();
    const taken = spawnSync(process.execPath, [writer, folder.database, "1"], { encoding: "utf8" });
    expect(taken.stdout).toBe("open\n1\n");
  });
});

describeWithTools(["strace"], "synchronous=FULL, counted by the kernel", ({ strace }) => {
  /** Syncs of the write-ahead log and the database during `count` commits, opening included. */
  function syncsOf(count: number): number {
    using folder = new StoreFolder();
    const trace = join(folder.path, "trace");
    const traced = ["-f", "-e", "trace=fsync,fdatasync", "-o", trace, process.execPath, writer, folder.database];
    const run = spawnSync(strace, [...traced, String(count)], { encoding: "utf8" });
    expect(run.stdout.split("\n")).toContain(String(count === 0 ? "open" : count));
    return readFileSync(trace, "utf8").match(/ (fsync|fdatasync)\(\d+\) += 0$/gm)?.length ?? 0;
  }

  it("syncs at least once for every commit", () => {
    const opening = syncsOf(0);
    expect(syncsOf(40) - opening).toBeGreaterThanOrEqual(40);
  });
});
