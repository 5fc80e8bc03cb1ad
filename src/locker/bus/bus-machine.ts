import { unreachable } from "../../../firmware-protocol/unreachable.ts";
import type { CompartmentId, OpId } from "../../contract/ids.ts";
import { Board, type Channel } from "./bus-machine-board.ts";
import { type Evidence, Inquiry, Operation, type Outcome } from "./bus-machine-operation.ts";
import { type BusTiming, wireMs } from "./bus-machine-timing.ts";
import type { BoardAnswer, BoardDriver, BoardQuestion, Exchange } from "./driver.ts";
import type { BusCounters, CommittedEvent, MachineReport } from "./messages.ts";
import type { BusSettings, Protocol } from "./settings.ts";

export type BusInput =
  | { readonly kind: "port_opened" }
  | { readonly kind: "port_closed" }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "tick" }
  | {
      readonly kind: "unlock";
      readonly op: OpId;
      readonly compartment: CompartmentId;
      /** On the clock of `nowMs`. */
      readonly notAfterMs: number;
    }
  | {
      readonly kind: "query_op";
      readonly op: OpId;
      readonly compartment: CompartmentId;
      /** How long ago the operation was authorised; null when nobody can tell. */
      readonly ageMs: number | null;
    }
  | { readonly kind: "event_committed"; readonly event: CommittedEvent };

export type BusOutput =
  | { readonly kind: "write"; readonly bytes: Uint8Array }
  | ({ readonly kind: "report" } & MachineReport)
  /** Nobody answers through this port object: close it, and open a new one. */
  | { readonly kind: "reopen_port" };

export type BusMachineParts = {
  readonly settings: BusSettings;
  readonly drivers: Readonly<Record<Protocol, BoardDriver>>;
  readonly timing: BusTiming;
  /** Events the daemon has already made durable, which a board may bring once more. */
  readonly committed: readonly CommittedEvent[];
};

type Asker = Operation | Inquiry | null;

/** The one question on the bus. `asker` is whom its answer is for; null for the board itself. */
type InFlight = {
  readonly board: Board;
  readonly question: BoardQuestion;
  readonly asker: Asker;
  readonly exchange: Exchange;
  readonly deadlineMs: number;
};

/**
 * The schedule of one bus: who is asked what and when, and what may be believed of the answers.
 *
 * One question is in flight at a time; an unlock goes before a query before a poll. An unlock frame is written at most
 * once. Nothing but `identify` is written to a board after the port was opened, after a question stayed unanswered or
 * after a reset, until the board has said who it is; nothing is unlocked before it was polled as well.
 *
 * Times are milliseconds of one monotonic clock, given with each input.
 */
