import { type BusInput, BusMachine } from "../../src/locker/bus/bus-machine.ts";
import { timingFor } from "../../src/locker/bus/bus-machine-timing.ts";
import { drivers } from "../../src/locker/bus/drivers/catalogue.ts";
import type { BusCounters, CommittedEvent, MachineReport } from "../../src/locker/bus/messages.ts";
import type { BusSettings } from "../../src/locker/bus/settings.ts";
import type { Agenda } from "../agenda.ts";
import type { Line } from "../line.ts";

/** From the start of the process to its first word, and from opening the port to having it open. */
const START_MS = 40;
const OPEN_MS = 4;
const REOPEN_MS = 100;
const HEARTBEAT_MS = 500;

export type BusChildParts = {
  readonly agenda: Agenda;
  readonly settings: BusSettings;
  readonly line: Line;
  /** Whether the adapter is there to be opened. */
  readonly isPlugged: () => boolean;
  readonly committed: readonly CommittedEvent[];
  readonly onReport: (report: MachineReport) => void;
  readonly onHeartbeat: () => void;
};

/** The process of one bus: the real bus machine, a model of its port and of its event loop, and a way to die. */
export class BusChild {
  readonly #parts: BusChildParts;
  #machine: BusMachine | null = null;
  #portIsOpen = false;
  #isDead = false;
  /** Its loop does not turn: it starts, or something holds it up. */
  #isFrozen = true;
  /** What came in that time: bytes in the kernel's buffer, messages in the pipe. */
  #backlog: (() => void)[] = [];
  #cancelTick: () => void = () => {};
  #cancelHeartbeat: () => void = () => {};

  constructor(parts: BusChildParts) {
    this.#parts = parts;
    parts.agenda.after(START_MS, () => {
      if (!this.#isDead) this.#begin();
    });
  }

  get counters(): BusCounters | null {
    return this.#machine?.counters ?? null;
  }

  /** Bytes on the line reach its receiver. */
  hear(bytes: Uint8Array): void {
    this.#run(() => {
      if (this.#portIsOpen) this.#handle({ kind: "bytes", bytes });
    });
  }

  /** A message of the daemon arrives. */
  obey(input: Extract<BusInput, { kind: "unlock" | "query_op" | "event_committed" }>): void {
    this.#run(() => this.#handle(input));
  }

  /** The adapter's plug was pulled: the kernel closes the port. */
  unplugged(): void {
    this.#run(() => this.#closePort());
  }

  freeze(): void {
    if (this.#machine !== null) this.#isFrozen = true;
  }

  thaw(): void {
    if (this.#machine === null) return;
    this.#isFrozen = false;
    for (let next = this.#backlog.shift(); next !== undefined && !this.#isFrozen; next = this.#backlog.shift()) next();
  }

  kill(): void {
    this.#isDead = true;
    this.#backlog = [];
    this.#cancelTick();
    this.#cancelHeartbeat();
  }

  #begin(): void {
    const { agenda, settings, committed } = this.#parts;
    const timing = timingFor(settings.transport);
    this.#machine = new BusMachine({ settings, drivers, timing, committed }, agenda.now());
    this.#beat();
    this.#handle({ kind: "tick" });
    this.thaw();
    agenda.after(OPEN_MS, () => this.#run(() => this.#openPort()));
  }

  #beat(): void {
    this.#parts.onHeartbeat();
    this.#cancelHeartbeat = this.#parts.agenda.after(HEARTBEAT_MS, () => this.#run(() => this.#beat()));
  }

  #openPort(): void {
    if (this.#parts.isPlugged()) {
      this.#portIsOpen = true;
      this.#handle({ kind: "port_opened" });
    } else this.#reopenSoon();
  }

  #closePort(): void {
    if (!this.#portIsOpen) return;
    this.#portIsOpen = false;
    this.#handle({ kind: "port_closed" });
    this.#reopenSoon();
  }

  #reopenSoon(): void {
    this.#parts.agenda.after(REOPEN_MS, () => this.#run(() => this.#openPort()));
  }

  #handle(input: BusInput): void {
    const { agenda, line, onReport } = this.#parts;
    if (this.#machine === null) return;
    for (const output of this.#machine.handle(input, agenda.now())) {
      if (output.kind === "write" && this.#portIsOpen) line.fromHost(output.bytes);
      if (output.kind === "report") onReport({ report: output.report, event: output.event });
      if (output.kind === "reopen_port") {
        this.#portIsOpen = false;
        this.#reopenSoon();
      }
    }
    this.#cancelTick();
    const dueMs = this.#machine.dueAtMs();
    if (dueMs < Number.POSITIVE_INFINITY) {
      this.#cancelTick = agenda.at(dueMs, () => this.#run(() => this.#handle({ kind: "tick" })));
    }
  }

  #run(action: () => void): void {
    if (this.#isDead) return;
    if (this.#isFrozen) this.#backlog.push(action);
    else action();
  }
}
