import type { ChildProcess } from "node:child_process";

/** From a door's opening to the hand in it, so that whoever watches can see the open door. */
const UNHURRIED_MS = 4_000;
const HURRIED_MS = 300;

/** The people in front of the simulated cabinet. */
export class SimulatedPeople {
  readonly #simulator: ChildProcess;
  #id = 0;

  constructor(simulator: ChildProcess) {
    this.#simulator = simulator;
  }

  /** Somebody who puts this parcel behind the next door that opens, and closes it. */
  bring(parcel: string): void {
    this.#send({ kind: "bring", parcel, compartment: null, reactMs: HURRIED_MS, closeAfterMs: HURRIED_MS });
  }

  /** From now on, whoever has a door opened finds a person there who takes what is inside and closes it. */
  fetchForEver(): void {
    const fetchNext = () =>
      this.#send({ kind: "fetch", compartment: null, reactMs: UNHURRIED_MS, closeAfterMs: UNHURRIED_MS });
    this.#simulator.on("message", (message) => {
      if (isDoorOpening(message)) fetchNext();
    });
    fetchNext();
  }

  #send(errand: Readonly<Record<string, unknown>>): void {
    if (this.#simulator.connected) this.#simulator.send({ kind: "person", id: ++this.#id, errand });
  }
}

function isDoorOpening(message: unknown): boolean {
  if (typeof message !== "object" || message === null || !("entry" in message)) return false;
  const { entry } = message;
  return typeof entry === "object" && entry !== null && "door" in entry && entry.door === "opened";
}
