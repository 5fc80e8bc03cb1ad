import type { KeyObject } from "node:crypto";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Logger } from "pino";
import { jwsType, type VaultAnswer, VaultNotice } from "../contract/messages.ts";
import { jsonParser } from "../contract/parse.ts";
import { type EpochMs, epochMs, plusMs } from "../contract/time.ts";
import type { Delivery } from "./delivery.ts";
import { refuse } from "./problems.ts";
import { CONTACT_AFTER_END_MS, PERSONAL_KEEP_MS, PSEUDONYM_KEEP_MS } from "./retention.ts";
import { type SealKeys, sealedHashOf, withSealedSecret } from "./sealed-secret.ts";
import { verifySignedText } from "./signed-text.ts";
import type { VaultStore } from "./store.ts";

export type NoticeRouteDeps = {
  readonly store: VaultStore;
  readonly delivery: Delivery;
  readonly sealKeys: SealKeys;
  readonly fleetKey: KeyObject;
  readonly now: () => EpochMs;
  readonly log: Logger;
};

type Issued = Extract<VaultNotice, { kind: "issued" }>;
type Ended = Extract<VaultNotice, { kind: "ended" }>;

const parseNotice = jsonParser(VaultNotice);

/** `POST /v1/notices`: the fleet says that a code was issued, or that a parcel is gone. At least once, in any order. */
export function noticeRoutes(app: FastifyInstance, deps: NoticeRouteDeps): void {
  app.post("/v1/notices", async (request, reply) => {
    if (typeof request.body !== "string") return refuse(reply, "wrong_media_type");
    const verified = await verifySignedText(request.body, jwsType.notice, () => deps.fleetKey);
    if (!verified.ok) return refuse(reply, "bad_signature");
    const parsed = parseNotice(verified.value.payload);
    if (!parsed.ok) return refuse(reply, "bad_request", parsed.error.faults);
    return parsed.value.kind === "issued"
      ? takeIssued(deps, parsed.value, reply)
      : takeEnded(deps, parsed.value, reply);
  });
}

async function takeIssued(deps: NoticeRouteDeps, { notice, sealed }: Issued, reply: FastifyReply): Promise<unknown> {
  const opened = await withSealedSecret(sealed, deps.sealKeys, (subject) => subject);
  if (!opened.ok) {
    const refusal = opened.error.code;
    deps.log.warn({ refusal }, "sealed secret refused");
    return refuse(reply, refusal);
  }
  const now = deps.now();
  const sealedHash = sealedHashOf(sealed);
  const kept = deps.store.keepSecret({
    ...{ notice, sealed, sealedHash, now, ...opened.value },
    eraseAt: plusMs(now, PERSONAL_KEEP_MS),
    forgetAt: plusMs(now, PSEUDONYM_KEEP_MS),
  });
  if (kept === "ended") return reply.send(answer("erased"));
  if (kept !== "kept") return refuse(reply, kept);
  const outcome = await deps.delivery.deliver(sealedHash);
  return outcome === "failed" ? refuse(reply, "not_delivered") : reply.send(answer(outcome));
}

function takeEnded(deps: NoticeRouteDeps, ended: Ended, reply: FastifyReply) {
  const { notice, deposit, verifier, endedAt, cause = "gone" } = ended;
  const now = deps.now();
  // No deposit ends in the future, nor before the vault has heard of it: such a clock says nothing. Ahead, it must not
  // lengthen a contact's life; at 1970, it must not erase the contact before its hour.
  const isPossible = endedAt <= now && endedAt >= (deps.store.learnedAt(deposit, verifier) ?? 0);
  const countedFrom = isPossible ? epochMs(endedAt) : now;
  const outcome = deps.store.end({
    ...{ notice, deposit, verifier },
    eraseContactAt: cause === "gone" ? plusMs(countedFrom, CONTACT_AFTER_END_MS) : null,
    forgetAt: plusMs(now, PSEUDONYM_KEEP_MS),
  });
  if (outcome !== "ended") return refuse(reply, outcome);
  deps.log.info({ deposit, cause }, "deposit ended, its secret erased");
  return reply.send(answer("erased"));
}

const answer = (result: VaultAnswer["result"]): VaultAnswer => ({ result });
