import type { CompartmentId } from "../../src/contract/ids.ts";
import { sendPerson } from "../people.ts";
import type { Script } from "./script.ts";
import type { Town } from "./town.ts";

/** An operator far away opens a door for somebody who stands there, looks in, perhaps takes what is there, and shuts it. */
export function* remoteOpen(town: Town, compartment: CompartmentId): Script {
  const { agenda, cabinet, dice, fleet, counts } = town;
  counts.remoteOpens++;
  const callOff = sendPerson(agenda, cabinet, {
    kind: dice.chance(0.5) ? "look" : "fetch",
    compartment,
    reactMs: dice.between(150, 700),
    closeAfterMs: dice.between(1_000, 6_000),
  });
  fleet.askRemoteOpen(compartment);
  if (dice.chance(0.2)) fleet.askRemoteOpen(compartment);
  yield dice.between(20_000, 40_000);
  callOff();
}
