import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "vite";

/** A file of the repository: its path from the root, with forward slashes, and its text. */
export type SourceFile = { readonly path: string; readonly text: string };

/** One broken rule. The message names the remedy. */
export type Violation = { readonly path: string; readonly line: number; readonly message: string };

export type Parsed = ReturnType<typeof parseSync>;

const LEFT_ALONE = ["**/node_modules/**", "**/dist/**", ".git/**", "coverage/**", "package-lock.json"];
const READ = [
  "**/*.{ts,tsx,js,mjs,css,html,sql,c,h,sh,pl,md,json,yaml,yml}",
  // Files whose names carry no extension, or one of their own.
  "{LICENSE,.ci/*,systemd/*}",
];
/** Files that documents show, and nobody reads. */
const SHOWN = ["docs/images/*.png"];

/** Every text file of the repository the rules look at, ordered by path; after them pictures, as if they were empty. */
export function readRepository(root: string): readonly SourceFile[] {
  const texts = globSync(READ, { cwd: root, exclude: LEFT_ALONE }).sort();
  const pictures = globSync(SHOWN, { cwd: root }).sort();
  return [
    ...texts.map((path) => ({ path, text: readFileSync(join(root, path), "utf8") })),
    ...pictures.map((path) => ({ path, text: "" })),
  ];
}

export const isTypeScript = (path: string): boolean => /\.tsx?$/.test(path);

const parsedByText = new Map<string, Parsed>();

/** Parses TypeScript; throws on a syntax error, which the type check reports better. */
export function parseSource(file: SourceFile): Parsed {
  const key = `${file.path}\n${file.text}`;
  const known = parsedByText.get(key);
  if (known !== undefined) return known;
  const parsed = parseSync(file.path, file.text);
  const fault = parsed.errors[0];
  if (fault !== undefined) throw new Error(`${file.path} does not parse: ${fault.message}`);
  parsedByText.set(key, parsed);
  return parsed;
}

/** One-based line of an offset. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf("\n"); index !== -1 && index < offset; index = text.indexOf("\n", index + 1)) line += 1;
  return line;
}

/** One line a violation, as an editor can jump to it. */
export const formatViolations = (violations: readonly Violation[]): string =>
  violations.map(({ path, line, message }) => `${path}:${line} ${message}`).join("\n");

/** "unlockPulseMs", "unlock_pulse_ms" and "UNLOCK_PULSE_MS" are the words unlock, pulse and ms. */
export const wordsOf = (name: string): readonly string[] =>
  name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== "");
