import type { SimClient } from "../../../sim/client.ts";

/** What somebody has come for: to put a parcel in, to take what is there, or only to shut the door again. */
export type Errand =
  | { readonly kind: "bring"; readonly parcel: string }
  | { readonly kind: "fetch" }
  | { readonly kind: "look" };

const REACT_MS = 60;

/** Whoever stands before the cabinet does the present errand at any door that opens, and shuts it. */
export class Visitor {
  readonly #cabinet: SimClient;
  #errand: Errand = { kind: "look" };
  #closeAfterMs = REACT_MS;

  constructor(cabinet: SimClient) {
    this.#cabinet = cabinet;
    cabinet.onEvent((entry) => {
      if (entry.kind !== "door" || entry.door !== "opened") return;
      const { compartment } = entry;
      const hand = { compartment, reactMs: REACT_MS, closeAfterMs: this.#closeAfterMs };
      // The answer says only that they have set out; what they did is in the cabinet's log.
      void cabinet.sendPerson({ ...this.#errand, ...hand });
    });
  }

  /** `closeAfterMs`: how long they leave the door open. */
  comesFor(errand: Errand, closeAfterMs = REACT_MS): void {
    this.#errand = errand;
    this.#closeAfterMs = closeAfterMs;
  }

  /** In which compartment this parcel lies; undefined when in none. */
  whereIs(parcel: string): number | undefined {
    const last = this.#cabinet.truth.findLast((entry) => entry.kind === "parcel" && entry.parcel === parcel);
    return last?.kind === "parcel" && last.moved === "in" ? last.compartment : undefined;
  }
}
