import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

/*
 * Adds up what `.ci/run` did: `--stage name=status` for each stage, `--report path` for each of vitest's JSON reports.
 * Prints one line a failed stage and, last, "N passed, N failed". A stage counts as one test.
 * Plain JavaScript: it also has to count on a machine whose node is too old for anything else here.
 */

const { values } = parseArgs({
  options: { stage: { type: "string", multiple: true }, report: { type: "string", multiple: true } },
});

let passedCount = 0;
let failedCount = 0;

for (const stage of values.stage ?? []) {
  const [name, status] = stage.split("=");
  if (status === "0") {
    passedCount += 1;
  } else {
    failedCount += 1;
    console.log(`failed stage: ${name} (exit ${status})`);
  }
}

for (const path of values.report ?? []) {
  // No report means that its stage ended before the tests ran, and the stage's status already says so.
  if (!existsSync(path)) continue;
  const report = readReport(path);
  if (report === undefined) {
    failedCount += 1;
    console.log(`unreadable report: ${path}`);
    continue;
  }
  const { numPassedTests, numFailedTests, numPendingTests } = report;
  passedCount += numPassedTests;
  failedCount += numFailedTests;
  // A test that was left out proves nothing, and nothing may be left out here.
  failedCount += numPendingTests;
  if (numPendingTests > 0) console.log(`left out: ${numPendingTests} tests`);
}

console.log(`${passedCount} passed, ${failedCount} failed`);
process.exitCode = failedCount === 0 ? 0 : 1;

/** A run that was killed leaves half a report, and the last line has to come all the same. */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
