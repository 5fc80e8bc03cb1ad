import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { Demo } from "./support/demo.ts";
import { eventually } from "./support/eventually.ts";

it("the demo prints its URLs within 20 s, and Ctrl-C leaves no process and no file behind", async () => {
  await using demo = new Demo();
  const { kioskUrl, consoleUrl } = await demo.announcement();
  for (const url of [kioskUrl, consoleUrl]) {
    const page = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toContain("text/html");
  }
  // npm, its shell, the demo, simulator, vault, fleet, locker, bus.
  expect(demo.processes().length).toBeGreaterThanOrEqual(7);
  expect(readdirSync(demo.temporary)).not.toEqual([]);

  await demo.interrupt();
  await eventually("the end of every process", () => (demo.processes().length === 0 ? true : undefined));
  expect(readdirSync(demo.temporary)).toEqual([]);
});
