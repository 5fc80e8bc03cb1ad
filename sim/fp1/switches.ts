import type { Agenda } from "../agenda.ts";
import type { BoardIo } from "../harness.ts";
import { doorLevel } from "./names.ts";

/** The door switches as the board's firmware believes them: levels that held still for `debounceMs`. */
export class Switches {
  readonly #agenda: Agenda;
  readonly #io: BoardIo;
  readonly #debounceMs: number;
  readonly #changed: (channel: number, closed: boolean) => void;
  readonly #levels: (boolean | undefined)[];
  readonly #settling = new Map<number, () => void>();

  constructor(
    agenda: Agenda,
    io: BoardIo,
    options: { debounceMs: number; changed: (channel: number, closed: boolean) => void },
  ) {
    this.#agenda = agenda;
    this.#io = io;
    this.#debounceMs = options.debounceMs;
    this.#changed = options.changed;
    this.#levels = Array.from({ length: io.channelCount }, (_, channel) => io.doorClosed(channel));
  }

  /** The switch of a channel moved: its level is believed when it is the same after the debounce time. */
  edge(channel: number): void {
    this.#settling.get(channel)?.();
    this.#settling.set(
      channel,
      this.#agenda.after(this.#debounceMs, () => this.#settle(channel)),
    );
  }

  door(channel: number): number {
    const closed = this.#levels[channel];
    if (closed === undefined || this.#settling.has(channel)) return doorLevel.unknown;
    return closed ? doorLevel.closed : doorLevel.open;
  }

  closedBits(): boolean[] {
    return this.#levels.map((_, channel) => this.door(channel) === doorLevel.closed);
  }

  validBits(): boolean[] {
    return this.#levels.map((_, channel) => this.door(channel) !== doorLevel.unknown);
  }

  stop(): void {
    for (const cancel of this.#settling.values()) cancel();
    this.#settling.clear();
  }

  #settle(channel: number): void {
    this.#settling.delete(channel);
    const closed = this.#io.doorClosed(channel);
    if (closed === this.#levels[channel]) return;
    this.#levels[channel] = closed;
    if (closed !== undefined) this.#changed(channel, closed);
  }
}
