import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { builtWeb } from "../support/built-web.ts";

const KB = 1_000;

/** What a page may weigh: scripts and styles compressed as they travel, fonts as they are. */
const budgets = [
  { page: "kiosk", kind: "js", bytesMax: 60 * KB },
  { page: "kiosk", kind: "css", bytesMax: 15 * KB },
  { page: "kiosk", kind: "woff2", bytesMax: 100 * KB },
  { page: "console", kind: "js", bytesMax: 150 * KB },
  { page: "console", kind: "css", bytesMax: 15 * KB },
  { page: "console", kind: "woff2", bytesMax: 100 * KB },
] as const;

describe("the built pages", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await builtWeb();
  });

  it.each(budgets)("keep to $bytesMax bytes of $kind in $page", ({ page, kind, bytesMax }) => {
    const files = globSync(`${page}/**/*.${kind}`, { cwd: folder }).map((file) => readFileSync(join(folder, file)));
    const bytes = files.reduce((sum, file) => sum + (kind === "woff2" ? file.length : gzipSync(file).length), 0);
    console.log(`${page} ${kind}: ${bytes} of ${bytesMax} bytes`);
    expect(files.length).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(bytesMax);
  });

  it.each(["kiosk", "console"])("let %s run under a policy that allows nothing but its own files", (page) => {
    const html = readFileSync(join(folder, page, "index.html"), "utf8");
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
    const files = globSync(`${page}/**/*.{html,css,js}`, { cwd: folder });
    for (const file of files) {
      const text = readFileSync(join(folder, file), "utf8").replaceAll("http://www.w3.org/", "");
      expect([file, text.match(/(?:src|href)="(?:https?:)?\/\/|url\("?(?:https?:|data:)/)]).toEqual([file, null]);
    }
  });
});
