import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url).pathname;
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");

/** Names given to `it` in a test file. */
const testNames = (path: string): readonly string[] =>
  [...read(path).matchAll(/^ {2}it\("(.+)", \(/gm)].map((match) => match[1] ?? "");

/** Names in the last column of the document's tables. */
const cited = [...read("docs/explanation/opening-a-door.md").matchAll(/\| `([^`]+)` \|$/gm)].map(
  (match) => match[1] ?? "",
);

describe("docs/explanation/opening-a-door.md", () => {
  it("cites tests that exist", () => {
    const existing = globSync("tests/locker/domain/*.test.ts", { cwd: root }).flatMap(testNames);
    expect(cited.filter((name) => !existing.includes(name))).toEqual([]);
  });

  it("has a rule for every test of opening a door", () => {
    const wanted = ["opening", "remote"].flatMap((name) => testNames(`tests/locker/domain/${name}.test.ts`));
    expect(wanted.length).toBeGreaterThan(25);
    expect(wanted.filter((name) => !cited.includes(name))).toEqual([]);
  });
});
