import { isMapping, type Node } from "./check.ts";
import type { Path } from "./fault.ts";
import { mostSimilar } from "./similar.ts";

/** A single value set from outside the file. */
export type Override = {
  readonly path: Path;
  readonly value: unknown;
  /** The variable or flag, as a person typed it. */
  readonly source: string;
};

export type UnknownOverride = { readonly source: string; readonly meant: string };

const PREFIX = "LOCKERD_";

/** Single values of the schema by their path; lists and alternatives are for the file. */
function* leavesOf(
  node: Node,
  path: readonly string[] = [],
): Generator<{ readonly path: readonly string[]; readonly node: Node }> {
  if (node.properties !== undefined) {
    for (const [key, property] of Object.entries(node.properties)) yield* leavesOf(property, [...path, key]);
  } else if (node.items === undefined && node.anyOf === undefined) {
    yield { path, node };
  }
}

const words = (key: string): string => key.replaceAll(/([a-z\d])([A-Z])/g, "$1_$2");
/** `kiosk.port` is `LOCKERD_KIOSK_PORT`; `keys.pepperFile` is `LOCKERD_KEYS_PEPPER_FILE`. */
const variableOf = (path: readonly string[]): string => PREFIX + path.map(words).join("_").toUpperCase();
/** `kiosk.port` is `--kiosk-port`. */
const flagOf = (path: readonly string[]): string => `--${path.map(words).join("-").replaceAll("_", "-").toLowerCase()}`;

/**
 * What the environment and the command line set, in the order they are to be applied: the later one wins.
 *
 * @param flags By dotted path, e.g. `{ "log.level": "debug" }`.
 */
export function readOverrides(
  schema: Node,
  env: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Record<string, string>>,
): { readonly overrides: readonly Override[]; readonly unknown: readonly UnknownOverride[] } {
  const leaves = [...leavesOf(schema)];
  const fromEnv = leaves.flatMap(({ path, node }) => {
    const text = env[variableOf(path)];
    return text === undefined ? [] : [{ path, value: parse(node, text), source: variableOf(path) }];
  });
  const fromFlags = leaves.flatMap(({ path, node }) => {
    const text = flags[path.join(".")];
    return text === undefined ? [] : [{ path, value: parse(node, text), source: flagOf(path) }];
  });
  const variables = leaves.map(({ path }) => variableOf(path));
  const unknown = Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !variables.includes(name))
    .flatMap((name) => {
      // Other variables of this name belong to other parts of lockerd; a near miss was meant for here.
      const meant = mostSimilar(
        name.slice(PREFIX.length),
        variables.map((variable) => variable.slice(PREFIX.length)),
      );
      return meant === undefined ? [] : [{ source: name, meant: PREFIX + meant }];
    });
  return { overrides: [...fromEnv, ...fromFlags], unknown };
}

/** Text as the schema wants it; what cannot be read stays text and is then refused by the schema. */
function parse(node: Node, text: string): unknown {
  if (node.type === "integer" || node.type === "number") return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (node.type === "boolean") return text === "true" ? true : text === "false" ? false : text;
  return text;
}

/** The document with overrides in it. Where the file has no mapping for one to go into, it is left to the schema. */
export function applyOverrides(document: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce((value, { path, value: set }) => put(value, path, set), document);
}

function put(value: unknown, [key, ...rest]: Path, set: unknown): unknown {
  if (key === undefined) return set;
  if (value !== undefined && value !== null && !isMapping(value)) return value;
  return { ...value, [key]: put(isMapping(value) ? value[key] : undefined, rest, set) };
}
