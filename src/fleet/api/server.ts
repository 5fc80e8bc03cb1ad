import fastifyCookie from "@fastify/cookie";
import { fastifySSE } from "@fastify/sse";
import { TypeBoxValidatorCompiler } from "@fastify/type-provider-typebox";
import Fastify, { type FastifyError } from "fastify";
import { consoleRoutes } from "./console-routes.ts";
import type { ApiContext, ApiServer } from "./context.ts";
import { healthRoutes } from "./health-routes.ts";
import { lockerRoutes } from "./locker-routes.ts";
import type { OpenApiRoute } from "./openapi.ts";
import { parcelRoutes } from "./parcel-routes.ts";
import { type ProblemCode, refuse } from "./problem.ts";
import { streamRoutes } from "./stream-routes.ts";

const BODY_BYTES_MAX = 16_384;
const HEARTBEAT_MS = 15_000;

const securityHeaders = {
  "content-security-policy":
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

/** Builds the HTTP side of the fleet; it serves once it listens. */
export async function buildApi(context: ApiContext): Promise<ApiServer> {
  const app: ApiServer = Fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: 30_000,
    keepAliveTimeout: 5_000,
    forceCloseConnections: true,
    return503OnClosing: true,
  });
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  const routes: OpenApiRoute[] = [];
  app.addHook("onRoute", ({ method, url, schema }) => {
    if (url.startsWith("/v1/") || url === "/console/session") routes.push({ method, url, ...(schema && { schema }) });
  });
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(securityHeaders);
    return request.url.includes("?") ? refuse(reply, "query_not_allowed") : undefined;
  });
  app.setNotFoundHandler((_request, reply) => refuse(reply, "not_found"));
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const code = problemOf(error);
    if (code === "internal") context.log.error({ err: error, route: request.routeOptions.url }, "request failed");
    return refuse(reply, code, error.validation === undefined ? undefined : faultsOf(error));
  });
  await app.register(fastifyCookie);
  await app.register(fastifySSE, { heartbeatInterval: HEARTBEAT_MS });
  lockerRoutes(app, context);
  parcelRoutes(app, context);
  streamRoutes(app, context);
  healthRoutes(app, context, routes);
  await consoleRoutes(app, context);
  return app;
}

function problemOf(error: FastifyError): ProblemCode {
  switch (error.statusCode) {
    case 400:
      return "bad_request";
    case 413:
      return "too_large";
    case 415:
      return "wrong_media_type";
    default:
      return "internal";
  }
}

const faultsOf = (error: FastifyError): readonly string[] =>
  (error.validation ?? []).map(
    ({ instancePath, message }) => `${error.validationContext ?? "request"}${instancePath}: ${message ?? "is wrong"}`,
  );
