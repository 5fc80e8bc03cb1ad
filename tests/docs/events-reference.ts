import type { TSchema } from "typebox";
import { EventEnvelope, type EventName, eventData, eventType } from "../../src/contract/events.ts";
import { eventMeanings } from "./event-meanings.ts";

/** The parts of JSON Schema that events use; another one makes {@link formOf} throw, so that nothing is left out. */
type Schema = {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
};

const code = (text: string): string => `\`${text.replaceAll("|", "\\|")}\``;

const isNull = (schema: Schema): boolean => schema.type === "null";
/** The schema of a value that may be null, when it is not. */
const withoutNull = (schema: Schema): Schema => schema.anyOf?.find((each) => !isNull(each)) ?? schema;

function propertiesOf(schema: Schema): readonly (readonly [string, Schema])[] {
  return Object.entries(schema.properties ?? {});
}

/** What values a schema takes, in words. */
function formOf(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(formOf).join(" or ");
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  if (schema.const !== undefined) return `always ${code(schema.const)}`;
  switch (schema.type) {
    case "null":
      return "null";
    case "boolean":
      return "true or false";
    case "string":
      return schema.pattern === undefined ? "text" : `text, ${code(schema.pattern)}`;
    case "integer":
      return schema.maximum === undefined
        ? `integer from ${schema.minimum}`
        : `integer from ${schema.minimum} to ${schema.maximum}`;
    case "array":
      return `list of { ${fieldsOf(schema.items ?? {})} }`;
    case undefined:
      return "by type, below";
    default:
      throw new Error(`a form this reference cannot tell: ${JSON.stringify(schema)}`);
  }
}

const fieldsOf = (schema: Schema): string =>
  propertiesOf(schema)
    .map(([name, value]) => `${code(name)}${value.anyOf?.some(isNull) === true ? " or null" : ""}`)
    .join(", ");

/** Every field of every event, by name; a name with two meanings gets a row for each. */
function fieldRows(schemas: readonly Schema[]): readonly string[] {
  const rows = new Set<string>();
  const walk = (schema: Schema): void => {
    for (const [name, value] of propertiesOf(schema)) {
      rows.add(`| ${code(name)} | ${formOf(withoutNull(value))} |`);
      if (value.items !== undefined) walk(value.items);
    }
  };
  for (const schema of schemas) walk(schema);
  return [...rows].sort();
}

/** `docs/reference/events.md`, from the schemas themselves. */
export function eventsReference(): string {
  const events = Object.entries(eventData) as [EventName, TSchema][];
  return [
    "# Events",
    "",
    "Every fact a locker reports is one row of its journal, and every row is one JSON document: a structured",
    "[CloudEvents 1.0](https://cloudevents.io/) event. Its exact bytes are stored, hashed and published. This page is made",
    "from the schemas in `src/contract/events.ts`; `npx vitest run --project unit tests/docs -u` makes it anew. How rows",
    "travel is told in [mqtt.md](mqtt.md).",
    "",
    "No event names a person. Unknown fields are refused everywhere, and every field listed is always present.",
    "",
    "## Envelope",
    "",
    "| Field | Form |",
    "|---|---|",
    ...propertiesOf(EventEnvelope as Schema).map(([name, value]) => `| ${code(name)} | ${formOf(value)} |`),
    "",
    "- `id` is the epoch and the row's number in it. The pair is unique in the world, and numbers have no gaps.",
    "- `source` is the locker's handle.",
    `- \`type\` is the event's name with prefix and version: ${code("deposit.stored")} travels as ${code(eventType("deposit.stored"))}.`,
    "- `time` is the locker's wall clock, in UTC. `clocktrust` says how far to believe it: `synced` when a time source",
    "  agreed, `restored` when it is only known to be no earlier than what was last written down, `unset` when it is a guess.",
    "",
    "## Types",
    "",
    "| Event | Fields of `data` | What it says |",
    "|---|---|---|",
    ...events.map(([name, schema]) => `| ${code(name)} | ${fieldsOf(schema as Schema)} | ${eventMeanings[name]} |`),
    "",
    "## Fields",
    "",
    "| Field | Form |",
    "|---|---|",
    ...fieldRows(events.map(([, schema]) => schema as Schema)),
    "",
  ].join("\n");
}
