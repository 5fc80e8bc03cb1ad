import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("../../.ci/count-results.mjs", import.meta.url));

describe("the count of a CI run", () => {
  const folder = mkdtempSync(join(tmpdir(), "lockerd-count-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  function report(name: string, passed: number, failed: number, pending: number): string {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: pending }));
    return path;
  }

  function count(...args: string[]): { readonly status: number | null; readonly lines: readonly string[] } {
    const run = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
    return { status: run.status, lines: run.stdout.trimEnd().split("\n") };
  }

  it("adds the tests of all reports and one for each stage", () => {
    const reports = ["--report", report("a.json", 40, 0, 0), "--report", report("b.json", 2, 0, 0)];
    expect(count("--stage", "install=0", "--stage", "test=0", ...reports)).toEqual({
      status: 0,
      lines: ["44 passed, 0 failed"],
    });
  });

  it("fails with a failed test", () => {
    expect(count("--stage", "test=0", "--report", report("c.json", 5, 2, 0))).toEqual({
      status: 1,
      lines: ["6 passed, 2 failed"],
    });
  });

  it("fails with a stage that ended before its report was written, and names it", () => {
    expect(count("--stage", "test=2", "--report", join(folder, "gone.json"))).toEqual({
      status: 1,
      lines: ["failed stage: test (exit 2)", "0 passed, 1 failed"],
    });
  });

  it("fails with half a report", () => {
    const path = join(folder, "half.json");
    writeFileSync(path, '{"numPassedTests":3');
    expect(count("--stage", "test=0", "--report", path)).toEqual({
      status: 1,
      lines: [`unreadable report: ${path}`, "1 passed, 1 failed"],
    });
  });

  it("fails with a test that was left out", () => {
    expect(count("--report", report("d.json", 5, 0, 1))).toEqual({
      status: 1,
      lines: ["left out: 1 tests", "5 passed, 1 failed"],
    });
  });
});
