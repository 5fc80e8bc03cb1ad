import type { Agenda } from "./agenda.ts";

/** Number of a compartment of the model cabinet, as the layout gives it. */
export type CompartmentNumber = number;

/**
 * How a door behaves when its latch is released.
 *
 * `spring` pops open at once; `slow` pops open `slowMs` after the pulse and not sooner, pulled or not; `sticky` opens only if somebody pulls while
 * the latch is released; `jammed` stays shut whatever happens, short of force.
 */
export type DoorBehaviour = "spring" | "slow" | "sticky" | "jammed";

/** One line of the truth. `at` is the monotonic time of the model, in milliseconds. */
export type TruthEntry = { readonly index: number; readonly at: number } & Happening;

export type Happening =
  | {
      readonly kind: "pulse";
      readonly board: number;
      readonly channel: number;
      readonly compartment: CompartmentNumber;
      readonly opId: string;
      readonly pulseMs: number;
    }
  | {
      readonly kind: "door";
      readonly compartment: CompartmentNumber;
      readonly door: "opened";
      /** `pulse`: the lock let it go, by itself or with a hand's help. `force`: a crowbar, no lock was released. */
      readonly cause: { readonly by: "pulse"; readonly opId: string } | { readonly by: "force" };
    }
  | { readonly kind: "door"; readonly compartment: CompartmentNumber; readonly door: "closed" }
  | {
      readonly kind: "parcel";
      readonly compartment: CompartmentNumber;
      readonly parcel: string;
      readonly moved: "in" | "out";
    };

export type CompartmentTruth = {
  readonly compartment: CompartmentNumber;
  readonly door: "open" | "closed";
  readonly parcel: string | null;
  readonly behaviour: DoorBehaviour;
};

/** Why a person could not do what they tried. */
export type Refusal = "no_such_compartment" | "locked" | "jammed" | "door_open" | "door_closed" | "occupied" | "empty";
export type Attempt = { readonly ok: true } | { readonly ok: false; readonly error: { readonly code: Refusal } };
export type Taking =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly error: { readonly code: Refusal } };

export type CabinetSettings = {
  /** From the pulse to the door standing open, when nothing holds it. */
  readonly springMs: number;
  readonly slowMs: number;
  /** A latch stays released at least this long after a pulse begins, for a hand to pull. */
  readonly latchWindowMs: number;
};

const SETTINGS: CabinetSettings = { springMs: 30, slowMs: 4_000, latchWindowMs: 800 };

type Compartment = {
  readonly number: CompartmentNumber;
  door: "open" | "closed";
  parcel: string | null;
  behaviour: DoorBehaviour;
  /** The pulse that last released the latch, and until when a pull profits from it. */
  released: { readonly opId: string; readonly untilMs: number } | null;
  cancelPop: () => void;
};

/**
 * The steel: doors, latches and parcels, and an append-only log of everything that truly happened to them.
 *
 * Boards and people act on it; nobody else writes. Its log is the judge of every test.
 */
export class Cabinet {
  readonly #agenda: Agenda;
  readonly #settings: CabinetSettings;
  readonly #compartments = new Map<CompartmentNumber, Compartment>();
  readonly #log: TruthEntry[] = [];
  readonly #watchers = new Set<(entry: TruthEntry) => void>();

