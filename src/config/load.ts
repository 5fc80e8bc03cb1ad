import { readFileSync } from "node:fs";
import type { Static, TSchema } from "typebox";
import { Default } from "typebox/value";
import { checker } from "../contract/parse.ts";
import { err, ok, type Result } from "../contract/result.ts";
import { complaintsOf, nodeOf } from "./check.ts";
import { errorCode } from "./error-code.ts";
import { type Complaint, type ConfigFault, fieldOf, type Path } from "./fault.ts";
import { applyOverrides, readOverrides } from "./overrides.ts";
import { parseYaml, type YamlDocument } from "./yaml-document.ts";

/** Where a configuration comes from; flags win over the environment, the environment over the file. */
export type ConfigSource = {
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By dotted path, e.g. `{ "log.level": "debug" }`. */
  readonly flags?: Readonly<Record<string, string>>;
};

export type DeepReadonly<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : { readonly [Key in keyof T]: DeepReadonly<T[Key]> };

/** What one process is configured by: a schema, and what the schema cannot say. */
export type ConfigKind<S extends TSchema> = {
  readonly schema: S;
  readonly contradictions: (config: DeepReadonly<Static<S>>) => readonly Complaint[];
};

/**
 * Reads, completes, checks and freezes a configuration.
 *
 * @returns Every fault at once, in the order of the file.
 */
export function loadConfig<S extends TSchema>(
  kind: ConfigKind<S>,
  source: ConfigSource,
): Result<DeepReadonly<Static<S>>, readonly ConfigFault[]> {
  const parsed = readDocument(source.path);
  if (!parsed.ok) return parsed;
  const document = parsed.value;
  const { overrides, unknown } = readOverrides(nodeOf(kind.schema), source.env, source.flags ?? {});
  const sourceOf = (path: Path): string | undefined =>
    overrides.findLast((override) => fieldOf(override.path) === fieldOf(path))?.source;
  const locate = (complaint: Complaint): ConfigFault => locatedIn(document, source.path, sourceOf, complaint);

  const value = Default(kind.schema, applyOverrides(document.value, overrides));
  const complaints = complaintsOf(kind.schema, value);
  const faults = [
    ...complaints.map(locate),
    ...unknown.map(({ source: where, meant }) => ({
      where,
      ...{ field: "", found: undefined, problem: "is no variable of this configuration" },
      hint: `Did you mean ${meant}?`,
    })),
  ];
  if (faults.length > 0) return err(inOrder(faults));
  const checked = checker(kind.schema)(value);
  if (!checked.ok) throw new Error(`the configuration checker let something pass: ${checked.error.faults.join("; ")}`);
  const config = deepFreeze(checked.value) as DeepReadonly<Static<S>>;
  const contradictions = kind.contradictions(config);
  return contradictions.length > 0 ? err(inOrder(contradictions.map(locate))) : ok(config);
}

function readDocument(path: string): Result<YamlDocument, readonly ConfigFault[]> {
  const wholeFile = { field: "", found: undefined } as const;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const reason = errorCode(error);
    return err([{ where: path, ...wholeFile, problem: `cannot be read (${reason})`, hint: hintFor(reason) }]);
  }
  const parsed = parseYaml(text);
  if (parsed.ok) return parsed;
  return err(
    parsed.error.map(({ line, column, problem }) => ({
      ...{ where: `${path}:${line}:${column}`, ...wholeFile },
      ...{ problem: `is no YAML: ${problem}`, hint: "Check indentation, quotes and colons there" },
    })),
  );
}

const hintFor = (reason: string): string =>
  reason === "EACCES" ? "Make it readable for the user the service runs as" : "Give the path of the file with --config";

function locatedIn(
  document: YamlDocument,
  file: string,
  sourceOf: (path: Path) => string | undefined,
  { path, atKey, found, problem, hint }: Complaint,
): ConfigFault {
  const { line, column } = document.locate(path, atKey === true);
  return { where: sourceOf(path) ?? `${file}:${line}:${column}`, field: fieldOf(path), found, problem, hint };
}

/** By line and column; what other sources said comes last. */
const inOrder = (faults: readonly ConfigFault[]): readonly ConfigFault[] =>
  faults.toSorted((a, b) => placeOf(a) - placeOf(b));

function placeOf({ where }: ConfigFault): number {
  const [, line, column] = /:(\d+):(\d+)$/.exec(where) ?? [];
  return line === undefined ? Number.MAX_SAFE_INTEGER : Number(line) * 10_000 + Number(column);
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
