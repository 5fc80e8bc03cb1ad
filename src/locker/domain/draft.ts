import type { EventData, EventName, Fact } from "../../contract/events.ts";
import type { CompartmentId, DepositId } from "../../contract/ids.ts";
import { type Instants, type MonoMs, plusMs } from "../../contract/time.ts";
import type { Occasion } from "./input.ts";
import { invariant } from "./invariant.ts";
import {
  type Authorisation,
  type Change,
  type Compartment,
  type Deposit,
  type Key,
  keyField,
  type Runtime,
  type State,
  type TableName,
  type Tables,
  type TimerKind,
} from "./model.ts";
import type { Effect, Reply, Step } from "./output.ts";

/**
 * The answer to one input while it is being made. Reads see the rows already written in this step; the state itself
 * stays untouched until the engine applies the finished step.
 */
export class Draft {
  readonly now: Instants;
  readonly #state: State;
  readonly #written = new Map<TableName, Map<unknown, Tables[TableName] | undefined>>();
  readonly #facts: Fact[] = [];
  readonly #effects: Effect[] = [];
  #random: string;

  constructor(state: State, occasion: Occasion) {
    this.#state = state;
    this.now = occasion.now;
    this.#random = occasion.random;
  }

  get<T extends TableName>(table: T, key: Key<T>): Tables[T] | undefined {
    const written = this.#written.get(table);
    if (written?.has(key)) return written.get(key) as Tables[T] | undefined;
    return (this.#state[table] as Map<Key<T>, Tables[T]>).get(key);
  }

  /** Every row of a table, rows of this step included. */
  all<T extends TableName>(table: T): Iterable<Tables[T]> {
    const written = this.#written.get(table) as ReadonlyMap<Key<T>, Tables[T] | undefined> | undefined;
    const rows = this.#state[table] as ReadonlyMap<Key<T>, Tables[T]>;
    // Most steps walk tables they have not written, and some of those hold every deposit of two weeks.
    return written === undefined ? rows.values() : merged(rows, written);
  }

  put<T extends TableName>(table: T, row: Tables[T]): void {
    this.#write(table, (row as Readonly<Record<string, unknown>>)[keyField[table]], row);
  }

  del<T extends TableName>(table: T, key: Key<T>): void {
    if (this.get(table, key) !== undefined) this.#write(table, key, undefined);
  }

  fact<N extends EventName>(name: N, data: EventData<N>, attachment?: string): void {
    this.#facts.push((attachment === undefined ? { name, data } : { name, data, attachment }) as Fact);
  }

  effect(effect: Effect): void {
    this.#effects.push(effect);
  }

  /** Takes `digits` fresh random hex digits of this input. */
  draw(digits: number): string {
    invariant(this.#random.length >= digits, "the input's random bits are used up");
    const drawn = this.#random.slice(0, digits);
    this.#random = this.#random.slice(digits);
    return drawn;
  }

  setTimer(kind: TimerKind, subject: string | number, afterMs: number): void {
    const key = `${kind}:${subject}`;
    this.put("timer", { key, kind, subject: String(subject), due: plusMs(this.now.mono, afterMs) });
  }

  clearTimer(kind: TimerKind, subject: string | number): void {
    this.del("timer", `${kind}:${subject}`);
  }

  timerDue(kind: TimerKind, subject: string | number): MonoMs | undefined {
    return this.get("timer", `${kind}:${subject}`)?.due;
  }

  /** The single row of what this run knows. */
  get runtime(): Runtime {
    const runtime = this.get("runtime", 1);
    invariant(runtime !== undefined, "input before boot");
    return runtime;
  }

  compartment(id: CompartmentId): Compartment {
    const compartment = this.get("compartment", id);
    invariant(compartment !== undefined, `no compartment ${id}`);
    return compartment;
  }

  deposit(id: DepositId): Deposit {
    const deposit = this.get("deposit", id);
    invariant(deposit !== undefined, `no deposit ${id}`);
    return deposit;
  }

  /** The authorisation last commanded at a compartment. */
  authorisationAt(compartment: CompartmentId): Authorisation | undefined {
    const id = this.compartment(compartment).authorisation;
    return id === null ? undefined : this.get("authorisation", id);
  }

  /** Writes a compartment, and reports it when something the fleet shows has changed. */
  setCompartment(id: CompartmentId, patch: Partial<Omit<Compartment, "id">>): void {
    const before = this.compartment(id);
    const after = { ...before, ...patch };
    this.put("compartment", after);
    if (after.occupancy !== before.occupancy || after.outOfService !== before.outOfService) {
      const { size, occupancy, outOfService } = after;
      this.fact("compartment.changed", { compartment: id, size, occupancy, outOfService });
    }
  }

  finish(reply: Reply): Step {
    const changes: Change[] = [];
    for (const [table, rows] of this.#written) {
      for (const [key, row] of rows)
        changes.push((row === undefined ? { table, del: key } : { table, put: row }) as Change);
    }
    return { changes, facts: this.#facts, effects: this.#effects, reply };
  }

  #write(table: TableName, key: unknown, row: Tables[TableName] | undefined): void {
    const rows = this.#written.get(table) ?? new Map<unknown, Tables[TableName] | undefined>();
    rows.set(key, row);
    this.#written.set(table, rows);
  }
}

export const DONE: Reply = { kind: "done" };

function* merged<K, R>(rows: ReadonlyMap<K, R>, written: ReadonlyMap<K, R | undefined>): Generator<R> {
  for (const [key, row] of rows) if (!written.has(key)) yield row;
  for (const row of written.values()) if (row !== undefined) yield row;
}
