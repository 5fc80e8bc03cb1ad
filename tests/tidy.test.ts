import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { AREAS } from "./tidy/areas.ts";
import { checkCalls } from "./tidy/calls.ts";
import { checkLinks, checkReadmeTwins, checkTitles } from "./tidy/documents.ts";
import { checkImports, checkSpecifiers } from "./tidy/imports.ts";
import { checkLogs } from "./tidy/logs.ts";
import { checkComments, checkFileNames, checkIdentifiers } from "./tidy/names.ts";
import { checkFileLengths, checkFunctionLengths } from "./tidy/sizes.ts";
import { formatViolations, readRepository } from "./tidy/source.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const checks = {
  "imports only what its area may": checkImports,
  "writes import paths node can resolve": checkSpecifiers,
  "keeps files short": checkFileLengths,
  "keeps functions short": checkFunctionLengths,
  "names files after their concept": checkFileNames,
  "uses the product's words": checkIdentifiers,
  "silences no rule and leaves no work behind": checkComments,
  "keeps pure code pure and tests able to fail": checkCalls,
  "logs constants and fields without secrets": checkLogs,
  "gives every document one title": checkTitles,
  "links to what exists": checkLinks,
  "shows the same commands in both READMEs": checkReadmeTwins,
};

describe("the repository", () => {
  const files = readRepository(root);

  it("is read", () => {
    expect(files.length).toBeGreaterThan(20);
  });

  for (const [name, check] of Object.entries(checks)) {
    it(name, () => {
      expect(formatViolations(check(files))).toBe("");
    });
  }

  it("bans clocks and chance in Biome for the same files as here", () => {
    const biome = JSON.parse(readFileSync(`${root}biome.json`, "utf8"));
    const banned = biome.overrides.find(
      ({ linter }: { linter: { rules: { style?: object } } }) => "noRestrictedGlobals" in (linter.rules.style ?? {}),
    );
    const pure = AREAS.filter(({ rule }) => rule.pure === true).flatMap((area) => area.files);
    expect([...banned.includes].sort()).toEqual([...pure].sort());
  });
});
