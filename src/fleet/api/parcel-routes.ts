import { randomBytes } from "node:crypto";
import { Type } from "typebox";
import { AnnounceParcelRequest, ParcelView } from "../../contract/fleet-api.ts";
import { hex128Pattern } from "../../contract/ids.ts";
import { announce, findParcel } from "../announcements.ts";
import { only, principalOf } from "./auth.ts";
import type { ApiContext, ApiServer } from "./context.ts";
import { refuse } from "./problem.ts";

const ParcelParams = Type.Object({ id: Type.String({ pattern: hex128Pattern }) }, { additionalProperties: false });
/** Every client sends headers of its own, so only this one is looked at. */
const AnnounceHeaders = Type.Object({ "idempotency-key": Type.String({ pattern: "^[!-~]{8,64}$" }) });

/** What carriers do with their parcels. A carrier never learns of another's. */
export function parcelRoutes(app: ApiServer, { store, lockers, auth, now }: ApiContext): void {
  app.post(
    "/v1/parcels",
    {
      onRequest: only(auth, "carrier"),
      schema: {
        summary: "Announce a parcel",
        headers: AnnounceHeaders,
        body: AnnounceParcelRequest,
        response: { 201: ParcelView },
      },
    },
    async (request, reply) => {
      if (!lockers.has(request.body.locker)) return refuse(reply, "unknown_locker");
      const announced = await announce(store.db, {
        carrier: principalOf(request).id,
        key: request.headers["idempotency-key"],
        announcement: request.body,
        newId: randomBytes(16).toString("hex"),
        now: now(),
      });
      return announced.ok ? reply.code(201).send(announced.value) : refuse(reply, announced.error.code);
    },
  );

  app.get(
    "/v1/parcels/:id",
    {
      onRequest: only(auth, "carrier", "operator"),
      schema: { summary: "One parcel", params: ParcelParams, response: { 200: ParcelView } },
    },
    async (request, reply) => {
      const { kind, id } = principalOf(request);
      const parcel = await findParcel(store.db, request.params.id, kind === "carrier" ? id : undefined);
      return parcel ?? refuse(reply, "not_found");
    },
  );
}
