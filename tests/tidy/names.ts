import { posix } from "node:path";
import { Visitor } from "vite";
import { isTypeScript, lineOf, parseSource, type SourceFile, type Violation, wordsOf } from "./source.ts";

/** Words for a compartment that the product does not use. */
const COMPARTMENT_SYNONYMS = new Set(["cell", "cells", "box", "boxes"]);

/** Names other people gave: the drawing model of browsers, the schema library. */
const FOREIGN_NAMES = /^(viewBox|getBBox|boundingBox|boxSizing|boxShadow|TypeBox[A-Z]\w+)$/;

const NAMELESS_FILES = new Set(["utils", "util", "helpers", "helper", "misc", "common", "shared", "index"]);

const COMMENT_BANS: readonly { readonly pattern: RegExp; readonly remedy: string }[] = [
  { pattern: /@ts-(ignore|nocheck)/, remedy: "silences the compiler; give the value its real type" },
  { pattern: /biome-ignore|oxlint-disable|eslint-disable/, remedy: "silences a rule; write what the rule asks for" },
  { pattern: /\b(v8|c8|istanbul) ignore/, remedy: "hides code from coverage; test it" },
  { pattern: /\b(TODO|FIXME|XXX|HACK)\b/, remedy: "leaves work behind; do it, or open an issue" },
];

export function checkFileNames(files: readonly SourceFile[]): readonly Violation[] {
  return files
    .filter(({ path }) => isTypeScript(path))
    .flatMap(({ path }) => {
      const stem = posix.basename(path).replace(/\..*$/, "");
      const violations: Violation[] = [];
      if (NAMELESS_FILES.has(stem)) {
        violations.push({ path, line: 1, message: `"${stem}" says nothing; name the file after its one concept` });
      }
      if (path.split(/[/.]/).some((part) => wordsOf(part).some((word) => COMPARTMENT_SYNONYMS.has(word)))) {
        violations.push({ path, line: 1, message: 'the word is "compartment"' });
      }
      return violations;
    });
}

export function checkIdentifiers(files: readonly SourceFile[]): readonly Violation[] {
  return files
    .filter(({ path }) => isTypeScript(path))
    .flatMap((file) => {
      const violations: Violation[] = [];
      const check = (node: { readonly name: string; readonly start: number }): void => {
        if (FOREIGN_NAMES.test(node.name)) return;
        if (!wordsOf(node.name).some((word) => COMPARTMENT_SYNONYMS.has(word))) return;
        const line = lineOf(file.text, node.start);
        violations.push({ path: file.path, line, message: `"${node.name}": the word is "compartment"` });
      };
      new Visitor({ Identifier: check, JSXIdentifier: check }).visit(parseSource(file).program);
      return violations;
    });
}

export function checkComments(files: readonly SourceFile[]): readonly Violation[] {
  return files
    .filter(({ path }) => isTypeScript(path))
    .flatMap((file) =>
      parseSource(file).comments.flatMap((comment) =>
        COMMENT_BANS.filter(({ pattern }) => pattern.test(comment.value)).map(({ pattern, remedy }) => ({
          path: file.path,
          line: lineOf(file.text, comment.start),
          message: `"${pattern.exec(comment.value)?.[0]}" ${remedy}`,
        })),
      ),
    );
}
