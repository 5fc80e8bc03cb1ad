import type { RouteOptions } from "fastify";
import { Problem } from "../../contract/kiosk-api.ts";

export type OpenApiRoute = Pick<RouteOptions, "method" | "url" | "schema">;

type JsonSchema = { readonly properties?: Readonly<Record<string, unknown>> };

const OPEN_PATHS = /^\/(livez|readyz|version|openapi\.json)$/;

/** The routes as an OpenAPI 3.1 document, made from the very schemas that check the requests. */
export function openApiOf(version: string, routes: readonly OpenApiRoute[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, url, schema } of routes) {
    const path = url.replace(/:(\w+)/g, "{$1}");
    const verbs = [method].flat().filter((verb) => verb !== "HEAD");
    const operations = verbs.map((verb) => [verb.toLowerCase(), operationOf(url, schema)]);
    paths[path] = { ...paths[path], ...Object.fromEntries(operations) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "lockerd fleet", version },
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer" } },
      schemas: { Problem },
    },
    paths,
  };
}

function operationOf(url: string, schema: OpenApiRoute["schema"]): object {
  const responses = Object.entries((schema?.response ?? { 200: {} }) as Record<string, object>).map(
    ([status, body]) => [status, { description: "Done", content: { "application/json": { schema: body } } }],
  );
  return {
    summary: schema?.summary ?? url,
    ...(OPEN_PATHS.test(url) ? {} : { security: [{ key: [] }] }),
    parameters: [...parametersOf("path", schema?.params), ...parametersOf("header", schema?.headers)],
    ...(schema?.body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: schema.body } } } }),
    responses: {
      ...Object.fromEntries(responses),
      default: {
        description: "Refused",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

const parametersOf = (place: "path" | "header", schema: unknown): readonly object[] =>
  Object.entries((schema as JsonSchema | undefined)?.properties ?? {}).map(([name, each]) => ({
    ...{ name, in: place, required: true, schema: each },
  }));
