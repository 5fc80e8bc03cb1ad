import type { TSchema } from "typebox";
import type { Complaint, Path } from "./fault.ts";
import { mostSimilar } from "./similar.ts";

/** What the configuration schemas are made of: JSON Schema, of which TypeBox makes these keywords. */
export type Node = {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  /** Mappings told apart by `kind`. */
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly default?: unknown;
  /** What is allowed, where the keywords say it badly. */
  readonly description?: string;
  readonly hint?: string;
  /** Could hold a secret: its value is never printed. */
  readonly writeOnly?: boolean;
};

export const nodeOf = (schema: TSchema): Node => schema as Node;

/** Everything in `value` that the schema does not allow. */
export function complaintsOf(schema: TSchema, value: unknown): readonly Complaint[] {
  const complaints: Complaint[] = [];
  check(nodeOf(schema), value, [], complaints);
  return complaints;
}

type Mapping = Readonly<Record<string, unknown>>;

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function check(node: Node, value: unknown, path: Path, complaints: Complaint[]): void {
  if (node.anyOf !== undefined) checkKinds(node.anyOf, value, path, complaints);
  else if (node.properties !== undefined) checkMapping(node, value, path, complaints);
  else if (node.items !== undefined) checkList(node, node.items, value, path, complaints);
  else if (!isAllowed(node, value)) complaints.push(wrongValue(node, value, path));
}

function checkMapping(node: Node, value: unknown, path: Path, complaints: Complaint[]): void {
  if (!isMapping(value)) {
    complaints.push(wrongValue(node, value, path));
    return;
  }
  const properties = node.properties ?? {};
  for (const [key, field] of Object.entries(value)) {
    const property = properties[key];
    if (property === undefined) complaints.push(unknownKey(Object.keys(properties), [...path, key], value));
    else check(property, field, [...path, key], complaints);
  }
  for (const key of node.required ?? []) {
    const property = properties[key];
    if (key in value || property === undefined || property.default !== undefined) continue;
    const problem = `is missing; it wants ${allowedBy(property)}`;
    complaints.push({ path: [...path, key], problem, hint: property.hint ?? `Add "${key}:" here` });
  }
}

function unknownKey(known: readonly string[], path: Path, siblings: Mapping): Complaint {
  const key = String(path.at(-1));
  // A key that is there already is not what was meant.
  const free = known.filter((name) => !(name in siblings));
  const meant = mostSimilar(key, free);
  const problem = `is no key of this place; allowed are ${known.join(", ")}`;
  return { path, atKey: true, problem, hint: meant === undefined ? "Remove it" : `Did you mean "${meant}"?` };
}

function checkList(node: Node, items: Node, value: unknown, path: Path, complaints: Complaint[]): void {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = node;
  if (!Array.isArray(value) || value.length < minItems || value.length > maxItems) {
    complaints.push(wrongValue(node, value, path));
    return;
  }
  for (const [index, item] of value.entries()) check(items, item, [...path, index], complaints);
}

function checkKinds(kinds: readonly Node[], value: unknown, path: Path, complaints: Complaint[]): void {
  const kind = isMapping(value) ? value["kind"] : undefined;
  const chosen = kinds.find(({ properties }) => properties?.["kind"]?.const === kind);
  if (chosen !== undefined) return checkMapping(chosen, value, path, complaints);
  const names = kinds.map(({ properties }) => properties?.["kind"]?.const);
  const union: Node = { enum: names };
  if (!isMapping(value))
    complaints.push(wrongValue({ description: `a mapping whose kind is ${oneOf(names)}` }, value, path));
  else if ("kind" in value) complaints.push(wrongValue(union, kind, [...path, "kind"]));
  else
    complaints.push({
      path: [...path, "kind"],
      problem: `is missing; it wants ${allowedBy(union)}`,
      hint: 'Add "kind:" here',
    });
}

function isAllowed(node: Node, value: unknown): boolean {
  if (node.enum !== undefined) return node.enum.includes(value);
  if (node.const !== undefined) return node.const === value;
  switch (node.type) {
    case "integer":
      return Number.isInteger(value) && isWithin(Number(value), node.minimum, node.maximum);
    case "string":
      return (
        typeof value === "string" && isWithin(value.length, node.minLength, node.maxLength) && matches(node, value)
      );
    case "boolean":
      return typeof value === "boolean";
    default:
      throw new Error(`a configuration schema uses type ${node.type}, which the checker does not know`);
  }
}

const isWithin = (value: number, minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY): boolean =>
  value >= minimum && value <= maximum;

const matches = ({ pattern }: Node, text: string): boolean =>
  pattern === undefined || new RegExp(pattern, "u").test(text);

function wrongValue(node: Node, value: unknown, path: Path): Complaint {
  const found = printable(node, value);
  const problem = `${value === null ? "is empty" : "is not allowed"}; it wants ${allowedBy(node)}`;
  return { path, ...(found === undefined ? {} : { found }), problem, hint: hintFor(node, value) };
}

const PRINTED_CHARACTERS_MAX = 60;

/** Only single values, and only where no secret belongs: people paste keys and passwords into the wrong line. */
function printable(node: Node, value: unknown): string | undefined {
  const isPlain =
    node.properties === undefined && node.items === undefined && node.description?.startsWith("a mapping") !== true;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isMapping(value)) return "a mapping";
  if (value === null || node.writeOnly === true || !isPlain) return undefined;
  const text = JSON.stringify(value);
  return text.length > PRINTED_CHARACTERS_MAX ? `${text.slice(0, PRINTED_CHARACTERS_MAX)}…` : text;
}

function hintFor(node: Node, value: unknown): string {
  if (node.type === "integer" && typeof value === "string" && /^-?\d+$/.test(value))
    return "Write the number without quotes";
  if (node.type === "string" && typeof value === "number") return "Put it in quotes";
  if (node.hint !== undefined) return node.hint;
  const allowed = node.enum?.filter((name) => typeof name === "string") ?? [];
  const meant = typeof value === "string" ? mostSimilar(value, allowed) : undefined;
  if (meant !== undefined) return `Did you mean "${meant}"?`;
  if (node.default !== undefined && !isMapping(node.default))
    return `Leave it out to get ${JSON.stringify(node.default)}`;
  return "Change it";
}

const oneOf = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(" or ");

function allowedBy(node: Node): string {
  if (node.description !== undefined) return node.description;
  if (node.enum !== undefined) return oneOf(node.enum);
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.anyOf !== undefined)
    return `a mapping whose kind is ${oneOf(node.anyOf.map((kind) => kind.properties?.["kind"]?.const))}`;
  if (node.properties !== undefined) return `a mapping with ${Object.keys(node.properties).join(", ")}`;
  if (node.items !== undefined) return `a list of ${rangeOf(node.minItems ?? 0, node.maxItems)}`;
  if (node.type === "integer") return `a whole number from ${rangeOf(node.minimum, node.maximum)}`;
  if (node.type === "boolean") return "true or false";
  return `text of ${rangeOf(node.minLength ?? 0, node.maxLength)} characters`;
}

const rangeOf = (minimum: number | undefined, maximum: number | undefined): string =>
  maximum === undefined ? `${minimum} or more` : `${minimum} to ${maximum}`;
