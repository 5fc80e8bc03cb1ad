import { defineConfig } from "vitest/config";
import { LeftOutReporter } from "./tests/support/left-out-reporter.ts";

/** Where the machine-readable results go; `.ci/run` sets it to count them. */
const reportPath = process.env["LOCKERD_TEST_REPORT"];

/** Node erases types without resolving them; running tests the same way keeps tests and daemon alike. */
const nativeRunner = { viteModuleRunner: false } as const;

/** Files of these projects spawn whole processes, and two of them at once would measure each other's noise. */
const oneFileAtATime = { fileParallelism: false, maxWorkers: 1 } as const;

export default defineConfig({
  test: {
    reporters: [
      "default",
      new LeftOutReporter(),
      ...(reportPath === undefined ? [] : [["json", { outputFile: reportPath }] as ["json", { outputFile: string }]]),
    ],
    projects: [
      {
        test: {
          name: "unit",
          include: ["tests/**/*.test.ts"],
          exclude: ["tests/e2e/**"],
          experimental: nativeRunner,
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["tests/e2e/**/*.test.ts"],
          experimental: nativeRunner,
          ...oneFileAtATime,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "campaign",
          include: ["tests/e2e/**/*.campaign.ts"],
          experimental: nativeRunner,
          ...oneFileAtATime,
          sequence: { groupOrder: 2 },
          testTimeout: 900_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
