import { createHash } from "node:crypto";
import type { Static } from "typebox";
import type { AnnounceParcelRequest, ParcelView } from "../contract/fleet-api.ts";
import { err, ok, type Result } from "../contract/result.ts";
import { type EpochMs, plusMs } from "../contract/time.ts";
import type { Parcel } from "./fold-model.ts";
import { parcelOf, saveParcel } from "./picture.ts";
import type { FleetDb, FleetTrx } from "./store.ts";
import { parcelView } from "./views.ts";

type Announcement = Static<typeof AnnounceParcelRequest>;

export type AnnounceRefusal = { readonly code: "idempotency_key_reused" | "already_announced" | "parcel_ended" };

/** An answer is kept for as long as a carrier may reasonably try again. */
const ANSWER_KEEP_MS = 24 * 3_600_000;

/**
 * Announces a parcel for a carrier, once per idempotency key: the same request again gets the same answer.
 *
 * A parcel that came before its announcement (the courier's locker was faster than the carrier's systems) is taken
 * over as it lies. Whether another carrier's parcel has this verifier is told in no way that differs from one's own.
 */
export function announce(
  db: FleetDb,
  request: {
    readonly carrier: string;
    readonly key: string;
    readonly announcement: Announcement;
    readonly newId: string;
    readonly now: EpochMs;
  },
): Promise<Result<ParcelView, AnnounceRefusal>> {
  const { carrier, key, announcement, now } = request;
  const { locker, verifier, size } = announcement;
  const requestHash = createHash("sha256")
    .update(JSON.stringify([locker, verifier, size]))
    .digest("hex");
  return db.transaction().execute(async (trx) => {
    await trx.deleteFrom("idempotency").where("created_at", "<", plusMs(now, -ANSWER_KEEP_MS)).execute();
    const answered = await trx
      .selectFrom("idempotency")
      .selectAll()
      .where("carrier", "=", carrier)
      .where("key", "=", key)
      .executeTakeFirst();
    if (answered !== undefined) {
      if (answered.request_hash !== requestHash) return err({ code: "idempotency_key_reused" });
      return ok(JSON.parse(answered.body) as ParcelView);
    }
    const parcel = await parcelToAnnounce(trx, request);
    if (!parcel.ok) return parcel;
    await saveParcel(trx, locker, parcel.value);
    const view = parcelView(locker, parcel.value);
    await trx
      .insertInto("idempotency")
      .values({ carrier, key, request_hash: requestHash, body: JSON.stringify(view), created_at: now })
      .execute();
    return ok(view);
  });
}

async function parcelToAnnounce(
  trx: FleetTrx,
  request: {
    readonly carrier: string;
    readonly announcement: Announcement;
    readonly newId: string;
    readonly now: EpochMs;
  },
): Promise<Result<Parcel, AnnounceRefusal>> {
  const { carrier, announcement, newId, now } = request;
  const { locker, verifier, size } = announcement;
  const rows = await trx
    .selectFrom("parcel")
    .selectAll()
    .where("locker", "=", locker)
    .where("verifier", "=", verifier)
    .orderBy("announced_at", "desc")
    .execute();
  const known = rows.map(parcelOf);
  if (known.some((parcel) => parcel.carrier !== null)) return err({ code: "already_announced" });
  if (known.some(({ state }) => state === "collected")) return err({ code: "parcel_ended" });
  const lying = known[0];
  if (lying !== undefined) return ok({ ...lying, carrier });
  return ok({
    ...{ id: newId, carrier, verifier, size, state: "announced", maybeCollected: false },
    ...{ deposit: null, compartment: null, notified: false, announcedAt: now, changedAt: now },
  });
}

/** A parcel by its id. A carrier sees its own only; `carrier` undefined is an operator, who sees all. */
export async function findParcel(db: FleetDb, id: string, carrier?: string): Promise<ParcelView | undefined> {
  const query = db.selectFrom("parcel").selectAll().where("id", "=", id);
  const row = await (carrier === undefined ? query : query.where("carrier", "=", carrier)).executeTakeFirst();
  return row === undefined ? undefined : parcelView(row.locker, parcelOf(row));
}
