import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { LockerHandle } from "../contract/ids.ts";
import { checker } from "../contract/parse.ts";
import { type EpochMs, plusMs } from "../contract/time.ts";
import { type ContactAnswer, ContactRequest } from "../contract/vault-api.ts";
import type { Delivery, KnownLocker } from "./delivery.ts";
import { refuse } from "./problems.ts";
import { PERSONAL_KEEP_MS } from "./retention.ts";
import type { VaultStore } from "./store.ts";

export type ContactRouteDeps = {
  readonly store: VaultStore;
  readonly delivery: Delivery;
  readonly lockers: ReadonlyMap<LockerHandle, KnownLocker>;
  readonly carrierOf: (authorization: string | undefined) => string | undefined;
  readonly now: () => EpochMs;
  readonly log: Logger;
};

const checkContact = checker(ContactRequest);

/** `POST /v1/contacts`: a carrier says where its recipient is told. Answered when durable, before any notice leaves. */
export function contactRoutes(app: FastifyInstance, deps: ContactRouteDeps): void {
  const { store, lockers, now, log } = deps;
  app.post("/v1/contacts", async (request, reply) => {
    const carrier = deps.carrierOf(request.headers.authorization);
    if (carrier === undefined) return refuse(reply, "bad_key");
    const parsed = checkContact(request.body);
    if (!parsed.ok) return refuse(reply, "bad_request", parsed.error.faults);
    const { verifier, locker, contact, language } = parsed.value;
    if (!lockers.has(locker)) return refuse(reply, "unknown_locker");
    const card = { contact, language };
    const at = now();
    const eraseAt = plusMs(at, PERSONAL_KEEP_MS);
    const outcome = store.putContact({ verifier, locker, carrier, card, now: at, eraseAt });
    if (outcome === "other_carrier") return refuse(reply, "contact_of_other_carrier");
    if (outcome === "gone") return refuse(reply, "parcel_gone");
    log.info({ carrier, locker, outcome }, "contact accepted");
    for (const sealedHash of store.untoldOf(verifier)) tell(deps, sealedHash);
    const answer: ContactAnswer = { result: outcome };
    return reply.code(outcome === "created" ? 201 : 200).send(answer);
  });
}

/** Starts a notice that nobody waits for: the retention look tries it again when it fails. */
function tell({ delivery, log }: ContactRouteDeps, sealedHash: string): void {
  delivery.deliver(sealedHash).catch((error: unknown) => log.error({ err: error }, "notice failed"));
}
