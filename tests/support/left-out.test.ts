import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const support = join(root, "tests/support");

describe("a suite whose tool is missing", () => {
  const folder = mkdtempSync(join(tmpdir(), "lockerd-left-out-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(
    join(folder, "vitest.config.mjs"),
    `import { LeftOutReporter } from ${JSON.stringify(join(support, "left-out-reporter.ts"))};
     export default { test: { reporters: ["default", new LeftOutReporter()], experimental: { viteModuleRunner: false } } };`,
  );
  writeFileSync(
    join(folder, "browser.test.ts"),
    `import { expect, it } from "vitest";
     import { describeWithTools } from ${JSON.stringify(join(support, "describe-with-tools.ts"))};
     it("stands beside", () => { expect(1).toBe(1); });
     describeWithTools(["chromium"], "the kiosk in a browser", () => { it("never runs", () => { expect(1).toBe(2); }); });`,
  );

  /** Runs the planted suite with a PATH that holds no program. */
  function run(env: Record<string, string>): { readonly status: number | null; readonly output: string } {
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const child = spawnSync(process.execPath, [vitest, "run", "--root", folder], {
      cwd: folder,
      env: { PATH: folder, HOME: folder, NO_COLOR: "1", ...env },
      encoding: "utf8",
    });
    return { status: child.status, output: child.stdout + child.stderr };
  }

  it("is left out, and the run's last lines say so and how to add it", () => {
    const { status, output } = run({});
    expect(status, output).toBe(0);
    expect(output).toMatch(/1 passed \| 1 skipped/);
    expect(output.trimEnd()).toMatch(
      /Left out, 1 in all; `npm run setup` adds them:\n {2}the kiosk in a browser \(not installed: chromium\)$/,
    );
  });

  it("fails where CI is set", () => {
    const { status, output } = run({ CI: "true" });
    expect(status).toBe(1);
    expect(output).toMatch(/not installed: chromium; run: npm run setup/);
  });
});