  constructor(agenda: Agenda, compartments: Iterable<CompartmentNumber>, settings: Partial<CabinetSettings> = {}) {
    this.#agenda = agenda;
    this.#settings = { ...SETTINGS, ...settings };
    for (const number of compartments) {
      this.#compartments.set(number, {
        number,
        door: "closed",
        parcel: null,
        behaviour: "spring",
        released: null,
        cancelPop: () => {},
      });
    }
  }

  /** Everything that happened so far, oldest first. */
  get log(): readonly TruthEntry[] {
    return this.#log;
  }

  /** Calls `watcher` with every further entry, synchronously, after the entry is in the log. Returns how to stop. */
  watch(watcher: (entry: TruthEntry) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  truthOf(number: CompartmentNumber): CompartmentTruth | undefined {
    const found = this.#compartments.get(number);
    return found && { compartment: number, door: found.door, parcel: found.parcel, behaviour: found.behaviour };
  }

  truth(): CompartmentTruth[] {
    return [...this.#compartments.values()].map(({ number, door, parcel, behaviour }) => ({
      compartment: number,
      door,
      parcel,
      behaviour,
    }));
  }

  /** A current flows through the coil of `compartment`: called by a board's harness, never by a test. */
  pulse(pulse: {
    board: number;
    channel: number;
    compartment: CompartmentNumber;
    opId: string;
    pulseMs: number;
  }): void {
    const compartment = this.#compartments.get(pulse.compartment);
    if (compartment === undefined)
      throw new Error(`a coil is wired to compartment ${pulse.compartment}, which is not there`);
    this.#write({ kind: "pulse", ...pulse });
    const { opId } = pulse;
    const nowMs = this.#agenda.now();
    compartment.released = { opId, untilMs: nowMs + Math.max(pulse.pulseMs, this.#settings.latchWindowMs) };
    const popMs = { spring: this.#settings.springMs, slow: this.#settings.slowMs, sticky: null, jammed: null }[
      compartment.behaviour
    ];
    if (popMs === null || compartment.door === "open") return;
    compartment.cancelPop();
    compartment.cancelPop = this.#agenda.at(nowMs + popMs, () => {
      if (compartment.door === "closed" && compartment.behaviour !== "jammed")
        this.#open(compartment, { by: "pulse", opId });
    });
  }

  /** A hand pulls at a door: it opens if its latch is released at this moment. */
  pull(number: CompartmentNumber): Attempt {
    const compartment = this.#compartments.get(number);
    if (compartment === undefined) return refused("no_such_compartment");
    if (compartment.door === "open") return refused("door_open");
    if (compartment.behaviour === "jammed" || compartment.behaviour === "slow") return refused("jammed");
    const { released } = compartment;
    if (released === null || released.untilMs < this.#agenda.now()) return refused("locked");
    this.#open(compartment, { by: "pulse", opId: released.opId });
    return done;
  }

  /** A crowbar: opens any closed door without a pulse. */
  force(number: CompartmentNumber): Attempt {
    const compartment = this.#compartments.get(number);
    if (compartment === undefined) return refused("no_such_compartment");
    if (compartment.door === "open") return refused("door_open");
    this.#open(compartment, { by: "force" });
    return done;
  }

  close(number: CompartmentNumber): Attempt {
    const compartment = this.#compartments.get(number);
    if (compartment === undefined) return refused("no_such_compartment");
    if (compartment.door === "closed") return refused("door_closed");
    compartment.door = "closed";
    compartment.released = null;
    this.#write({ kind: "door", compartment: number, door: "closed" });
    return done;
  }

  putParcel(number: CompartmentNumber, parcel: string): Attempt {
    const compartment = this.#compartments.get(number);
    if (compartment === undefined) return refused("no_such_compartment");
    if (compartment.door === "closed") return refused("door_closed");
    if (compartment.parcel !== null) return refused("occupied");
    compartment.parcel = parcel;
    this.#write({ kind: "parcel", compartment: number, parcel, moved: "in" });
    return done;
  }

  /** Takes whatever lies in the compartment and names it. */
  takeParcel(number: CompartmentNumber): Taking {
    const compartment = this.#compartments.get(number);
    if (compartment === undefined) return refused("no_such_compartment");
    if (compartment.door === "closed") return refused("door_closed");
    const { parcel } = compartment;
    if (parcel === null) return refused("empty");
    compartment.parcel = null;
    this.#write({ kind: "parcel", compartment: number, parcel, moved: "out" });
    return { ok: true, value: parcel };
  }

  /** Changes how a door behaves from now on: jam it, free it, make it slow or sticky. */
  setBehaviour(number: CompartmentNumber, behaviour: DoorBehaviour): Attempt {
    const compartment = this.#compartments.get(number);
    if (compartment === undefined) return refused("no_such_compartment");
    compartment.behaviour = behaviour;
    return done;
  }

  #open(compartment: Compartment, cause: { by: "pulse"; opId: string } | { by: "force" }): void {
    compartment.cancelPop();
    compartment.door = "open";
    this.#write({ kind: "door", compartment: compartment.number, door: "opened", cause });
  }

  #write(happening: Happening): void {
    const entry: TruthEntry = { index: this.#log.length, at: this.#agenda.now(), ...happening };
    this.#log.push(entry);
    for (const watcher of this.#watchers) watcher(entry);
  }
}

const done: Attempt = { ok: true };
const refused = (code: Refusal) => ({ ok: false, error: { code } }) as const;
