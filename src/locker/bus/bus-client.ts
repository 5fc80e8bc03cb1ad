import { type ChildProcess, fork } from "node:child_process";
import { unreachable } from "../../../firmware-protocol/unreachable.ts";
import type { OpId } from "../../contract/ids.ts";
import type { MonoMs } from "../../contract/time.ts";
import type { BusReport } from "../domain/input.ts";
import type { LockBus, Log } from "../ports.ts";
import {
  type BusCounters,
  type CommittedEvent,
  type FromBusProcess,
  isFromBusProcess,
  type MachineReport,
  type ToBusProcess,
} from "./messages.ts";
import type { BusSettings } from "./settings.ts";

export type BusClientDeps = {
  readonly log: Log;
  /** The clock of `notAfter`. */
  readonly monoNow: () => MonoMs;
};

/** For tests and diagnosis. */
export type BusStatus = {
  readonly name: string;
  readonly port: "opened" | "closed";
  /** By the daemon's clock; null before the first. */
  readonly heartbeatAt: MonoMs | null;
  readonly restartsCount: number;
  /** Of the present process. */
  readonly counters: BusCounters;
  readonly pid: number | undefined;
};

export type BusClient = LockBus & { readonly status: () => BusStatus };

const BUS_PROCESS = new URL("./bus-process.ts", import.meta.url);
/** A process that has not said anything for this long is wedged. Its heartbeat comes every 500 ms. */
const SILENCE_MS_MAX = 2_000;
/** The same for one that is still starting, on a slow machine with a cold disk. */
const START_MS_MAX = 15_000;
const RESTART_MS_FIRST = 100;
const RESTART_MS_MAX = 5_000;
/** A process that ran this long is replaced quickly. */
const STEADY_MS = 30_000;
const STOP_MS_MAX = 2_000;
const NS_PER_MS = 1_000_000n;

const noCounters: BusCounters = {
  exchangesCount: 0,
  unansweredCount: 0,
  unlocksWrittenCount: 0,
  discardedBytesCount: 0,
  reopensAskedCount: 0,
};

/** The lock boards of one bus, behind a process of their own that is replaced when it dies or falls silent. */
export function createBusClient(settings: BusSettings, deps: BusClientDeps): BusClient {
  return new ForkedBus(settings, deps);
}

class ForkedBus implements BusClient {
  readonly #settings: BusSettings;
  readonly #deps: BusClientDeps;
  /** Commands the present process has not answered. */
  readonly #outstanding = new Map<OpId, "unlock" | "query">();
  /** By board: what a new process need not tell again. */
  readonly #committed = new Map<string, CommittedEvent>();
  #onReport: ((report: BusReport) => void) | null = null;
  #child: ChildProcess | null = null;
  #generation = 0;
  #startedAt = 0;
  #signsCount = 0;
  #watchdog: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;
  #restartPauseMs = RESTART_MS_FIRST;
  #port: "opened" | "closed" = "closed";
  #heartbeatAt: MonoMs | null = null;
  #counters = noCounters;
  #isStopping = false;
  #stopped = Promise.withResolvers<void>();

