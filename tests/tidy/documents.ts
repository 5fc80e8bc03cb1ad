import { posix } from "node:path";
import { lineOf, type SourceFile, type Violation } from "./source.ts";

const isMarkdown = ({ path }: SourceFile): boolean => path.endsWith(".md");

const FENCE = /^ *```.*\n[\s\S]*?^ *```$/gm;

const blank = (text: string): string => text.replace(/[^\n]/g, " ");

/** The text with every fenced block blanked out, offsets kept. */
const withoutFences = (text: string): string => text.replace(FENCE, blank);

/** What is left to read once code is blanked out, offsets kept. */
const proseOf = (text: string): string => withoutFences(text).replace(/`[^`\n]*`/g, blank);

export function checkTitles(files: readonly SourceFile[]): readonly Violation[] {
  return files.filter(isMarkdown).flatMap(({ path, text }) => {
    const titles = [...proseOf(text).matchAll(/^# .+$/gm)];
    if (titles.length !== 1) {
      return [{ path, line: 1, message: `has ${titles.length} titles; a document has exactly one "# Title"` }];
    }
    return text.startsWith("# ") ? [] : [{ path, line: 1, message: 'begins with something else than its "# Title"' }];
  });
}

/** Every relative link names a file or folder of the repository, and its #anchor a heading there. */
export function checkLinks(files: readonly SourceFile[]): readonly Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)));
  return files.filter(isMarkdown).flatMap((file) =>
    [...proseOf(file.text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap((match) => {
      const target = match[1] ?? "";
      if (/^[a-z]+:/.test(target)) return [];
      const [relative = "", anchor] = target.split("#", 2);
      const path = relative === "" ? file.path : posix.join(posix.dirname(file.path), relative).replace(/\/$/, "");
      const line = lineOf(file.text, match.index);
      const document = byPath.get(path);
      if (document === undefined) {
        return folders.has(path) ? [] : [{ path: file.path, line, message: `dead link to ${target}` }];
      }
      if (anchor === undefined || !isMarkdown(document) || anchorsOf(document.text).has(anchor)) return [];
      return [{ path: file.path, line, message: `${path} has no heading #${anchor}` }];
    }),
  );
}

/** The two READMEs show the same commands, so that neither rots. Comment lines are prose and may differ. */
export function checkReadmeTwins(files: readonly SourceFile[]): readonly Violation[] {
  const english = files.find(({ path }) => path === "README.md");
  const chinese = files.find(({ path }) => path === "README.zh-CN.md");
  if (english === undefined && chinese === undefined) return [];
  if (english === undefined || chinese === undefined) {
    return [{ path: english?.path ?? "README.zh-CN.md", line: 1, message: "has no twin in the other language" }];
  }
  const wanted = commandBlocksOf(english.text);
  const found = commandBlocksOf(chinese.text);
  const differing = wanted.findIndex((block, index) => block !== found[index]);
  if (differing === -1 && wanted.length === found.length) return [];
  const which = differing === -1 ? wanted.length + 1 : differing + 1;
  return [{ path: chinese.path, line: 1, message: `command block ${which} is not the one of README.md; copy it over` }];
}

function foldersOf(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** Heading anchors as GitHub makes them. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...withoutFences(text).matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? "");
  return new Set(
    headings.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\- ]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

const commandBlocksOf = (text: string): readonly string[] =>
  [...text.matchAll(/^ *```(?:sh|bash|shell|console)\n([\s\S]*?)^ *```$/gm)].map((match) =>
    (match[1] ?? "")
      .split("\n")
      .map((line) => line.replace(/(^|\s)#.*$/, "").trimEnd())
      .filter((line) => line !== "")
      .join("\n"),
  );
