import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Path, text that breaks the rule, the rule. Every file is linted in a folder of its own with the real configuration. */
const planted: readonly (readonly [path: string, text: string, rule: string])[] = [
  ["firmware-protocol/a.ts", "export const a = Date;", "noRestrictedGlobals"],
  ["src/contract/a.ts", "export const a = () => performance.now();", "noRestrictedGlobals"],
  ["src/locker/domain/a.ts", "export const a = () => setTimeout(() => 1, 1);", "noRestrictedGlobals"],
  ["src/locker/domain/b.ts", "export const a = () => setImmediate(() => 1);", "noRestrictedGlobals"],
  ["src/locker/bus/bus-machine-health.ts", "export const a = () => process.exit();", "noRestrictedGlobals"],
  ["src/locker/uplink/uplink-machine.ts", 'export const a = Buffer.from("a");', "noRestrictedGlobals"],
  ["src/fleet/fold.ts", "export const a = () => crypto.randomUUID();", "noRestrictedGlobals"],
  ["src/fleet/fold-parcel.ts", 'export type A = import("x").A;\nimport "node:fs";', "noNodejsModules"],
  ["src/locker/store/log.ts", 'export const a = () => console.log("a");', "noConsole"],
  ["src/locker/store/any.ts", "export const a = (b: any) => b;", "noExplicitAny"],
  ["src/locker/store/bang.ts", "export const a = (b?: string) => b!;", "noNonNullAssertion"],
  ["src/locker/store/barrel.ts", 'export { a } from "./any.ts";', "noBarrelFile"],
  ["src/locker/store/default.ts", "export default 1;", "noDefaultExport"],
  ["src/locker/store/enum.ts", "export enum A {\n  b,\n}", "noEnum"],
  ["src/locker/store/protocol.ts", 'export { join } from "path";', "useNodejsImportProtocol"],
  ["src/locker/store/extension.ts", 'import { a } from "./any.js";\n\na(1);', "useImportExtensions"],
  ["src/locker/store/type.ts", 'import { B } from "./kinds.ts";\n\nexport const a = (b: B) => b;', "useImportType"],
  [
    "src/locker/store/switch.ts",
    'export function a(b: "x" | "y") {\n  switch (b) {\n    case "x":\n      return 1;\n  }\n}',
    "useExhaustiveSwitchCases",
  ],
  ["src/locker/store/CamelName.ts", "export const a = 1;", "useFilenamingConvention"],
];

/** The same freedoms where they belong. */
const clean: readonly (readonly [path: string, text: string])[] = [
  ["src/locker/platform/clock.ts", "export const a = () => Date.now();\n"],
  ["src/cli/print.ts", 'export const a = () => console.log("a");\n'],
  ["src/web/vite.config.ts", "export default 1;\n"],
  ["src/locker/store/kinds.ts", "export type B = { readonly c: number };\n"],
];

type Diagnostic = { readonly category: string; readonly location: { readonly path: string } };

describe("the linters", () => {
  const folder = mkdtempSync(join(tmpdir(), "lockerd-lint-"));
  let found: ReadonlySet<string>;

  beforeAll(() => {
    for (const name of ["biome.json", ".gitignore", ".oxlintrc.json", "tsconfig.json"]) {
      copyFileSync(join(root, name), join(folder, name));
    }
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    for (const [path, text] of [...planted, ...clean]) plant(folder, path, text);
    const report = lint(folder, "biome", ["lint", "--reporter=json", "--max-diagnostics=none"]);
    const { diagnostics } = JSON.parse(report) as { diagnostics: readonly Diagnostic[] };
    found = new Set(diagnostics.map(({ category, location }) => `${location.path} ${category.split("/").at(-1)}`));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  for (const [path, , rule] of planted) {
    it(`finds ${rule} in ${path}`, () => {
      expect(found).toContain(`${path} ${rule}`);
    });
  }

  it("accept clocks in the platform, prints in the command line and the default export of a configuration", () => {
    const paths = new Set(clean.map(([path]) => path));
    expect([...found].filter((line) => paths.has(line.split(" ")[0] ?? ""))).toEqual([]);
  });

  it("find promises that float, are awaited for nothing, or stand where none is expected", () => {
    plant(folder, "src/fleet/promise.ts", "const f = async () => 1;\nf();\nif (f()) await 1;\nexport { f };\n");
    const report = lint(folder, "oxlint", ["--type-aware", "--format=json", "src/fleet/promise.ts"]);
    const { diagnostics } = JSON.parse(report) as { diagnostics: readonly { readonly code: string }[] };
    expect(diagnostics.map(({ code }) => code).sort()).toEqual([
      "typescript(await-thenable)",
      "typescript(no-floating-promises)",
      "typescript(no-misused-promises)",
    ]);
  });
});

function plant(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function lint(folder: string, program: string, args: readonly string[]): string {
  const run = spawnSync(join(root, "node_modules/.bin", program), args, { cwd: folder, encoding: "utf8" });
  if (run.error !== undefined) throw run.error;
  return run.stdout;
}
