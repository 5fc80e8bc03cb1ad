/** The parts of JSON Schema that the HTTP schemas use; another one makes {@link formOf} throw, so that nothing is left out. */
export type Schema = {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
};

/** A code span, fit for a table. */
export function code(value: unknown): string {
  const text = String(value).replaceAll("|", "\\|");
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

const isNull = ({ type }: Schema): boolean => type === "null";

function rangeOf(minimum: number | undefined, maximum: number | undefined): string {
  if (maximum !== undefined) return `${minimum ?? 0} to ${maximum}`;
  return minimum === undefined ? "" : `${minimum} or more`;
}

/** What values a schema takes, in words. */
function formOf(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  if (schema.const !== undefined) return `always ${code(schema.const)}`;
  if (schema.anyOf !== undefined) return schema.anyOf.map(formOf).join(" or ");
  if (schema.properties !== undefined) return "object";
  switch (schema.type) {
    case "null":
      return "null";
    case "boolean":
      return "true or false";
    case "string":
      if (schema.pattern !== undefined) return `text, ${code(schema.pattern)}`;
      return schema.maxLength === undefined
        ? "text"
        : `text of ${rangeOf(schema.minLength, schema.maxLength)} characters`;
    case "integer":
      return `integer ${rangeOf(schema.minimum, schema.maximum)}`.trim();
    case "array": {
      const items = schema.items ?? {};
      const each = items.properties === undefined ? `, each ${formOf(items)}` : "";
      const count = schema.maxItems === undefined ? "" : ` of ${rangeOf(schema.minItems, schema.maxItems)}`;
      return `list${count}${each}`;
    }
    default:
      throw new Error(`a form this reference cannot tell: ${JSON.stringify(schema)}`);
  }
}

/** A row for every field, nested ones by their path. */
export function fieldRows(schema: Schema, path = ""): readonly string[] {
  if (schema.anyOf !== undefined) {
    return schema.anyOf.filter((each) => !isNull(each)).flatMap((each) => fieldRows(each, path));
  }
  if (schema.items !== undefined) return fieldRows(schema.items, `${path}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const place = path === "" ? name : `${path}.${name}`;
    const optional = schema.required?.includes(name) === true ? "" : "; may be left out";
    return [`| ${code(place)} | ${formOf(field)}${optional} |`, ...fieldRows(field, place)];
  });
}

export const fieldTable = (schema: Schema): readonly string[] => [
  "| Field | Form |",
  "|---|---|",
  ...fieldRows(schema),
  "",
];

/** Problems by status and code: what it means, what to do. */
export const problemTable = (
  problems: readonly {
    readonly code: string;
    readonly status: number;
    readonly title: string;
    readonly detail: string;
  }[],
): readonly string[] => [
  "| Status | `code` | What it says | What to do |",
  "|---|---|---|---|",
  ...problems
    .toSorted((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1))
    .map(({ status, code: name, title, detail }) => `| ${status} | ${code(name)} | ${title} | ${detail} |`),
  "",
];
