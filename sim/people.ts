import type { Agenda } from "./agenda.ts";
import type { Cabinet, CompartmentNumber } from "./cabinet.ts";

/** What somebody has come to the cabinet for. */
export type Errand = {
  /** `bring` puts a parcel in, `fetch` takes whatever lies there, `look` only opens the door. */
  readonly kind: "bring" | "fetch" | "look";
  /** Name of the parcel that is brought. */
  readonly parcel?: string;
  /** The door they stand before; null: whichever opens next. */
  readonly compartment: CompartmentNumber | null;
  /** From a lock's click or a door's opening to the hand doing something. */
  readonly reactMs: number;
  /** From that to closing the door; null: they walk away and leave it open. */
  readonly closeAfterMs: number | null;
};

/**
 * Sends a person who waits for a door, does the errand once and goes.
 *
 * They pull when the lock of their door clicks, so a sticky door opens for them.
 *
 * @returns how to call them off; a person who has begun finishes.
 */
export function sendPerson(agenda: Agenda, cabinet: Cabinet, errand: Errand): () => void {
  const isMine = (compartment: CompartmentNumber) => errand.compartment === null || errand.compartment === compartment;
  const begin = (compartment: CompartmentNumber) => {
    leave();
    agenda.after(errand.reactMs, () => doErrand(agenda, cabinet, compartment, errand));
  };
  const leave = cabinet.watch((entry) => {
    if (!isMine(entry.compartment)) return;
    if (entry.kind === "pulse") agenda.after(errand.reactMs, () => cabinet.pull(entry.compartment));
    if (entry.kind === "door" && entry.door === "opened") begin(entry.compartment);
  });
  const { compartment } = errand;
  if (compartment !== null && cabinet.truthOf(compartment)?.door === "open") begin(compartment);
  return leave;
}

function doErrand(agenda: Agenda, cabinet: Cabinet, compartment: CompartmentNumber, errand: Errand): void {
  if (errand.kind === "bring") cabinet.putParcel(compartment, errand.parcel ?? "parcel");
  if (errand.kind === "fetch") cabinet.takeParcel(compartment);
  if (errand.closeAfterMs !== null) agenda.after(errand.closeAfterMs, () => cabinet.close(compartment));
}
