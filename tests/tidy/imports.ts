import { posix } from "node:path";
import { Visitor } from "vite";
import { areaOf, type ImportRule } from "./areas.ts";
import { isTypeScript, lineOf, parseSource, type SourceFile, type Violation } from "./source.ts";

/** One import or re-export as it stands in a file. */
export type Import = { readonly specifier: string; readonly typeOnly: boolean; readonly offset: number };

/** Who may import whom, by the table in docs/architecture.md. */
export function checkImports(files: readonly SourceFile[]): readonly Violation[] {
  return files.filter(({ path }) => isTypeScript(path)).flatMap(checkFile);
}

/** A relative specifier names an existing file with its real extension: node resolves nothing else. */
export function checkSpecifiers(files: readonly SourceFile[]): readonly Violation[] {
  const paths = new Set(files.map(({ path }) => path));
  return files
    .filter(({ path }) => isTypeScript(path))
    .flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith("."))
        .filter(({ specifier }) => !paths.has(resolve(file.path, specifier)))
        .map(({ specifier, offset }) =>
          violation(file, offset, `"${specifier}" is no file; write the path with its .ts or .tsx extension`),
        ),
    );
}

export function importsOf(file: SourceFile): readonly Import[] {
  const found: Import[] = [];
  new Visitor({
    ImportDeclaration(node) {
      const everySpecifierIsType =
        node.specifiers.length > 0 &&
        node.specifiers.every((each) => each.type === "ImportSpecifier" && each.importKind === "type");
      const typeOnly = node.importKind === "type" || everySpecifierIsType;
      found.push({ specifier: node.source.value, typeOnly, offset: node.start });
    },
    ExportNamedDeclaration(node) {
      if (node.source === null) return;
      found.push({ specifier: node.source.value, typeOnly: node.exportKind === "type", offset: node.start });
    },
    ExportAllDeclaration(node) {
      found.push({ specifier: node.source.value, typeOnly: node.exportKind === "type", offset: node.start });
    },
    ImportExpression(node) {
      const { source } = node;
      const specifier = source.type === "Literal" && typeof source.value === "string" ? source.value : "";
      found.push({ specifier, typeOnly: false, offset: node.start });
    },
    TSImportType(node) {
      found.push({ specifier: node.source.value, typeOnly: true, offset: node.start });
    },
  }).visit(parseSource(file).program);
  return found;
}

function checkFile(file: SourceFile): readonly Violation[] {
  const area = areaOf(file.path);
  if (area === undefined) {
    return [violation(file, 0, "lies in no known area; give its folder a row in tests/tidy/areas.ts")];
  }
  return importsOf(file).flatMap((each) => {
    const fault = faultOf(file.path, each, area.rule);
    return fault === undefined ? [] : [violation(file, each.offset, `${fault} (area "${area.name}")`)];
  });
}

function faultOf(from: string, { specifier, typeOnly }: Import, rule: ImportRule): string | undefined {
  if (rule.anything === true) return undefined;
  if (specifier === "") return "imports a computed path; write the path out";
  if (specifier.startsWith("node:")) {
    return rule.node === true || typeOnly
      ? undefined
      : `may not import ${specifier}; take what it gives as an argument`;
  }
  if (!specifier.startsWith(".")) return packageFault(specifier, rule);
  const target = resolve(from, specifier);
  if (rule.never?.some((pattern) => matches(target, pattern)) === true) return `may never import ${target}`;
  if (rule.values.some((pattern) => matches(target, pattern))) return undefined;
  const typesAllowed = rule.types.some((pattern) => matches(target, pattern));
  if (typesAllowed && typeOnly) return undefined;
  const remedy = typesAllowed ? "use `import type`" : "turn the dependency round, or pass it in from main.ts";
  return `may not import ${target}; ${remedy}`;
}

function packageFault(specifier: string, rule: ImportRule): string | undefined {
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const allowed = rule.packages.some(
    (each) => each === "*" || each === name || (each.endsWith("/") && name.startsWith(each)),
  );
  return allowed ? undefined : `may not import the package "${name}"; only ${rule.packages.join(", ") || "none"}`;
}

const resolve = (from: string, specifier: string): string =>
  posix.join(posix.dirname(from), specifier.replace(/\?.*$/, ""));

const matches = (path: string, pattern: string): boolean => posix.matchesGlob(path, pattern);

const violation = (file: SourceFile, offset: number, message: string): Violation => ({
  path: file.path,
  line: lineOf(file.text, offset),
  message,
});
