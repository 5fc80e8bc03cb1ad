import type { CompartmentId } from "../../src/contract/ids.ts";
import type { Agenda } from "../agenda.ts";
import type { Cabinet } from "../cabinet.ts";
import type { Clocks } from "./clocks.ts";
import type { Dice } from "./dice.ts";
import type { Kiosk } from "./kiosk.ts";
import type { ModelFleet } from "./model-fleet.ts";

/** Where model people live: the cabinet they stand before, its screen, and the operator's desk far away. */
export type Town = {
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly clocks: Clocks;
  readonly cabinet: Cabinet;
  readonly kiosk: Kiosk;
  readonly fleet: ModelFleet;
  readonly counts: Counts;
  /** Something a person saw that must not be. */
  readonly complain: (fault: string) => void;
};

export type Counts = {
  depositsBegun: number;
  parcelsBroughtHome: number;
  pickups: number;
  remoteOpens: number;
  wrongCodes: number;
  disputes: number;
};

export const isOpen = ({ cabinet }: Pick<Town, "cabinet">, compartment: CompartmentId): boolean =>
  cabinet.truthOf(compartment)?.door === "open";

/** Passers-by shut doors that stand open for long. */
export function keepDoorsShut({ agenda, cabinet, dice }: Pick<Town, "agenda" | "cabinet" | "dice">): void {
  cabinet.watch((entry) => {
    if (entry.kind !== "door" || entry.door !== "opened") return;
    const { index, compartment } = entry;
    agenda.after(dice.between(15_000, 60_000), () => {
      const later = cabinet.log.findLast((other) => other.kind === "door" && other.compartment === compartment);
      if (later?.index === index) cabinet.close(compartment);
    });
  });
}
