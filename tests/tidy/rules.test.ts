import { describe, expect, it } from "vitest";
import { checkCalls } from "./calls.ts";
import { checkLinks, checkReadmeTwins, checkTitles } from "./documents.ts";
import { checkLogs } from "./logs.ts";
import { checkComments, checkFileNames, checkIdentifiers } from "./names.ts";
import { messages, provesRule } from "./planted.ts";
import { checkFileLengths, checkFunctionLengths } from "./sizes.ts";

const lines = (count: number): string => "export const x = 1;\n".repeat(count);
const blank = (count: number): string => "\n".repeat(count);

describe("length rules", () => {
  provesRule(checkFileLengths, [
    ["src/fleet/store.ts", lines(501), /has 501 lines, above 500/, lines(500)],
    ["src/web/kiosk/kiosk.css", lines(501), /has 501 lines/, lines(500)],
  ]);
  provesRule(checkFunctionLengths, [
    ["src/a.ts", `function f() {${blank(70)}}`, /function of 71 lines, above 70/, `function f() {${blank(69)}}`],
    ["src/a.ts", `x(() => {${blank(70)}});`, /function of 71 lines/, `x(() => {${blank(69)}});`],
    ["src/a.ts", `class A {\n  m() {${blank(70)}}\n}`, /function of 71/, `class A {\n  m() {${blank(69)}}\n}`],
    [
      "tests/a.ts",
      `describe("x", () => {\n it("y", () => {${blank(70)}});\n});`,
      /of 71/,
      `describe("x", () => {${blank(90)}});`,
    ],
  ]);

  it("does not count documents and data", () => {
    expect(messages(checkFileLengths, "docs/protocol.md", lines(900))).toEqual([]);
    expect(messages(checkFileLengths, "src/web/en.json", lines(900))).toEqual([]);
  });

  it("is not fooled by braces in strings, templates, regular expressions and comments", () => {
    const text = `const a = () => "{"; // {\nconst b = () => /[{]/;\nconst c = () => \`{\${"}"}\`;\n${lines(100)}`;
    expect(messages(checkFunctionLengths, "src/a.ts", text)).toEqual([]);
  });
});

describe("name rules", () => {
  it("refuses file names that say nothing, barrels, and synonyms of compartment", () => {
    for (const path of ["src/fleet/utils.ts", "sim/helpers.ts", "src/web/index.tsx", "src/a/misc.test.ts"]) {
      expect(messages(checkFileNames, path, "")).toEqual([expect.stringMatching(/says nothing/)]);
    }
    for (const path of ["src/web/ui/locker-box.tsx", "src/locker/domain/cell.ts"]) {
      expect(messages(checkFileNames, path, "")).toEqual(['the word is "compartment"']);
    }
    for (const path of ["src/locker/outbox.ts", "src/locker/domain/cancel.ts", "firmware-protocol/framer.ts"]) {
      expect(messages(checkFileNames, path, "")).toEqual([]);
    }
  });

  provesRule(checkIdentifiers, [
    ["src/a.ts", "export const cellId = 1;", /"cellId": the word is "compartment"/, "export const cancelledAt = 1;"],
    ["src/a.ts", "type A = { boxes: number };", /"boxes"/, "type A = { outbox: number };"],
    ["src/a.ts", "export const LOCKER_BOX = 1;", /"LOCKER_BOX"/, 'export const note = "a box";'],
    ["src/a.ts", "export type TypeBox = 1;", /"TypeBox"/, 'import type { TypeBoxTypeProvider } from "x";'],
    ["src/a.tsx", "export const A = () => <Box />;", /"Box"/, 'export const A = () => <svg viewBox="0 0 1 1" />;'],
  ]);

  provesRule(checkComments, [
    ["src/a.ts", "// @ts-ignore\nx();", /real type/, 'const a = "@ts-ignore";'],
    ["src/a.ts", "// biome-ignore lint: because\nx();", /what the rule asks/, "// Biome reads this.\nx();"],
    ["src/a.ts", "/* v8 ignore start */", /test it/, "/* V8 optimises this. */"],
    ["src/a.ts", "x(); // TODO later", /leaves work behind/, "x(); // A todo list is data."],
  ]);
});

