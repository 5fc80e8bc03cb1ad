import { readFileSync } from "node:fs";
import type { TSchema } from "typebox";
import { describe, expect, it } from "vitest";
import type { LockerHandle } from "../../src/contract/ids.ts";
import {
  AckClaims,
  BATCH_ROWS_MAX,
  batchStatement,
  CommandClaims,
  DesiredDocument,
  EventBatch,
  jwsType,
  LockerStatus,
  RosterEntry,
  SEALED_BYTES,
  SealedSecret,
} from "../../src/contract/messages.ts";
import { type TopicKind, topicOf } from "../../src/contract/topics.ts";

const text = readFileSync(new URL("../../docs/reference/mqtt.md", import.meta.url), "utf8");

/** What the first columns of the tables under a heading name. */
function namesUnder(heading: string): readonly string[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const columns = [...section.matchAll(/^\| (`[^|]+) \|/gm)].map((match) => match[1] ?? "");
  return columns.flatMap((column) => [...column.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "")).sort();
}

const fieldsOf = (...schemas: readonly TSchema[]): readonly string[] => {
  const variants = schemas.flatMap((schema) => ("anyOf" in schema ? (schema.anyOf as TSchema[]) : [schema]));
  return [...new Set(variants.flatMap((schema) => Object.keys((schema as { properties?: object }).properties ?? {})))];
};

describe("docs/reference/mqtt.md", () => {
  it("names every topic, and no other", () => {
    const kinds: readonly TopicKind[] = ["up/event", "up/status", "down/ack", "down/command", "down/desired"];
    const topics = kinds.map((kind) => topicOf("<handle>" as LockerHandle, kind));
    expect(namesUnder("Topics")).toEqual(topics.sort());
  });

  it.each([
    ["up/event", [EventBatch]],
    ["up/status", [LockerStatus]],
    ["down/ack", [AckClaims]],
    ["down/desired", [DesiredDocument, RosterEntry]],
    ["The sealed secret", [SealedSecret]],
  ] as const)("lists the fields of %s", (heading, schemas) => {
    const fields = namesUnder(heading).filter((name) => /^[a-zA-Z]+$/.test(name));
    expect(fields).toEqual([...fieldsOf(...schemas)].sort());
  });

  it("lists the claims of a command before its refusals", () => {
    expect(namesUnder("down/command")).toEqual(expect.arrayContaining([...fieldsOf(CommandClaims)]));
  });

  it("names every kind of signed text, and shows what a batch's signature covers", () => {
    for (const typ of Object.values(jwsType)) expect(text).toContain(`\`${typ}\``);
    const statement = { locker: "<locker>", epoch: "<epoch>", lastSeq: 0, lastHash: "<lastHash>" };
    expect(text).toContain(batchStatement(statement).replace("\n0\n", "\n<number of the last row>\n"));
  });

  it("tells the sizes that hold", () => {
    expect(text).toContain(`1 to ${BATCH_ROWS_MAX} consecutive rows`);
    expect(text).toContain(`${SEALED_BYTES} bytes of JSON`);
  });
});