export class BusMachine {
  readonly #timing: BusTiming;
  readonly #boards: readonly Board[];
  readonly #doors = new Map<CompartmentId, { readonly board: Board; readonly channel: Channel }>();
  readonly #operations = new Set<Operation>();
  readonly #inquiries = new Set<Inquiry>();
  readonly #counters = {
    exchangesCount: 0,
    unansweredCount: 0,
    unlocksWrittenCount: 0,
    discardedBytesCount: 0,
    reopensAskedCount: 0,
  };
  #outputs: BusOutput[] = [];
  #inFlight: InFlight | null = null;
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #isOpen = false;
  /** When the port was last opened or closed. */
  #portChangedMs: number;
  #heardMs = Number.NEGATIVE_INFINITY;

  constructor({ settings, drivers, timing, committed }: BusMachineParts, nowMs: number) {
    this.#timing = timing;
    this.#portChangedMs = nowMs;
    this.#boards = settings.boards.map(
      (board) =>
        new Board(
          board,
          drivers[board.protocol],
          committed.find((event) => event.board === board.name),
        ),
    );
    for (const board of this.#boards) {
      for (const channel of board.channels.values()) this.#doors.set(channel.compartment, { board, channel });
    }
  }

  get counters(): BusCounters {
    return { ...this.#counters };
  }

  /** Takes in one input and answers with what is to be done, in order. */
  handle(input: BusInput, nowMs: number): readonly BusOutput[] {
    this.#take(input, nowMs);
    this.#expire(nowMs);
    if (this.#isOpen) this.#proceed(nowMs);
    else this.#waitForPort(nowMs);
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** When `tick` is wanted next, if nothing else comes before. */
  dueAtMs(): number {
    const deadlines = [
      ...[...this.#operations].map(({ deadline }) => deadline?.dueMs ?? Number.POSITIVE_INFINITY),
      ...[...this.#inquiries].map(({ deadlineMs }) => deadlineMs),
    ];
    if (!this.#isOpen) {
      const isAnyLoud = this.#boards.some(({ health }) => health !== "silent");
      return Math.min(
        ...deadlines,
        isAnyLoud ? this.#portChangedMs + this.#timing.portDownMs : Number.POSITIVE_INFINITY,
      );
    }
    if (this.#inFlight !== null) return Math.min(...deadlines, this.#inFlight.deadlineMs);
    const questions = [
      ...[...this.#operations, ...this.#inquiries].map(({ board, askAtMs }) =>
        board.isReady && askAtMs !== undefined ? askAtMs : Number.POSITIVE_INFINITY,
      ),
      ...this.#boards.map((board) => this.#pollDueMs(board)),
    ];
    return Math.min(...deadlines, Math.max(this.#quietUntilMs, Math.min(...questions)));
  }

  #take(input: BusInput, nowMs: number): void {
    switch (input.kind) {
      case "port_opened":
        this.#isOpen = true;
        this.#portChangedMs = nowMs;
        return;
      case "port_closed":
        this.#portClosed(nowMs);
        return;
      case "bytes":
        this.#hear(input.bytes, nowMs);
        return;
      case "tick":
        return;
      case "unlock":
        this.#unlock(input);
        return;
      case "query_op":
        this.#queryOp(input, nowMs);
        return;
      case "event_committed":
        this.#boards.find(({ settings }) => settings.name === input.event.board)?.committed(input.event);
        return;
      default:
        return unreachable(input);
    }
  }

  #unlock({ op, compartment, notAfterMs }: Extract<BusInput, { kind: "unlock" }>): void {
    const operation = new Operation({ op, notAfterMs, ...this.#doorOf(compartment) });
    this.#operations.add(operation);
    // Nothing was written, so this is a refusal, not a doubt.
    if (operation.board.health === "silent") {
      this.#settle(operation, { outcome: "rejected", reason: "board_silent" });
    }
  }

  #queryOp({ op, compartment, ageMs }: Extract<BusInput, { kind: "query_op" }>, nowMs: number): void {
    const inquiry = new Inquiry({ op, ageMs, ...this.#doorOf(compartment) }, nowMs);
    this.#inquiries.add(inquiry);
    const { health, driver } = inquiry.board;
    if (health === "silent" || !driver.abilities.remembersOperations) this.#conclude(inquiry, "unknown");
  }

  #doorOf(compartment: CompartmentId): { readonly board: Board; readonly channel: Channel } {
    const door = this.#doors.get(compartment);
    if (door === undefined) throw new Error(`compartment ${compartment} is not on this bus`);
    return door;
  }

  #expire(nowMs: number): void {
    for (const operation of this.#operations) {
      const { deadline } = operation;
      if (deadline !== undefined && nowMs >= deadline.dueMs) this.#settle(operation, deadline.outcome);
      else if (operation.isOver(nowMs)) this.#operations.delete(operation);
    }
    for (const inquiry of this.#inquiries) {
      if (nowMs >= inquiry.deadlineMs) this.#conclude(inquiry, "unknown");
    }
  }

  /** Asks the next question, if the bus is free. */
  #proceed(nowMs: number): void {
    if (this.#inFlight !== null && nowMs >= this.#inFlight.deadlineMs) this.#unanswered(this.#inFlight, nowMs);
    if (this.#inFlight !== null || nowMs < this.#quietUntilMs) return;
    if (this.#isPortSuspect(nowMs)) {
      this.#counters.reopensAskedCount++;
      this.#outputs.push({ kind: "reopen_port" });
      this.#portClosed(nowMs);
      return;
    }
    this.#askNext(nowMs);
  }

  #askNext(nowMs: number): void {
    for (const operation of this.#operations) {
      if (operation.phase.kind === "queued" && operation.board.isReady) return this.#writeUnlock(operation, nowMs);
    }
    for (const asker of [...this.#operations, ...this.#inquiries]) {
      const { board, askAtMs, op } = asker;
      if (!board.isReady || askAtMs === undefined || askAtMs > nowMs) continue;
      asker.asking();
      return this.#ask({ board, question: { kind: "query_op", op }, asker }, nowMs);
    }
    const due = this.#boards
      .filter((board) => this.#pollDueMs(board) <= nowMs)
      .sort((a, b) => Number(this.#isActive(b)) - Number(this.#isActive(a)) || a.askedMs - b.askedMs);
    const [board] = due;
    if (board === undefined) return;
    board.askedMs = nowMs;
    board.isUrgent = false;
    const question: BoardQuestion =
      board.link === null ? { kind: "identify" } : { kind: "poll", acknowledgeTo: board.acknowledgeTo() };
    this.#ask({ board, question, asker: null }, nowMs);
  }

  #writeUnlock(operation: Operation, nowMs: number): void {
    const { op, board, channel, notAfterMs } = operation;
    if (board.link === null) throw new Error("an unlock was about to be written to an unidentified board");
    const sent = {
      boot: board.link.boot,
      writtenMs: nowMs,
      notAfterUptimeMs: board.uptimeAt(notAfterMs, nowMs),
    };
    operation.written(sent);
    this.#counters.unlocksWrittenCount++;
    const question: BoardQuestion = {
      kind: "unlock",
      op,
      boot: sent.boot,
      channel: channel.channel,
      pulseMs: board.settings.unlockPulseMs,
      notAfterUptimeMs: sent.notAfterUptimeMs,
    };
    this.#ask({ board, question, asker: operation }, nowMs);
  }

  #ask({ board, question, asker }: Pick<InFlight, "board" | "question" | "asker">, nowMs: number): void {
    const { baudRate, replySlackMs } = this.#timing;
    const questionNumber = question.kind === "identify" ? 0 : board.nextQuestionNumber();
    const exchange = board.driver.exchange(board.settings.address, questionNumber, question);
    const bytesCount = exchange.request.length + exchange.replyBytesMax;
    const deadlineMs = nowMs + wireMs(bytesCount, baudRate) + board.driver.replyDelayMsMax + replySlackMs;
    this.#inFlight = { board, question, asker, exchange, deadlineMs };
    this.#counters.exchangesCount++;
    this.#outputs.push({ kind: "write", bytes: exchange.request });
  }

  #hear(bytes: Uint8Array, nowMs: number): void {
    const inFlight = this.#inFlight;
    if (inFlight === null) {
      this.#counters.discardedBytesCount += bytes.length;
      return;
    }
    const answer = inFlight.exchange.hear(bytes);
    if (answer === undefined) return;
    this.#heardMs = nowMs;
    this.#finishExchange(inFlight, nowMs);
    this.#answered(inFlight, answer, nowMs);
  }

  #finishExchange({ board, exchange }: InFlight, nowMs: number): void {
    this.#inFlight = null;
    this.#counters.discardedBytesCount += exchange.discardedBytesCount();
    this.#quietUntilMs = nowMs + wireMs(board.driver.quietCharacters, this.#timing.baudRate);
  }

  #answered({ board, question, asker }: InFlight, answer: BoardAnswer, nowMs: number): void {
    if (asker instanceof Operation && question.kind === "unlock") {
      this.#settle(asker, asker.answered(answer, nowMs));
      // The board is of another boot than was thought, or does not speak as it should.
      if (asker.phase.kind === "doubtful") board.dropLink();
    } else if (answer.kind === "memory" && asker instanceof Operation) {
      this.#settle(asker, asker.remembered(answer.memory, nowMs));
    } else if (answer.kind === "memory" && asker instanceof Inquiry) {
      this.#conclude(asker, asker.remembered(answer.memory, nowMs));
    } else if (answer.kind === "identity" && question.kind === "identify") board.identified(answer.boot);
    else if (answer.kind === "poll" && question.kind === "poll") this.#polled(board, answer, nowMs);
    else this.#missed({ board, asker }, nowMs);
  }

  #polled(board: Board, answer: Extract<BoardAnswer, { kind: "poll" }>, nowMs: number): void {
    const operations = [...this.#operations].filter((operation) => operation.board === board);
    const poll = { uptimeMs: answer.uptimeMs, heardMs: nowMs };
    for (const operation of operations) {
      if (operation.boot === null || operation.boot === answer.boot) continue;
      if (operation.phase.kind === "accepted") this.#operations.delete(operation);
      else this.#settle(operation, operation.decidedByBoot(poll));
    }
    if (board.link?.boot !== answer.boot) {
      board.dropLink();
      return;
    }
    const news = board.polled(answer, nowMs);
    for (const report of news.reports) this.#outputs.push({ kind: "report", ...report });
    for (const operation of operations) {
      if (!this.#operations.has(operation)) continue;
      const outcome = operation.polled(news, nowMs);
      if (outcome !== "still_closed") this.#settle(operation, outcome);
      else {
        this.#operations.delete(operation);
        this.#outputs.push({ kind: "report", report: { kind: "still_closed", op: operation.op }, event: null });
      }
    }
    for (const inquiry of this.#inquiries) {
      if (inquiry.board === board) this.#conclude(inquiry, inquiry.polled(news, poll));
    }
  }

  #unanswered(inFlight: InFlight, nowMs: number): void {
    this.#counters.unansweredCount++;
    this.#finishExchange(inFlight, nowMs);
    if (inFlight.question.kind === "unlock" && inFlight.asker instanceof Operation) {
      this.#settle(inFlight.asker, inFlight.asker.unanswered(nowMs));
    }
    this.#missed(inFlight, nowMs);
  }

  /** No answer, or one that says nothing: the link is to be restarted. */
  #missed({ board, asker }: Pick<InFlight, "board" | "asker">, nowMs: number): void {
    if (asker instanceof Operation) asker.askedInVain(nowMs);
    if (asker instanceof Inquiry) asker.askAgain(nowMs);
    if (board.missed()) this.#silence(board);
  }

  #silence(board: Board): void {
    for (const report of board.silenced()) this.#outputs.push({ kind: "report", ...report });
    for (const operation of this.#operations) {
      if (operation.board !== board) continue;
      if (operation.phase.kind === "accepted") this.#operations.delete(operation);
      else if (operation.phase.kind !== "queued") this.#settle(operation, { outcome: "unknown" });
      else this.#settle(operation, { outcome: "rejected", reason: "board_silent" });
    }
    for (const inquiry of this.#inquiries) {
      if (inquiry.board === board) this.#conclude(inquiry, "unknown");
    }
  }

  /** What was written may have arrived or not, and no later connection can tell: nothing is asked about it again. */
  #portClosed(nowMs: number): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#portChangedMs = nowMs;
    this.#inFlight = null;
    for (const operation of this.#operations) {
      if (operation.phase.kind === "accepted") this.#operations.delete(operation);
      else if (operation.phase.kind !== "queued") this.#settle(operation, { outcome: "unknown" });
    }
    for (const inquiry of this.#inquiries) inquiry.askAgain(nowMs);
    for (const board of this.#boards) board.dropLink();
  }

  #waitForPort(nowMs: number): void {
    if (nowMs < this.#portChangedMs + this.#timing.portDownMs) return;
    for (const board of this.#boards) {
      if (board.health !== "silent") this.#silence(board);
    }
  }

  /** Every board was asked through this port, and none has answered for long. */
  #isPortSuspect(nowMs: number): boolean {
    if (nowMs < Math.max(this.#heardMs, this.#portChangedMs) + this.#timing.portSilenceMs) return false;
    return this.#boards.every(({ askedMs }) => askedMs >= this.#portChangedMs);
  }

  #pollDueMs(board: Board): number {
    if (board.health === "silent" && board.link === null) return board.askedMs + this.#timing.silentRetryMs;
    if (board.link === null || board.isUrgent) return Number.NEGATIVE_INFINITY;
    return board.askedMs + (this.#isActive(board) ? this.#timing.activePollMs : this.#timing.idlePollMs);
  }

  #isActive(board: Board): boolean {
    if (board.hasUnsettledDoor) return true;
    return [...this.#operations, ...this.#inquiries].some((asker) => asker.board === board);
  }

  #settle(operation: Operation, outcome: Outcome | undefined): void {
    if (outcome === undefined) return;
    if (outcome.outcome !== "accepted") this.#operations.delete(operation);
    const report = { kind: "unlock_result", op: operation.op, ...outcome } as const;
    this.#outputs.push({ kind: "report", report, event: null });
  }

  #conclude(inquiry: Inquiry, evidence: Evidence | undefined): void {
    if (evidence === undefined) return;
    this.#inquiries.delete(inquiry);
    const report = { kind: "op_evidence", op: inquiry.op, evidence } as const;
    this.#outputs.push({ kind: "report", report, event: null });
  }
}
