import cookie from "@fastify/cookie";
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from "@fastify/type-provider-typebox";
import Fastify, { type FastifyError } from "fastify";
import type { Problem } from "../../contract/kiosk-api.ts";
import type { CourierCheck, Log, Proofs } from "../ports.ts";
import { faultsOf } from "./faults.ts";
import { createGuard } from "./guard.ts";
import type { KioskApp } from "./kiosk-app.ts";
import type { KioskEngine } from "./kiosk-engine.ts";
import { pageRoutes } from "./pages.ts";
import { problemOf, sendProblem } from "./problems.ts";
import { courierRoutes } from "./routes/courier.ts";
import { eventRoutes } from "./routes/events.ts";
import { healthRoutes } from "./routes/health.ts";
import { pickupRoutes } from "./routes/pickup.ts";
import { Turnstile } from "./turnstile.ts";
import { createViewStream } from "./view-stream.ts";

export type KioskServerOptions = {
  readonly engine: KioskEngine;
  /** Shown on the screen. */
  readonly lockerName: string;
  /** Folder of the built page: `index.html` and its assets. */
  readonly staticDir: string;
  readonly proofs: Proofs;
  readonly checkCourier: CourierCheck;
  readonly isDatabaseReadable: () => boolean;
  readonly hasDiskSpace: () => boolean;
  readonly version: string;
  readonly log: Log;
  /** 0 takes any free one. */
  readonly port: number;
};

export type KioskServer = {
  readonly url: string;
  /** Ends the stream, answers what is under way, and lets go of the port. */
  readonly close: () => Promise<void>;
};

/** The kiosk never leaves the machine: who can reach it stands before the screen. */
const HOST = "127.0.0.1";
/** The largest request body is some 150 bytes. */
const BODY_BYTES_MAX = 4_096;
/** One browser, a health probe, and room for a careless script. */
const CONNECTIONS_MAX = 64;

const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

/** Serves the kiosk's page and its API on the loopback interface. */
export async function createKioskServer(options: KioskServerOptions): Promise<KioskServer> {
  const app = strictApp(options.log);
  const guard = createGuard();
  const stream = createViewStream(options.engine, options.lockerName);
  const deps = { ...options, turnstile: new Turnstile() };

  await app.register(cookie);
  app.addHook("onRequest", guard.checkHost);
  app.addHook("preClose", async () => stream.end());
  await app.register(async (health) => healthRoutes(health, options));
  await app.register(async (pages) => pageRoutes(pages, guard, options.staticDir));
  await app.register(async (kiosk) => {
    kiosk.addHook("onRequest", guard.checkPage);
    kiosk.addHook("onRequest", async (request, reply) => {
      if (request.url.includes("?")) {
        await sendProblem(reply, problemOf({ code: "bad_request" }, ["query: send values in the body, none here"]));
      }
    });
    pickupRoutes(kiosk, deps);
    courierRoutes(kiosk, deps);
    await eventRoutes(kiosk, stream);
  });
  return { url: await app.listen({ host: HOST, port: options.port }), close: () => app.close() };
}

/** JSON only, nothing coerced, nothing unbounded; every failure a problem that repeats nothing of the request. */
function strictApp(log: Log): KioskApp {
  const app = Fastify({
    // Its own log would show addresses and errors of requests; `observe` logs what may be known.
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    // A silent connection ends; the stream's heartbeats keep it from being silent.
    connectionTimeout: 60_000,
    requestTimeout: 10_000,
    keepAliveTimeout: 5_000,
    // Time limits of requests are looked at this often; Node's own 30 s would let half-sent ones hold every connection.
    http: { headersTimeout: 5_000, maxHeaderSize: 8_192, connectionsCheckingInterval: 1_000 },
    forceCloseConnections: "idle",
    return503OnClosing: true,
    exposeHeadRoutes: false,
    trustProxy: false,
    onProtoPoisoning: "error",
    onConstructorPoisoning: "error",
    routerOptions: {
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
      maxParamLength: 64,
    },
    frameworkErrors: (_error, _request, reply) => {
      void sendProblem(reply, problemOf({ code: "bad_request" }));
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.server.maxConnections = CONNECTIONS_MAX;
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.removeContentTypeParser("text/plain");
  app.addHook("onRequest", async (_request, reply) => {
    void reply.headers(SECURITY_HEADERS);
  });
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, problemOf({ code: "not_found" })));
  observe(app, log);
  return app;
}

function observe(app: KioskApp, log: Log): void {
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const problem = problemOfError(error);
    if (problem.code === "internal") log.error({ err: error, route: request.routeOptions.url }, "request failed");
    return sendProblem(reply, problem);
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method, routeOptions } = request;
    const ms = Math.round(reply.elapsedTime);
    log.debug({ method, route: routeOptions.url, status: reply.statusCode, ms }, "request answered");
  });
}

function problemOfError({ validation, validationContext, statusCode = 500, code = "" }: FastifyError): Problem {
  if (validation !== undefined) {
    return problemOf({ code: "bad_request" }, faultsOf(validationContext ?? "body", validation));
  }
  if (statusCode >= 500) return problemOf({ code: "internal" });
  switch (statusCode) {
    // Of the static files: a folder, a hidden file.
    case 403:
    case 404:
      return problemOf({ code: "not_found" });
    case 413:
      return problemOf({ code: "too_large" });
    case 415:
      return problemOf({ code: "wrong_media_type" });
    default:
      return problemOf({ code: "bad_request" }, code.startsWith("FST_ERR_CTP_") ? ["body: is not JSON"] : undefined);
  }
}
