import type { FastifySchemaValidationError } from "fastify";

const FAULTS_MAX = 20;

/** What a field's name looks like. A name made of anything else is not repeated: it may be a value gone astray. */
const FIELD_NAME = /^[A-Za-z][A-Za-z_]{0,31}$/;

/** One line per fault, each naming the field and what is allowed; no value is ever repeated. */
export function faultsOf(part: string, errors: readonly FastifySchemaValidationError[]): readonly string[] {
  return errors.flatMap((error) => linesOf(part, error)).slice(0, FAULTS_MAX);
}

function linesOf(part: string, { keyword, instancePath, params, message }: FastifySchemaValidationError): string[] {
  const at = (name: string): string => `${part}${instancePath}/${name}`;
  switch (keyword) {
    // Said again, with the names, by `additionalProperties`.
    case "boolean":
      return [];
    case "additionalProperties":
      return namesIn(params["additionalProperties"]).map((name) =>
        FIELD_NAME.test(name) ? `${at(name)}: is no field; leave it out` : `${part}: leave out the unknown field`,
      );
    case "required":
      return namesIn(params["requiredProperties"]).map((name) => `${at(name)}: is missing`);
    case "enum":
      return [`${part}${instancePath}: must be one of ${namesIn(params["allowedValues"]).join(", ")}`];
    case "type":
      return [`${part}${instancePath}: ${params["type"] === "null" ? "must be empty" : message}`];
    default:
      return [`${part}${instancePath}: ${message}`];
  }
}

const namesIn = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
