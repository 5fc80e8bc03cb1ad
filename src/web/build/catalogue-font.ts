import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import subsetFont from "subset-font";
import type { Plugin } from "vite";

/** `import "virtual:catalogue-font/kiosk.css"` declares the faces cut for the page's own words. */
const IMPORT = /^virtual:catalogue-font\/(kiosk|console)\.css$/;

const webFolder = fileURLToPath(new URL("..", import.meta.url));
const fontFolder = dirname(fileURLToPath(import.meta.resolve("@fontsource/noto-sans-sc/package.json")));
const cutFolder = join(webFolder, "../../node_modules/.cache/lockerd-web-font");

/**
 * Cuts Noto Sans SC down to the characters of a page's catalogues.
 *
 * A Debian Chromium has no Chinese font at all, and the whole font has 20 MB. The package brings it as slices by
 * Unicode range, so the cut is a face per slice that holds a character the page says.
 *
 * @see Noto Sans SC is under the SIL Open Font License 1.1.
 */
export function catalogueFont(): Plugin {
  return {
    name: "catalogue-font",
    async resolveId(id) {
      const page = IMPORT.exec(id)?.[1];
      return page === undefined ? null : await cutFor(page);
    },
  };
}

/** Writes the faces of one page beside a style sheet that declares them. */
async function cutFor(page: string): Promise<string> {
  const folder = join(cutFolder, page);
  await mkdir(folder, { recursive: true });
  const texts = await textsOf(page);
  const faces = [
    ...(await cutWeight(folder, 400, texts)),
    ...(await cutWeight(
      folder,
      700,
      texts.filter((text) => !isSentence(text)),
    )),
  ];
  const sheet = join(folder, "catalogue-font.css");
  await writeFile(sheet, faces.join("\n"));
  return sheet;
}

/** Sentences are set in regular weight; only what has no full stop, a title or a label, is ever set bold. */
const isSentence = (text: string): boolean => text.includes("。");

/** Everything the catalogues of the page and of the shared components say. */
async function textsOf(page: string): Promise<readonly string[]> {
  const catalogues = await Promise.all(
    ["ui", page].map(async (part) => {
      const folder = join(webFolder, part, "catalogue");
      const files = (await readdir(folder)).filter((name) => name.endsWith(".json"));
      return await Promise.all(files.map(async (name) => JSON.parse(await readFile(join(folder, name), "utf8"))));
    }),
  );
  return catalogues.flat().flatMap(leaves);
}

function leaves(catalogue: unknown): readonly string[] {
  return typeof catalogue === "string" ? [catalogue] : Object.values(catalogue ?? {}).flatMap(leaves);
}

/** What people type and machines count, beside the catalogues. */
const ALWAYS = `${Array.from({ length: 95 }, (_, offset) => String.fromCodePoint(0x20 + offset)).join("")}·•–—…×`;

async function cutWeight(folder: string, weight: number, texts: readonly string[]): Promise<readonly string[]> {
  const slices = await slicesWith(new Set([...texts.join(""), ...ALWAYS]));
  return await Promise.all(slices.map((slice) => cutSlice(folder, slice, weight)));
}

type Slice = { readonly file: string; readonly text: string };

/** The package's slices that hold one of the characters, each with the ones it holds. */
async function slicesWith(characters: ReadonlySet<string>): Promise<readonly Slice[]> {
  const ranges: Record<string, string> = JSON.parse(await readFile(join(fontFolder, "unicode.json"), "utf8"));
  const left = new Set(characters);
  const slices: Slice[] = [];
  for (const [name, range] of Object.entries(ranges)) {
    const held = [...left].filter((character) => isInRange(range, character.codePointAt(0) ?? 0));
    for (const character of held) left.delete(character);
    if (held.length > 0) slices.push({ file: `noto-sans-sc-${name.replaceAll(/[[\]]/g, "")}`, text: held.join("") });
  }
  if (left.size > 0) throw new Error(`Noto Sans SC has no glyph for: ${[...left].join(" ")}`);
  return slices;
}

/** `range` as in CSS: `U+4e00-4e5f,U+4e61`. */
function isInRange(range: string, codePoint: number): boolean {
  return range.split(",").some((part) => {
    const [from = "", to = from] = part.replace(/^U\+/i, "").split("-");
    return codePoint >= Number.parseInt(from, 16) && codePoint <= Number.parseInt(to, 16);
  });
}

async function cutSlice(folder: string, { file, text }: Slice, weight: number): Promise<string> {
  const source = join(fontFolder, "files", `${file}-${weight}-normal.woff2`);
  const cut = await subsetFont(await readFile(source), text, {
    targetFormat: "woff2",
    noHinting: true,
    keepFeatures: ["kern"],
  });
  await writeFile(join(folder, basename(source)), cut);
  const range = [...text].map((character) => `U+${character.codePointAt(0)?.toString(16)}`).join(",");
  return `@font-face{font-family:"Noto Sans SC";font-weight:${weight};font-display:block;src:url("./${basename(source)}") format("woff2");unicode-range:${range}}`;
}