describe("call rules", () => {
  provesRule(checkCalls, [
    ["src/locker/domain/a.ts", "const a = Math.random();", /random bytes as an argument/, "const a = Math.max(1, 2);"],
    ["src/fleet/fold-row.ts", "const a = Date.now();", /`now` as an argument/, "const a = now.wall;"],
    ["tests/a.test.ts", 'vi.mock("x");', /fake that behaves/, "vi.waitFor(f);"],
    ["tests/a.test.ts", 'it.only("x", f);', /remove it/, 'it("x", f);'],
    ["tests/a.test.ts", 'describe.skip("x", f);', /cannot fail/, 'describe("x", f);'],
    ["tests/a.test.ts", 'it.concurrent.skip("x", f);', /cannot fail/, 'it.concurrent("x", f);'],
    ["tests/a.test.ts", "new Promise((r) => setTimeout(r, 5));", /vi.waitFor/, "setTimeout(() => fail(late), 5);"],
    [
      "tests/a.test.ts",
      'import { setTimeout } from "node:timers/promises";',
      /vi.waitFor/,
      'import { on } from "node:events";',
    ],
    ["src/a.ts", "const a = b as any;", /parse the value/, "const a = b as unknown;"],
  ]);

  it("lets an adapter read the clock", () => {
    expect(messages(checkCalls, "src/locker/platform/clock.ts", "export const now = () => Date.now();")).toEqual([]);
  });
});

describe("log rules", () => {
  provesRule(checkLogs, [
    [
      "src/a.ts",
      'log.info({ code }, "code typed");',
      /"code" in a log line/,
      'log.info({ compartment }, "code typed");',
    ],
    ["src/a.ts", 'this.log.warn({ pinHash: x }, "m");', /"pinHash"/, 'this.log.warn({ pinned: x }, "m");'],
    ["src/a.ts", 'request.log.error({ a: { phone } }, "m");', /"phone"/, 'request.log.error({ a: { door } }, "m");'],
    [
      "src/a.ts",
      'logger.debug({ value: parcel.token }, "m");',
      /"token"/,
      'logger.debug({ value: parcel.size }, "m");',
    ],
    ["src/a.ts", 'log.info({ "e-mail": x }, "m");', /"e-mail"/, 'log.info({ errorCode: x }, "m");'],
    ["src/a.ts", "log.info(`opened $" + "{door}`);", /constant/, 'log.info({ door }, "opened");'],
    ["src/a.ts", 'busLog.fatal({ secret: 1 }, "m");', /"secret"/, 'catalog.fatal({ secret: 1 }, "m");'],
  ]);
});

describe("document rules", () => {
  const document = (text: string): string => `# Title\n\n${text}\n`;

  provesRule(checkTitles, [
    ["docs/a.md", "## Chapter\n", /has 0 titles/, document("## Chapter")],
    ["docs/a.md", document("# Another"), /has 2 titles/, document("```sh\n# a comment\n```")],
    ["docs/a.md", `words\n\n${document("")}`, /begins with something else/, document("words")],
  ]);

  provesRule(
    (files) => checkLinks([...files, { path: "docs/adr/0001-x.md", text: document("## The `seq` rule") }]),
    [
      ["docs/a.md", document("[x](adr/0002-y.md)"), /dead link to adr\/0002-y.md/, document("[x](adr/0001-x.md)")],
      ["docs/a.md", document("[x](../gone/)"), /dead link/, document("[x](adr/) [y](https://example.org)")],
      [
        "docs/a.md",
        document("[x](adr/0001-x.md#rule)"),
        /no heading #rule/,
        document("[x](adr/0001-x.md#the-seq-rule)"),
      ],
      ["docs/a.md", document("[x](#part)"), /no heading #part/, document("## Part\n[x](#part) `[x](gone.md)`")],
    ],
  );

  it("compares the commands of the two READMEs and nothing else", () => {
    const twins = (english: string, chinese: string): readonly string[] =>
      checkReadmeTwins([
        { path: "README.md", text: english },
        { path: "README.zh-CN.md", text: chinese },
      ]).map(({ message }) => message);
    const block = (commands: string): string => `words\n\n\`\`\`sh\n${commands}\n\`\`\`\n`;
    expect(twins(block("npm start # the demo"), block("npm start # 演示"))).toEqual([]);
    expect(twins(block("npm start"), block("npm run start"))).toEqual([expect.stringMatching(/block 1/)]);
    expect(twins(block("npm start") + block("npm test"), block("npm start"))).toEqual([
      expect.stringMatching(/block 2/),
    ]);
    expect(twins(block("npm start"), block("npm start") + block("npm test"))).toEqual([
      expect.stringMatching(/block 2/),
    ]);
    expect(checkReadmeTwins([{ path: "README.md", text: "" }]).length).toBe(1);
  });
});
