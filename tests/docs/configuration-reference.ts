import type { TSchema } from "typebox";
import { type Node, nodeOf } from "../../src/config/check.ts";
import { FleetConfigSchema } from "../../src/config/fleet.ts";
import { LockerConfigSchema } from "../../src/config/locker.ts";
import { VaultConfigSchema } from "../../src/config/vault.ts";
import { configurationMeanings } from "./configuration-meanings.ts";

export type ConfigurationKind = keyof typeof configurationMeanings;

export const configurationSchemas: Readonly<Record<ConfigurationKind, TSchema>> = {
  locker: LockerConfigSchema,
  fleet: FleetConfigSchema,
  vault: VaultConfigSchema,
};

type Field = { readonly path: string; readonly node: Node; readonly isRequired: boolean };

/** Every key of a schema, lists and alternatives included. */
export function fieldsOf(node: Node, path = ""): readonly Field[] {
  if (node.anyOf !== undefined) {
    return node.anyOf.flatMap((kind) => fieldsOf(kind, `${path}(${String(kind.properties?.["kind"]?.const)})`));
  }
  if (node.items !== undefined) return fieldsOf(node.items, `${path}[]`);
  return Object.entries(node.properties ?? {}).flatMap(([key, property]) => {
    const place = path === "" ? key : `${path}.${key}`;
    const isRequired = node.required?.includes(key) === true && property.default === undefined;
    return [{ path: place, node: property, isRequired }, ...fieldsOf(property, place)];
  });
}

const code = (value: unknown): string => `\`${String(value)}\``;

/** What a value may be. */
function formOf(node: Node): string {
  if (node.enum !== undefined) return node.enum.map(code).join(", ");
  if (node.const !== undefined) return code(node.const);
  if (node.anyOf !== undefined) return "one of the kinds below";
  if (node.properties !== undefined) return "mapping";
  if (node.items !== undefined) {
    const items = node.items.properties === undefined ? `, each ${formOf(node.items)}` : "";
    return `list of ${rangeOf(node.minItems ?? 0, node.maxItems)}${items}`;
  }
  if (node.description !== undefined) return node.description.replaceAll("|", "\\|");
  if (node.type === "integer") return rangeOf(node.minimum, node.maximum);
  if (node.type === "boolean") return "`true`, `false`";
  if (node.type === "string") return `text of ${rangeOf(node.minLength, node.maxLength)} characters`;
  throw new Error(`a form this reference cannot tell: ${JSON.stringify(node)}`);
}

const rangeOf = (minimum: number | undefined, maximum: number | undefined): string =>
  `${minimum ?? 0}${maximum === undefined ? " or more" : ` to ${maximum}`}`;

function defaultOf({ node, isRequired }: Field): string {
  if (isRequired) return "required";
  if (node.default === undefined) return "may be left out";
  return typeof node.default === "object" ? "its defaults" : code(node.default);
}

function section(kind: ConfigurationKind, title: string): readonly string[] {
  const meanings: Readonly<Record<string, string>> = configurationMeanings[kind];
  const rows = fieldsOf(nodeOf(configurationSchemas[kind])).map((field) => {
    const meaning = meanings[field.path];
    if (meaning === undefined)
      throw new Error(`${kind}: ${field.path} has no meaning; add it to configurationMeanings`);
    return `| ${code(field.path)} | ${meaning} | ${formOf(field.node)} | ${defaultOf(field)} |`;
  });
  return [`## ${title}`, "", "| Key | What it is | Takes | Left out |", "|---|---|---|---|", ...rows, ""];
}

/** `docs/reference/configuration.md`, from the schemas themselves. */
export function configurationReference(): string {
  return [
    "# Configuration",
    "",
    "One YAML file for each process. This page is made from the schemas in `src/config/`;",
    "`npx vitest run --project unit tests/docs -u` makes it anew. Whole files to begin with:",
    "[lockerd.yaml](../examples/lockerd.yaml), [fleet.yaml](../examples/fleet.yaml), [vault.yaml](../examples/vault.yaml).",
    "",
    "- Unknown keys are refused, and nothing is converted: a number in quotes is no number.",
    "- `lockerd check-config` lists everything that is wrong by file, line and column, each with one hint",
    "  ([command line](command-line.md)).",
    "- Secrets are never in these files. They are files of their own, and the configuration names them.",
    "- A single value can be set by a variable of the environment, which wins over the file: `kiosk.port` is",
    "  `LOCKERD_KIOSK_PORT`, `keys.pepperFile` is `LOCKERD_KEYS_PEPPER_FILE`. What stands in lists cannot.",
    "- In the tables `[]` stands for any item of a list, `(serial)` for a mapping whose `kind` is `serial`.",
    "",
    ...section("locker", "The locker: `lockerd run`"),
    "Beside the table: every compartment is wired to exactly one channel.",
    "A compartment that holds a parcel cannot be removed: the locker refuses to start until it is back or empty.",
    "",
    ...section("fleet", "The fleet: `lockerd fleet`"),
    ...section("vault", "The vault: `lockerd vault`"),
  ].join("\n");
}
