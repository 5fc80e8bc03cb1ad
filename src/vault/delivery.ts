import type { KeyObject } from "node:crypto";
import type { Logger } from "pino";
import type { LockerHandle } from "../contract/ids.ts";
import { type EpochMs, plusMs } from "../contract/time.ts";
import { deriveProofs, type PickupProofs } from "./derive.ts";
import { NOTIFY_MS_MAX, type Notifier } from "./notifier/notifier.ts";
import { type SealKeys, withSealedSecret } from "./sealed-secret.ts";
import type { ContactCard, SecretRow, VaultStore } from "./store.ts";

/** A locker as recipients know it, and the key it signs with. */
export type KnownLocker = { readonly name: string; readonly address: string; readonly signingKey: KeyObject };

export type DeliveryDeps = {
  readonly store: VaultStore;
  readonly sealKeys: SealKeys;
  readonly lockers: ReadonlyMap<LockerHandle, KnownLocker>;
  readonly notifier: Notifier;
  /** A lasting name for a notice that tells outsiders nothing about the deposit. */
  readonly messageNameOf: (sealedHash: string) => string;
  readonly now: () => EpochMs;
  readonly log: Logger;
};

/** `waiting`: no contact yet. `erased`: the parcel is gone. `failed`: to be tried again. */
export type DeliveryOutcome = "notified" | "waiting" | "erased" | "failed";

export type Delivery = {
  /** Tells the recipient of one secret, unless already told. */
  readonly deliver: (sealedHash: string) => Promise<DeliveryOutcome>;
  /** Resolves when no notice is on its way. */
  readonly idle: () => Promise<void>;
};

/** Pause before a failed notice is tried again, doubling. The fleet asks again besides. */
const RETRY_MS_FIRST = 30_000;
const RETRY_MS_MAX = 3_600_000;

/**
 * Notices go out at least once. Before a secret is handed to the notifier its row says `sending`, after success
 * `notified`, both durable. A crash between the two leaves `sending`: nobody can know whether the mail left, so it is
 * sent again, under the same Message-ID. The other choice, at most once, would leave a recipient without a code and a
 * parcel in the locker; a second copy of the same code harms nobody. A success that was written down is never repeated,
 * and while one notice is on its way every duplicate waits for its outcome.
 */
export function createDelivery(deps: DeliveryDeps): Delivery {
  const onTheWay = new Map<string, Promise<DeliveryOutcome>>();
  return {
    deliver(sealedHash) {
      const running = onTheWay.get(sealedHash);
      if (running !== undefined) return running;
      const started = attempt(deps, sealedHash).finally(() => onTheWay.delete(sealedHash));
      onTheWay.set(sealedHash, started);
      return started;
    },
    async idle() {
      await Promise.allSettled(onTheWay.values());
    },
  };
}

async function attempt(deps: DeliveryDeps, sealedHash: string): Promise<DeliveryOutcome> {
  const { store, log, now } = deps;
  const secret = store.secret(sealedHash);
  if (secret === undefined) return "erased";
  if (secret.state === "notified") return "notified";
  const contact = store.contactOf(secret.verifier, now());
  if (contact === undefined) return "waiting";
  if (contact.locker !== secret.locker) {
    // The carrier announced this parcel for another locker; until it says otherwise, nobody is told.
    log.warn({ deposit: secret.deposit, locker: secret.locker }, "parcel lies in another locker than announced");
    return "waiting";
  }
  if (secret.state === "sending") {
    log.warn({ deposit: secret.deposit }, "notice may go out twice: its last try was cut short");
  }
  store.markSending(sealedHash);
  const proofs = await openProofs(deps, sealedHash);
  // The parcel may have been collected while its secret was being opened.
  if (store.secret(sealedHash) === undefined) return "erased";
  const locker = deps.lockers.get(secret.locker);
  if (locker === undefined || proofs === undefined) {
    log.error({ deposit: secret.deposit, locker: secret.locker }, "kept secret does not open");
    return recordFailure(deps, secret);
  }
  return await send(deps, secret, locker, contact.card, proofs);
}

async function openProofs({ store, sealKeys }: DeliveryDeps, sealedHash: string): Promise<PickupProofs | undefined> {
  const sealed = store.sealedOf(sealedHash);
  if (sealed === undefined) return undefined;
  const opened = await withSealedSecret(sealed, sealKeys, (_subject, secret) => deriveProofs(secret));
  return opened.ok ? opened.value : undefined;
}

async function send(
  deps: DeliveryDeps,
  secret: SecretRow,
  locker: KnownLocker,
  card: ContactCard,
  proofs: PickupProofs,
): Promise<DeliveryOutcome> {
  const { store, log, notifier } = deps;
  const notice = {
    to: card.contact,
    language: card.language,
    lockerName: locker.name,
    lockerAddress: locker.address,
    code: proofs.code,
    extension: proofs.extension,
    messageName: deps.messageNameOf(secret.sealedHash),
  };
  const sent = await notifier.send(notice, AbortSignal.timeout(NOTIFY_MS_MAX));
  if (!sent.ok) {
    log.warn({ deposit: secret.deposit, cause: sent.error.cause }, "notice not delivered");
    return recordFailure(deps, secret);
  }
  store.markNotified(secret.sealedHash);
  log.info({ deposit: secret.deposit, locker: secret.locker }, "recipient notified");
  return "notified";
}

function recordFailure({ store, now }: DeliveryDeps, secret: SecretRow): DeliveryOutcome {
  const pauseMs = Math.min(RETRY_MS_FIRST * 2 ** secret.failures, RETRY_MS_MAX);
  store.markFailed(secret.sealedHash, plusMs(now(), pauseMs));
  return "failed";
}
