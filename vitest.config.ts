import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // Node erases types without resolving them; running tests the same way keeps tests and daemon alike.
    experimental: { viteModuleRunner: false },
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
