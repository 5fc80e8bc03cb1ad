import { Type } from "typebox";
import {
  CourierCredentials,
  CreateCourierRequest,
  LockerList,
  LockerView,
  RemoteOpenRequest,
  RemoteOpenStatus,
} from "../../contract/fleet-api.ts";
import { LockerHandleSchema, parseCompartmentId } from "../../contract/ids.ts";
import { remoteOpenView } from "../commands.ts";
import { lockerView } from "../views.ts";
import { only, principalOf } from "./auth.ts";
import type { ApiContext, ApiServer } from "./context.ts";
import { refuse } from "./problem.ts";

const strict = { additionalProperties: false } as const;
const LockerParams = Type.Object({ locker: LockerHandleSchema }, strict);
const DoorParams = Type.Object(
  { locker: LockerHandleSchema, compartment: Type.String({ pattern: "^[1-9][0-9]{0,3}$" }) },
  strict,
);

/** What operators see of lockers and do with them. */
export function lockerRoutes(app: ApiServer, context: ApiContext): void {
  const { store, lockers, auth } = context;
  const onRequest = only(auth, "operator");

  app.get(
    "/v1/lockers",
    { onRequest, schema: { summary: "Every locker at a glance", response: { 200: LockerList } } },
    async () => {
      const views: LockerView[] = [];
      for (const [handle, { name }] of [...lockers].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const view = await lockerView(store.db, handle, name);
        if (view !== undefined) views.push(view);
      }
      return { lockers: views };
    },
  );

  app.get(
    "/v1/lockers/:locker",
    { onRequest, schema: { summary: "One locker", params: LockerParams, response: { 200: LockerView } } },
    async (request, reply) => {
      const known = lockers.get(request.params.locker);
      const view = known && (await lockerView(store.db, request.params.locker, known.name));
      return view ?? refuse(reply, "unknown_locker");
    },
  );

  app.post(
    "/v1/lockers/:locker/compartments/:compartment/open",
    {
      onRequest,
      schema: {
        summary: "Have a door opened: asked for now, told by the locker later",
        params: DoorParams,
        body: RemoteOpenRequest,
        response: { 202: RemoteOpenStatus },
      },
    },
    async (request, reply) => {
      const compartment = parseCompartmentId(Number(request.params.compartment));
      if (!compartment.ok) return refuse(reply, "unknown_compartment");
      if (!lockers.has(request.params.locker)) return refuse(reply, "unknown_locker");
      const { locker } = request.params;
      const by = principalOf(request).id;
      const { reason } = request.body;
      const opened = await context.commands.open({ locker, compartment: compartment.value, by, reason });
      if (!opened.ok) return refuse(reply, opened.error.code);
      return reply.code(202).send(remoteOpenView(opened.value));
    },
  );

  app.post(
    "/v1/couriers",
    {
      onRequest,
      schema: {
        summary: "A new courier; the answer holds the credentials, once",
        body: CreateCourierRequest,
        response: { 201: CourierCredentials },
      },
    },
    async (request, reply) => {
      const added = await context.desired.addCourier(request.body);
      if (!added.ok) return refuse(reply, added.error.code);
      return reply.code(201).header("cache-control", "no-store").send(added.value);
    },
  );
}
