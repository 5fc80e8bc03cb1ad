import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { err, ok, type Result } from "./result.ts";

/** Why a document was refused: one line per fault, each naming the field and what is allowed. */
export type BadDocument = { readonly code: "bad_document"; readonly faults: readonly string[] };

/** Makes a strict reader of a value: unknown keys are refused, nothing is coerced. */
export function checker<S extends TSchema>(schema: S): (value: unknown) => Result<Static<S>, BadDocument> {
  const compiled = Compile(schema);
  return (value) => {
    if (compiled.Check(value)) return ok(value as Static<S>);
    const faults = Array.from(compiled.Errors(value), (fault) => `${fault.instancePath || "/"}: ${fault.message}`);
    return err({ code: "bad_document", faults: faults.slice(0, 20) });
  };
}

/** The same for JSON text. */
export function jsonParser<S extends TSchema>(schema: S): (text: string) => Result<Static<S>, BadDocument> {
  const check = checker(schema);
  return (text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return err({ code: "bad_document", faults: ["/: is not JSON"] });
    }
    return check(value);
  };
}
