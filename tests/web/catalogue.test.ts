import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const web = fileURLToPath(new URL("../../src/web/", import.meta.url));
const PARTS = ["ui", "kiosk", "console"] as const;

type Words = ReadonlyMap<string, string>;

/** The words of a catalogue by their full keys, `code.title`. */
function wordsOf(part: string, language: string): Words {
  const words = new Map<string, string>();
  const walk = (value: unknown, key: string): void => {
    if (typeof value === "string") words.set(key, value);
    else for (const [name, inner] of Object.entries(value ?? {})) walk(inner, key === "" ? name : `${key}.${name}`);
  };
  walk(JSON.parse(readFileSync(join(web, part, "catalogue", `${language}.json`), "utf8")), "");
  return words;
}

const values = (text: string | undefined): readonly string[] => (text?.match(/\{\{\w+\}\}/g) ?? []).toSorted();

/** Keys as sources write them; what stands in `${…}` is known only at run time. */
function keysUsedIn(folders: readonly string[]): readonly RegExp[] {
  const sources = folders.flatMap((folder) => globSync(`${folder}/**/*.{ts,tsx}`, { cwd: web }));
  const text = sources.map((source) => readFileSync(join(web, source), "utf8")).join("\n");
  const strings = [...text.matchAll(/"([\w.-]+)"|`((?:[^`$]|\$\{[^}]*\})+)`/g)];
  const written = strings.map(([, plain, template]) => plain ?? template ?? "").filter((key) => key.includes("."));
  return written.map(
    (key) =>
      new RegExp(
        `^${key
          .split(/\$\{[^}]*\}/)
          .map((piece) => piece.replaceAll(".", "\\."))
          .join("[\\w-]+")}$`,
      ),
  );
}

describe.each(PARTS)("the catalogues of %s", (part) => {
  const english = wordsOf(part, "en");
  const chinese = wordsOf(part, "zh-CN");

  it("have the same keys", () => {
    expect([...chinese.keys()].toSorted()).toEqual([...english.keys()].toSorted());
  });

  it("name the same values in every sentence", () => {
    for (const [key, text] of english) expect([key, values(chinese.get(key))]).toEqual([key, values(text)]);
  });

  it("leave nothing empty and nothing untranslated", () => {
    for (const [key, text] of chinese) {
      if (key.startsWith("ui.languages.") || key === "choice.language") continue;
      expect([key, /\p{Script=Han}/u.test(text)]).toEqual([key, true]);
      expect([key, english.get(key)?.trim() === "" || /\p{Script=Han}/u.test(english.get(key) ?? "")]).toEqual([
        key,
        false,
      ]);
    }
  });

  it("hold nothing that no page says", () => {
    const used = keysUsedIn(part === "ui" ? PARTS : [part, "ui"]);
    const unused = [...english.keys()].filter((key) => !used.some((pattern) => pattern.test(key)));
    expect(unused).toEqual([]);
  });
});

describe("every key a page says", () => {
  it.each(["kiosk", "console"] as const)("is in the catalogues of %s", (page) => {
    const words = [...wordsOf(page, "en").keys(), ...wordsOf("ui", "en").keys()];
    const sources = globSync(`${page}/**/*.{ts,tsx}`, { cwd: web });
    const said = sources.flatMap((source) =>
      [...readFileSync(join(web, source), "utf8").matchAll(/\bt\(\s*"([^"]+)"/g)].map(([, key]) => key ?? ""),
    );
    expect(said.length).toBeGreaterThan(10);
    expect(said.filter((key) => !words.includes(key))).toEqual([]);
  });

  it("has a sentence for every refusal of the locker", () => {
    const refusals = readFileSync(join(web, "../locker/domain/output.ts"), "utf8");
    const codes = [...refusals.matchAll(/readonly code: "(\w+)"/g)].map(([, code]) => `problem.${code}`);
    expect(codes.length).toBeGreaterThan(15);
    const words = wordsOf("kiosk", "en");
    expect(codes.filter((code) => !words.has(code))).toEqual([]);
  });
});
