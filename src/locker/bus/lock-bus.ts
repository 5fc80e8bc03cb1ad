import type { CompartmentId } from "../../contract/ids.ts";
import type { LockBus } from "../ports.ts";
import { type BusClientDeps, createBusClient } from "./bus-client.ts";
import type { BusSettings } from "./settings.ts";

/** Every bus of the locker as one: each compartment is on exactly one of them. */
export function createLockBus(buses: readonly BusSettings[], deps: BusClientDeps): LockBus {
  const clients = buses.map((settings) => ({ settings, client: createBusClient(settings, deps) }));
  const clientOf = new Map(
    clients.flatMap(({ settings, client }) =>
      settings.boards.flatMap(({ channels }) => channels.map(({ compartment }) => [compartment, client] as const)),
    ),
  );
  const owner = (compartment: CompartmentId): LockBus => {
    const client = clientOf.get(compartment);
    if (client === undefined) throw new Error(`compartment ${compartment} is on no bus`);
    return client;
  };
  return {
    start: (onReport) => {
      for (const { client } of clients) client.start(onReport);
    },
    unlock: (command) => owner(command.compartment).unlock(command),
    queryOp: (query) => owner(query.compartment).queryOp(query),
    stop: async () => {
      await Promise.all(clients.map(({ client }) => client.stop()));
    },
  };
}
