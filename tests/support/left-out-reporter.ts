import type { Reporter, TestModule } from "vitest/node";
import { LEFT_OUT_NOTE } from "./tools.ts";

/** Says, as the last thing of a run, which suites were left out for a missing system tool and what adds it. */
export class LeftOutReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = leftOutLines(modules);
    if (lines.length > 0) process.stdout.write(`\n${lines.join("\n")}\n`);
  }
}

function leftOutLines(modules: readonly TestModule[]): readonly string[] {
  const suites: string[] = [];
  for (const module of modules) {
    for (const test of module.children.allTests("skipped")) {
      const result = test.result();
      const note = result.state === "skipped" ? result.note : undefined;
      if (note?.startsWith(LEFT_OUT_NOTE) === true)
        suites.push(`  ${test.fullName.replace(/ > [^>]*$/, "")} (${note})`);
    }
  }
  return suites.length === 0 ? [] : [`Left out, ${suites.length} in all; \`npm run setup\` adds them:`, ...suites];
}
