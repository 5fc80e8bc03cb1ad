import type { Instants } from "../contract/time.ts";
import { apply, stateFrom } from "./domain/apply.ts";
import { nextDeadline } from "./domain/deadlines.ts";
import type { Input } from "./domain/input.ts";
import { invariant, unreachable } from "./domain/invariant.ts";
import { assertTouched, violations } from "./domain/invariants.ts";
import type { State } from "./domain/model.ts";
import type { Effect, Reply } from "./domain/output.ts";
import { step } from "./domain/step.ts";
import type { Alarm, Clock, LockBus, Random, Secrets, Store, Uplink } from "./ports.ts";

export type EnginePorts = {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly alarm: Alarm;
  readonly bus: LockBus;
  readonly secrets: Secrets;
  readonly uplink: Uplink;
  /** Called when the core threw, a commit failed, or a port broke its promise: the process must end. */
  readonly fatal: (cause: unknown) => void;
};

/**
 * The one writer. `submit` decides, commits and hands out effects in one uninterrupted turn, then answers; `post` does
 * the same for things that happen, in order, without an answer.
 */
export class Engine {
  readonly state: State;
  readonly #ports: EnginePorts;
  readonly #queue: Input[] = [];
  readonly #listeners = new Set<() => void>();
  #working = false;
  #dead = false;

  constructor(ports: EnginePorts) {
    this.#ports = ports;
    this.state = stateFrom(ports.store.load());
    const faults = violations(this.state);
    invariant(faults.length === 0, `the database contradicts itself: ${faults.join("; ")}`);
  }

  /** The first input. The boards are listened to before it, since it may already ask them what they remember. */
  boot(input: Extract<Input, { kind: "boot" }>): void {
    this.#ports.bus.start((report) => this.post(report));
    this.submit(input);
  }

  submit(input: Input): Reply {
    invariant(!this.#dead, "the engine has stopped");
    invariant(!this.#working, "submit from within a step: use post");
    const reply = this.#guarded(() => this.#handle(input));
    this.#drain();
    return reply;
  }

  post(input: Input): void {
    if (this.#dead) return;
    this.#queue.push(input);
    this.#drain();
  }

  /** Calls `listener` after every input that changed anything. Returns the way to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  now(): Instants {
    return this.#ports.clock.now();
  }

  /** Takes no more inputs. The last one says that the stop was meant. */
  async stop(): Promise<void> {
    await this.#ports.bus.stop();
    if (!this.#dead) this.submit({ kind: "stop" });
    this.#close();
  }

  /** Takes no more inputs, and leaves the database as a crash does: the next start looks closer at it. */
  async halt(): Promise<void> {
    this.#dead = true;
    await this.#ports.bus.stop();
    this.#close();
  }

  #close(): void {
    this.#dead = true;
    this.#ports.alarm.set(undefined, () => undefined);
    this.#ports.store.close();
  }

  #drain(): void {
    if (this.#working) return;
    for (let input = this.#queue.shift(); input !== undefined && !this.#dead; input = this.#queue.shift()) {
      const next = input;
      try {
        this.#guarded(() => this.#handle(next));
      } catch {
        // `fatal` has been told, and whoever posted this has no use for it.
        return;
      }
    }
  }

  /** A throw leaves memory and file apart: nothing may happen after it. */
  #guarded<T>(work: () => T): T {
    this.#working = true;
    try {
      return work();
    } catch (cause) {
      this.#dead = true;
      this.#ports.fatal(cause);
      throw cause;
    } finally {
      this.#working = false;
    }
  }

  #handle(input: Input): Reply {
    const { store, clock, random, alarm, uplink } = this.#ports;
    const now = clock.now();
    const { changes, facts, effects, reply } = step(this.state, input, { now, random: random.hex(32) });
    apply(this.state, changes);
    assertTouched(this.state, changes);
    const clockTrust = this.state.runtime.get(1)?.clockTrust ?? "unset";
    const lastSeq = store.commit(changes, facts, { wall: now.wall, clockTrust });
    for (const effect of effects) this.#perform(effect);
    if (facts.length > 0) uplink.committed(lastSeq);
    alarm.set(nextDeadline(this.state), () => this.post({ kind: "tick" }));
    if (changes.length > 0) for (const listener of this.#listeners) listener();
    return reply;
  }

  #perform(effect: Effect): void {
    const { bus, secrets } = this.#ports;
    switch (effect.kind) {
      case "unlock":
        return bus.unlock(effect);
      case "query_op":
        return bus.queryOp(effect);
      case "prepare_code":
        secrets.prepareCode(effect).then(
          (prepared) => this.post({ kind: "code_prepared", deposit: effect.deposit, ...prepared }),
          (cause: unknown) => {
            this.#dead = true;
            this.#ports.fatal(new Error(`prepare the code of deposit ${effect.deposit}`, { cause }));
          },
        );
        return;
      default:
        return unreachable(effect);
    }
  }
}