  constructor(settings: BusSettings, deps: BusClientDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  start = (onReport: (report: BusReport) => void): void => {
    if (this.#onReport !== null) throw new Error(`bus ${this.#settings.name} was started twice`);
    this.#onReport = onReport;
    this.#fork();
  };

  unlock: LockBus["unlock"] = ({ op, compartment, notAfter }) => {
    // Nobody to write it: it stays unwritten, so this is a refusal and not a doubt.
    if (this.#child === null) {
      return this.#answerLater({ kind: "unlock_result", op, outcome: "rejected", reason: "bus_restarting" });
    }
    this.#outstanding.set(op, "unlock");
    const leftNs = BigInt(Math.max(0, Math.floor(notAfter - this.#deps.monoNow()))) * NS_PER_MS;
    const notAfterHrtimeNs = String(process.hrtime.bigint() + leftNs);
    this.#tell({ kind: "unlock", generation: this.#generation, op, compartment, notAfterHrtimeNs });
  };

  queryOp: LockBus["queryOp"] = ({ op, compartment, ageMs }) => {
    if (this.#child === null) return this.#answerLater({ kind: "op_evidence", op, evidence: "unknown" });
    this.#outstanding.set(op, "query");
    this.#tell({ kind: "query_op", op, compartment, ageMs });
  };

  stop = (): Promise<void> => {
    if (this.#isStopping) return this.#stopped.promise;
    this.#isStopping = true;
    clearTimeout(this.#restart);
    clearTimeout(this.#watchdog);
    const child = this.#child;
    if (child === null) this.#stopped.resolve();
    else {
      // It ends by itself when the channel is gone, unless it is wedged.
      if (child.connected) child.disconnect();
      this.#watchdog = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    }
    return this.#stopped.promise;
  };

  status = (): BusStatus => ({
    name: this.#settings.name,
    port: this.#port,
    heartbeatAt: this.#heartbeatAt,
    restartsCount: Math.max(0, this.#generation - 1),
    counters: this.#counters,
    pid: this.#child?.pid,
  });

  #fork(): void {
    const generation = ++this.#generation;
    const child = fork(BUS_PROCESS, [], {
      execPath: process.execPath,
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      serialization: "json",
    });
    this.#child = child;
    this.#startedAt = this.#deps.monoNow();
    this.#counters = noCounters;
    child.on("message", (message) => this.#hear(child, message));
    // What it said before its end is still in the channel when the end is told, so both are waited for.
    let endsCount = 0;
    const ended = (): void => {
      if (!this.#isStopping) child.kill("SIGKILL");
      if (++endsCount === 2) this.#ended(child);
    };
    child.once("exit", ended);
    child.once("disconnect", ended);
    child.on("error", (error) => {
      this.#deps.log.error({ bus: this.#settings.name, error }, "bus process error");
      if (child.pid === undefined) this.#ended(child);
    });
    const committed = [...this.#committed.values()];
    this.#tell({ kind: "configure", generation, settings: this.#settings, committed });
    this.#expectSign(START_MS_MAX);
  }

  #tell(message: ToBusProcess): void {
    const child = this.#child;
    if (child === null || !child.connected) return;
    // A message that does not get through belongs to a process that is ending, and its end answers for it.
    child.send(message, (error) => {
      if (error !== null) child.kill("SIGKILL");
    });
  }

  #hear(child: ChildProcess, message: unknown): void {
    if (this.#isStopping) return;
    if (!isFromBusProcess(message)) {
      this.#deps.log.error({ bus: this.#settings.name }, "bus process speaks another version");
      child.kill("SIGKILL");
      return;
    }
    this.#expectSign(SILENCE_MS_MAX);
    this.#obey(message);
  }

  #obey(message: FromBusProcess): void {
    const { log } = this.#deps;
    const { name } = this.#settings;
    switch (message.kind) {
      case "ready":
        log.info({ bus: name, generation: message.generation }, "bus process ready");
        return;
      case "heartbeat":
        this.#heartbeatAt = this.#deps.monoNow();
        this.#counters = message.counters;
        return;
      case "port":
        this.#port = message.state;
        if (message.state === "opened") log.info({ bus: name }, "bus port opened");
        else log.warn({ bus: name, reason: message.reason }, "bus port closed");
        return;
      case "report":
        return this.#reported(message);
      default:
        return unreachable(message);
    }
  }

  #reported({ report, event }: MachineReport): void {
    if (report.kind === "unlock_result" || report.kind === "op_evidence") this.#outstanding.delete(report.op);
    // The listener commits before it returns, or throws and ends the daemon.
    this.#onReport?.(report);
    if (event === null) return;
    this.#committed.set(event.board, event);
    this.#tell({ kind: "event_committed", event });
  }

  /** Kills the process unless it gives a sign of life within `silenceMs`. */
  #expectSign(silenceMs: number): void {
    clearTimeout(this.#watchdog);
    const sign = ++this.#signsCount;
    const kill = (): void => {
      if (this.#signsCount !== sign || this.#isStopping) return;
      this.#deps.log.error({ bus: this.#settings.name, silenceMs }, "bus process is silent and is killed");
      this.#child?.kill("SIGKILL");
    };
    // If it was the daemon that was held up, signs are waiting in the channel, and are read before the immediate.
    this.#watchdog = setTimeout(() => setImmediate(kill), silenceMs);
  }

  /** The process is gone, and so is the port. Whatever it was told may have been written or not. */
  #ended(child: ChildProcess): void {
    this.#child = null;
    this.#port = "closed";
    clearTimeout(this.#watchdog);
    if (this.#isStopping) return this.#stopped.resolve();
    const { signalCode: signal, exitCode } = child;
    this.#deps.log.error({ bus: this.#settings.name, exitCode, signal }, "bus process ended");
    if (this.#deps.monoNow() - this.#startedAt > STEADY_MS) this.#restartPauseMs = RESTART_MS_FIRST;
    this.#restart = setTimeout(() => this.#fork(), this.#restartPauseMs);
    this.#restartPauseMs = Math.min(this.#restartPauseMs * 2, RESTART_MS_MAX);
    this.#reportLoss();
  }

  #reportLoss(): void {
    const outstanding = [...this.#outstanding];
    this.#outstanding.clear();
    for (const [op, command] of outstanding) {
      this.#onReport?.(
        command === "unlock"
          ? { kind: "unlock_result", op, outcome: "unknown" }
          : { kind: "op_evidence", op, evidence: "unknown" },
      );
    }
    for (const { name, channels } of this.#settings.boards) {
      this.#onReport?.({ kind: "board", board: name, health: "silent" });
      for (const { compartment } of channels) this.#onReport?.({ kind: "door", compartment, door: "unknown" });
    }
  }

  #answerLater(report: BusReport): void {
    setImmediate(() => {
      if (!this.#isStopping) this.#onReport?.(report);
    });
  }
}
