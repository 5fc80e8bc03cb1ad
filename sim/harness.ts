import type { Agenda } from "./agenda.ts";
import type { Cabinet, CompartmentNumber } from "./cabinet.ts";

/** What a board can feel and do on its terminals. It knows channels and currents, never compartments. */
export type BoardIo = {
  readonly channelCount: number;
  /** Level of the door switch now; undefined when no switch is wired to the channel. */
  readonly doorClosed: (channel: number) => boolean | undefined;
  /** Switches the coil of a channel on. False when no current flows: cut wire or no coil. */
  readonly energise: (channel: number, opId: string, pulseMs: number) => boolean;
  /** Tells the listener that the switch of a channel has moved; it reads the level itself. */
  readonly onEdge: (listener: (channel: number) => void) => void;
};

/** What the door switch tells the board: the truth, its opposite, one thing for ever, nothing, or the truth after rattling. */
export type Feedback = "true" | "inverted" | "stuck_open" | "stuck_closed" | "none" | "bouncing";

export type Wire = { readonly board: number; readonly channel: number; readonly compartment: CompartmentNumber };

type Terminal = {
  coil: CompartmentNumber | null;
  sensor: CompartmentNumber | null;
  feedback: Feedback;
  /** While the switch rattles, the level it shows in place of the door's. */
  rattle: boolean | null;
};

type BoardTerminals = { readonly terminals: Terminal[]; readonly listeners: ((channel: number) => void)[] };

/** A bouncing switch shows these levels (true: as the door is) at these times after the door moved, in milliseconds. */
const BOUNCES = [
  { afterMs: 1, asDoor: false },
  { afterMs: 3, asDoor: true },
  { afterMs: 6, asDoor: false },
  { afterMs: 9, asDoor: true },
] as const;

/** The cable between the boards' terminals and the compartments, with everything an electrician can do wrong. */
export class Harness {
  readonly #agenda: Agenda;
  readonly #cabinet: Cabinet;
  readonly #boards = new Map<number, BoardTerminals>();

  constructor(agenda: Agenda, cabinet: Cabinet, wires: Iterable<Wire>) {
    this.#agenda = agenda;
    this.#cabinet = cabinet;
    for (const { board, channel, compartment } of wires) {
      const terminal = this.#terminalOrNew(board, channel);
      terminal.coil = compartment;
      terminal.sensor = compartment;
      terminal.feedback = "true";
    }
    cabinet.watch((entry) => {
      if (entry.kind === "door") this.#doorMoved(entry.compartment);
    });
  }

  ioOf(board: number): BoardIo {
    const found = this.#boards.get(board);
    if (found === undefined) throw new Error(`no channel of board ${board} is wired`);
    return {
      channelCount: found.terminals.length,
      doorClosed: (channel) => this.#level(found.terminals[channel]),
      energise: (channel, opId, pulseMs) => {
        const compartment = found.terminals[channel]?.coil ?? null;
        if (compartment === null) return false;
        this.#cabinet.pulse({ board, channel, compartment, opId, pulseMs });
        return true;
      },
      onEdge: (listener) => found.listeners.push(listener),
    };
  }

  /** Crosses the coil wires of two channels of a board: each opens the other's door, the switches stay right. */
  crossCoils(board: number, channelA: number, channelB: number): void {
    const a = this.#terminal(board, channelA);
    const b = this.#terminal(board, channelB);
    [a.coil, b.coil] = [b.coil, a.coil];
  }

  /** Cuts the coil wire of a channel. */
  cutCoil(board: number, channel: number): void {
    this.#terminal(board, channel).coil = null;
  }

  setFeedback(board: number, channel: number, feedback: Feedback): void {
    const terminal = this.#terminal(board, channel);
    terminal.feedback = feedback;
    terminal.rattle = null;
    this.#edge(board, channel);
  }

  #level(terminal: Terminal | undefined): boolean | undefined {
    if (terminal === undefined || terminal.sensor === null) return undefined;
    const closed = this.#cabinet.truthOf(terminal.sensor)?.door === "closed";
    switch (terminal.feedback) {
      case "true":
        return closed;
      case "inverted":
        return !closed;
      case "stuck_open":
        return false;
      case "stuck_closed":
        return true;
      case "none":
        return undefined;
      case "bouncing":
        return terminal.rattle ?? closed;
      default:
        return terminal.feedback satisfies never;
    }
  }

  #doorMoved(compartment: CompartmentNumber): void {
    for (const [board, { terminals }] of this.#boards) {
      for (const [channel, terminal] of terminals.entries()) {
        if (terminal.sensor !== compartment) continue;
        if (terminal.feedback === "bouncing") this.#rattle(board, channel, terminal);
        this.#edge(board, channel);
      }
    }
  }

  #rattle(board: number, channel: number, terminal: Terminal): void {
    const closed = terminal.sensor !== null && this.#cabinet.truthOf(terminal.sensor)?.door === "closed";
    for (const { afterMs, asDoor } of BOUNCES) {
      this.#agenda.after(afterMs, () => {
        terminal.rattle = asDoor ? null : !closed;
        this.#edge(board, channel);
      });
    }
  }

  #edge(board: number, channel: number): void {
    for (const listener of this.#boards.get(board)?.listeners ?? []) listener(channel);
  }

  #terminal(board: number, channel: number): Terminal {
    const found = this.#boards.get(board)?.terminals[channel];
    if (found === undefined) throw new Error(`board ${board} has no channel ${channel}`);
    return found;
  }

  #terminalOrNew(board: number, channel: number): Terminal {
    const found = this.#boards.get(board) ?? { terminals: [], listeners: [] };
    this.#boards.set(board, found);
    for (let next = found.terminals.length; next <= channel; next++) {
      found.terminals.push({ coil: null, sensor: null, feedback: "none", rattle: null });
    }
    return this.#terminal(board, channel);
  }
}
