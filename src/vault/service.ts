import { createHmac, type KeyObject } from "node:crypto";
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify";
import type { Logger } from "pino";
import type { LockerHandle } from "../contract/ids.ts";
import type { EpochMs } from "../contract/time.ts";
import { NOTICE_CONTENT_TYPE } from "../contract/vault-api.ts";
import { type CarrierKey, carrierOf } from "./carriers.ts";
import { contactRoutes } from "./contact-routes.ts";
import { createDelivery, type KnownLocker } from "./delivery.ts";
import { noticeRoutes } from "./notice-routes.ts";
import type { Notifier } from "./notifier/notifier.ts";
import { type ProblemCode, refuse } from "./problems.ts";
import { createRetention, type Every } from "./retention.ts";
import { openStore } from "./store.ts";

export type VaultOptions = {
  /** Path of the SQLite file. */
  readonly database: string;
  /** 32 bytes: wraps the key of every row. */
  readonly masterKey: Uint8Array;
  /** X25519, private: what lockers seal to. */
  readonly sealingKey: KeyObject;
  /** Ed25519, public: signs the fleet's notices. */
  readonly fleetKey: KeyObject;
  readonly lockers: ReadonlyMap<LockerHandle, KnownLocker>;
  readonly carriers: readonly CarrierKey[];
  readonly notifier: Notifier;
  readonly now: () => EpochMs;
  readonly every: Every;
  readonly log: Logger;
};

export type Vault = {
  /** Serves once `listen`ed; closing it ends the retention timer, waits for notices on their way, closes the database. */
  readonly app: FastifyInstance;
};

const BODY_BYTES_MAX = 32_768;

/** Builds the vault. What is overdue for erasure is erased before anything else happens. */
export function createVault(options: VaultOptions): Vault {
  const { masterKey, lockers, notifier, now, log } = options;
  const store = openStore(options.database, masterKey);
  const sealKeys = {
    sealingKey: options.sealingKey,
    lockerKeyOf: (handle: string) => lockers.get(handle as LockerHandle)?.signingKey,
  };
  const messageNameOf = (sealedHash: string): string =>
    createHmac("sha256", masterKey).update(`message-id/${sealedHash}`).digest("hex").slice(0, 32);
  const delivery = createDelivery({ store, sealKeys, lockers, notifier, messageNameOf, now, log });
  const retention = createRetention({ store, delivery, now, every: options.every, log });
  retention.start();

  const app = Fastify({ logger: false, bodyLimit: BODY_BYTES_MAX, return503OnClosing: true });
  acceptOnlyOwnForms(app, log);
  healthRoutes(app, retention.isOnTime);
  contactRoutes(app, { store, delivery, lockers, carrierOf: carrierOf(options.carriers), now, log });
  noticeRoutes(app, { store, delivery, sealKeys, fleetKey: options.fleetKey, now, log });
  app.addHook("onClose", async () => {
    retention.stop();
    await delivery.idle();
    store.close();
  });
  return { app };
}

/** JSON and compact JWS, no query, and every failure a problem that repeats nothing of the request. */
function acceptOnlyOwnForms(app: FastifyInstance, log: Logger): void {
  app.removeContentTypeParser("text/plain");
  app.addContentTypeParser(NOTICE_CONTENT_TYPE, { parseAs: "string" }, (_request, body, done) => done(null, body));
  app.addHook("onRequest", async (request, reply) => {
    if (request.url.includes("?")) await refuse(reply, "query_not_allowed");
  });
  app.setNotFoundHandler((_request, reply) => refuse(reply, "not_found"));
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const code = problemOf(error);
    if (code === "internal") {
      log.error({ err: error, route: request.routeOptions.url }, "request failed");
    }
    await refuse(reply, code, code === "bad_request" ? ["/: is not JSON"] : undefined);
  });
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

function healthRoutes(app: FastifyInstance, isReady: () => boolean): void {
  const sayOk = (reply: FastifyReply) => reply.send({ status: "ok" });
  app.get("/livez", (_request, reply) => sayOk(reply));
  app.get("/readyz", async (_request, reply) => (isReady() ? sayOk(reply) : refuse(reply, "not_ready")));
}
