import {
  EVENT_TYPE_PREFIX,
  EVENT_TYPE_SUFFIX,
  EventEnvelope,
  type EventName,
  eventData,
  type Fact,
} from "../contract/events.ts";
import { checker, jsonParser } from "../contract/parse.ts";
import { err, ok, type Result } from "../contract/result.ts";

/** A row's envelope with its data read by the schema of its type. `unknown` is a type this version does not know. */
export type RowEvent =
  | { readonly kind: "known"; readonly envelope: EventEnvelope; readonly fact: Fact }
  | { readonly kind: "unknown"; readonly envelope: EventEnvelope };

export type BadRow = { readonly code: "bad_row"; readonly faults: readonly string[] };

const parseEnvelope = jsonParser(EventEnvelope);

type Check = (value: unknown) => Result<unknown, { readonly faults: readonly string[] }>;
const checks: ReadonlyMap<string, Check> = new Map(
  Object.entries(eventData).map(([name, schema]): [string, Check] => [name, checker(schema)]),
);

/** Reads the exact text of a journal row. A known type with data against its schema is refused. */
export function readRow(payload: string): Result<RowEvent, BadRow> {
  const envelope = parseEnvelope(payload);
  if (!envelope.ok) return err({ code: "bad_row", faults: envelope.error.faults });
  const name = envelope.value.type.slice(EVENT_TYPE_PREFIX.length, -EVENT_TYPE_SUFFIX.length);
  const check = checks.get(name);
  if (check === undefined) return ok({ kind: "unknown", envelope: envelope.value });
  const data = check(envelope.value.data);
  if (!data.ok) return err({ code: "bad_row", faults: data.error.faults.map((fault) => `/data${fault}`) });
  return ok({ kind: "known", envelope: envelope.value, fact: { name: name as EventName, data: data.value } as Fact });
}
