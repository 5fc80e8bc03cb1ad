import type { OpId } from "../../src/contract/ids.ts";
import type { CommittedEvent, MachineReport } from "../../src/locker/bus/messages.ts";
import type { BusSettings } from "../../src/locker/bus/settings.ts";
import type { BusReport } from "../../src/locker/domain/input.ts";
import type { LockBus } from "../../src/locker/ports.ts";
import type { Agenda } from "../agenda.ts";
import type { Line } from "../line.ts";
import { BusChild } from "./bus-child.ts";
import type { Clocks } from "./clocks.ts";
import type { Dice } from "./dice.ts";

/** As in the daemon's side of the real bus: how long it waits before it kills and restarts. */
const SILENCE_MS_MAX = 2_000;
const START_MS_MAX = 15_000;
const RESTART_MS_FIRST = 100;
const RESTART_MS_MAX = 5_000;
const STEADY_MS = 30_000;
/** From the death of a process to the end of its channel. */
const END_TOLD_MS = 2;

export type ModelBusParts = {
  readonly agenda: Agenda;
  readonly clocks: Clocks;
  readonly dice: Dice;
  readonly settings: BusSettings;
  readonly line: Line;
  readonly isPlugged: () => boolean;
};

/** The daemon's side of one bus, and the channel to its process: what is said takes time and arrives in order. */
export class ModelBus implements LockBus {
  readonly #parts: ModelBusParts;
  readonly #outstanding = new Map<OpId, "unlock" | "query">();
  readonly #committed = new Map<string, CommittedEvent>();
  #onReport: ((report: BusReport) => void) | null = null;
  #child: BusChild | null = null;
  #startedMs = 0;
  #restartPauseMs = RESTART_MS_FIRST;
  #restartsCount = 0;
  #cancelWatchdog: () => void = () => {};
  #toChildFreeMs = 0;
  #toDaemonFreeMs = 0;
  #isOver = false;

  constructor(parts: ModelBusParts) {
    this.#parts = parts;
  }

  get restartsCount(): number {
    return this.#restartsCount;
  }

  start = (onReport: (report: BusReport) => void): void => {
    this.#onReport = onReport;
    this.#fork();
  };

  unlock: LockBus["unlock"] = ({ op, compartment, notAfter }) => {
    const notAfterMs = this.#parts.clocks.worldTimeOf(notAfter);
    if (this.#child === null) {
      return this.#answerLater({ kind: "unlock_result", op, outcome: "rejected", reason: "bus_restarting" });
    }
    this.#outstanding.set(op, "unlock");
    this.#tell((child) => child.obey({ kind: "unlock", op, compartment, notAfterMs }));
  };

  queryOp: LockBus["queryOp"] = ({ op, compartment, ageMs }) => {
    if (this.#child === null) return this.#answerLater({ kind: "op_evidence", op, evidence: "unknown" });
    this.#outstanding.set(op, "query");
    this.#tell((child) => child.obey({ kind: "query_op", op, compartment, ageMs }));
  };

  stop = (): Promise<void> => {
    this.die(0);
    return Promise.resolve();
  };

  /** The daemon is gone. Its child reads what is in the channel for `lingersMs` more, then it ends too. */
  die(lingersMs: number): void {
    this.#isOver = true;
    this.#cancelWatchdog();
    const child = this.#child;
    this.#parts.agenda.after(lingersMs, () => {
      child?.kill();
      if (this.#child === child) this.#child = null;
    });
  }

  /** Bytes on the line. */
  hear(bytes: Uint8Array): void {
    this.#child?.hear(bytes);
  }

  unplugged(): void {
    this.#child?.unplugged();
  }

  killChild(): void {
    const child = this.#child;
    if (child === null || this.#isOver) return;
    child.kill();
    // What it said before its end is still in the channel, and is heard before the end is.
    this.#parts.agenda.at(Math.max(this.#toDaemonFreeMs, this.#parts.agenda.now()) + END_TOLD_MS, () =>
      this.#ended(child),
    );
  }

  /** Its event loop stands still. Longer than the daemon's patience, and it is replaced. */
  freezeChild(forMs: number): void {
    const child = this.#child;
    child?.freeze();
    this.#parts.agenda.after(forMs, () => child?.thaw());
  }

  #fork(): void {
    const { agenda, settings, line, isPlugged } = this.#parts;
    this.#startedMs = agenda.now();
    const child: BusChild = new BusChild({
      ...{ agenda, settings, line, isPlugged },
      committed: [...this.#committed.values()],
      onReport: (report) => this.#hearFrom(() => this.#reported(report)),
      onHeartbeat: () => this.#hearFrom(() => {}),
    });
    this.#child = child;
    this.#expectSign(START_MS_MAX);
  }

  #tell(message: (child: BusChild) => void): void {
    const child = this.#child;
    if (child === null) return;
    this.#toChildFreeMs = this.#arrival(this.#toChildFreeMs);
    this.#parts.agenda.at(this.#toChildFreeMs, () => message(child));
  }

  #hearFrom(message: () => void): void {
    this.#toDaemonFreeMs = this.#arrival(this.#toDaemonFreeMs);
    this.#parts.agenda.at(this.#toDaemonFreeMs, () => {
      if (this.#isOver) return;
      this.#expectSign(SILENCE_MS_MAX);
      message();
    });
  }

  #arrival(notBeforeMs: number): number {
    const { agenda, dice } = this.#parts;
    return Math.max(notBeforeMs, agenda.now() + dice.between(0.05, 0.3));
  }

  #reported({ report, event }: MachineReport): void {
    if (report.kind === "unlock_result" || report.kind === "op_evidence") this.#outstanding.delete(report.op);
    this.#onReport?.(report);
    // A daemon that died of this report has told nobody that it was committed.
    if (event === null || this.#isOver) return;
    this.#committed.set(event.board, event);
    this.#tell((child) => child.obey({ kind: "event_committed", event }));
  }

  #expectSign(silenceMs: number): void {
    this.#cancelWatchdog();
    this.#cancelWatchdog = this.#parts.agenda.after(silenceMs, () => this.killChild());
  }

  #ended(child: BusChild): void {
    if (this.#isOver || this.#child !== child) return;
    this.#child = null;
    this.#cancelWatchdog();
    const { agenda, settings } = this.#parts;
    if (agenda.now() - this.#startedMs > STEADY_MS) this.#restartPauseMs = RESTART_MS_FIRST;
    agenda.after(this.#restartPauseMs, () => {
      if (!this.#isOver) this.#fork();
    });
    this.#restartsCount++;
    this.#restartPauseMs = Math.min(this.#restartPauseMs * 2, RESTART_MS_MAX);
    const outstanding = [...this.#outstanding];
    this.#outstanding.clear();
    for (const [op, command] of outstanding) {
      this.#report(
        command === "unlock"
          ? { kind: "unlock_result", op, outcome: "unknown" }
          : { kind: "op_evidence", op, evidence: "unknown" },
      );
    }
    for (const { name, channels } of settings.boards) {
      this.#report({ kind: "board", board: name, health: "silent" });
      for (const { compartment } of channels) this.#report({ kind: "door", compartment, door: "unknown" });
    }
  }

  #answerLater(report: BusReport): void {
    this.#parts.agenda.after(0, () => this.#report(report));
  }

  #report(report: BusReport): void {
    if (!this.#isOver) this.#onReport?.(report);
  }
}
