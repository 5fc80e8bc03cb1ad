import type { Agenda } from "./agenda.ts";

/** Monotonic milliseconds that other processes of the machine can compare with theirs. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Node's timers are a millisecond coarse and late; nearer than this the loop is turned until the time has come. */
const TIMER_COARSE_MS = 1.5;

/** Drives an agenda by the machine's clock. The agenda must have been started at `monotonicMs()`. */
export class RealTime {
  readonly #agenda: Agenda;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #stopped = false;

  constructor(agenda: Agenda) {
    this.#agenda = agenda;
    this.#arm();
  }

  /** Runs an action of the outside world at the agenda's present. */
  run<T>(action: () => T): T {
    this.#agenda.advance(monotonicMs());
    const result = action();
    this.#arm();
    return result;
  }

  stop(): void {
    this.#stopped = true;
    this.#disarm();
  }

  #tick(): void {
    this.#agenda.advance(monotonicMs());
    this.#arm();
  }

  #arm(): void {
    this.#disarm();
    const dueMs = this.#agenda.nextAt();
    if (dueMs === undefined || this.#stopped) return;
    const waitMs = dueMs - monotonicMs();
    if (waitMs < TIMER_COARSE_MS) this.#immediate = setImmediate(() => this.#tick());
    else this.#timer = setTimeout(() => this.#tick(), waitMs - 1);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }
}
