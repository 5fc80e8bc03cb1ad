import { globSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { CommandClaims, DesiredDocument } from "../../src/contract/messages.ts";
import { checker } from "../../src/contract/parse.ts";

const root = new URL("../../src/contract/", import.meta.url);
const modules = await Promise.all(
  globSync("*.ts", { cwd: root }).map(async (file) => [basename(file, ".ts"), await import(new URL(file, root).href)]),
);

/** Every integer schema within a value, by where it is. */
function integersIn(value: unknown, place: string): readonly (readonly [string, Record<string, unknown>])[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Object.entries(value).flatMap(([key, child]) => integersIn(child, `${place}/${key}`));
  return "type" in value && (value.type === "integer" || value.type === "number")
    ? [[place, value as Record<string, unknown>], ...own]
    : own;
}

describe("the numbers of the contract", () => {
  const integers = modules.flatMap(([name, exported]) => integersIn({ ...exported }, name));

  it("are integers no greater than what every reader takes for the same number", () => {
    expect(integers.length).toBeGreaterThan(30);
    const unbounded = integers.filter(
      ([, { type, maximum }]) => type !== "integer" || !(Number(maximum) <= Number.MAX_SAFE_INTEGER),
    );
    expect(unbounded.map(([place]) => place)).toEqual([]);
  });

  it("refuse 2^53 in what the fleet signs for a locker", () => {
    const command = {
      ...{ aud: "model0001", epoch: "0".repeat(16), jti: "0".repeat(32), issuerEpoch: 1, seq: 1, iat: 1, exp: 2 },
      ...{ by: "operator", reason: "test", op: "challenge", compartment: 1 },
    };
    const desired = { aud: "model0001", version: 1, issuedAt: 1, roster: [] };
    const cases = [
      ...["issuerEpoch", "seq", "iat", "exp"].map((field) => [CommandClaims, command, field] as const),
      ...["version", "issuedAt"].map((field) => [DesiredDocument, desired, field] as const),
    ];
    for (const [schema, whole, field] of cases) {
      const check = checker(schema);
      expect([field, check({ ...whole, [field]: Number.MAX_SAFE_INTEGER }).ok]).toEqual([field, true]);
      expect([field, check({ ...whole, [field]: 2 ** 53 }).ok]).toEqual([field, false]);
    }
  });
});
