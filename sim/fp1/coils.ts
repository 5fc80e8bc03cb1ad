import type { Agenda } from "../agenda.ts";
import type { BoardIo } from "../harness.ts";
import { doorLevel, opState, unlockResult } from "./names.ts";

export type CoilSettings = {
  readonly pulseMsDefault: number;
  /** The one-shot in hardware: no request makes a pulse longer. */
  readonly pulseMsMax: number;
  /** Rest of the supply between two pulses, of any channels. */
  readonly gapMs: number;
  /** Rest of one channel after its pulse. */
  readonly cooldownMs: number;
  /** Most milliseconds of current one channel gets in any `dutyWindowMs`. */
  readonly dutyMsMax: number;
  readonly dutyWindowMs: number;
  readonly queueMax: number;
  readonly opsMax: number;
  /** How long from the start of its pulse a door may open to count as opened by the operation. */
  readonly watchMs: number;
  readonly undervoltageMillivolts: number;
};

export type UnlockRequest = {
  readonly opId: string;
  readonly channel: number;
  readonly pulseMs: number;
  readonly notAfterMs: number;
};

export type OpAnswer = { readonly result: number; readonly state: number; readonly channel: number };

/** What the coils need of the board around them. */
export type CoilBoard = {
  readonly agenda: Agenda;
  readonly io: BoardIo;
  readonly uptimeMs: () => number;
  readonly supplyMillivolts: () => number;
  readonly door: (channel: number) => number;
  readonly pulseBegan: (channel: number) => void;
  readonly finished: (channel: number, state: number) => void;
  readonly coilFault: (channel: number) => void;
};

type Op = { readonly request: UnlockRequest; state: number };
type Pulse = { readonly channel: number; readonly beganMs: number; readonly endsMs: number };

/** The coil driver: one coil at a time, a short queue, and a memory of operations that keeps each to one pulse. */
export class Coils {
  readonly #board: CoilBoard;
  readonly #settings: CoilSettings;
  /** Accepted operations of this boot by id, oldest first. */
  readonly #ops = new Map<string, Op>();
  readonly #queue: Op[] = [];
  #pulses: Pulse[] = [];
  #active: Op | null = null;
  #freeAtMs = 0;
  #stopped = false;
  readonly #faulty = new Set<number>();

  constructor(board: CoilBoard, settings: CoilSettings) {
    this.#board = board;
    this.#settings = settings;
  }

  /** Decides about an operation that is not remembered; the caller has asked `query` before. */
  unlock(request: UnlockRequest): OpAnswer {
    const result = this.#decide(request);
    const op: Op = { request, state: result === unlockResult.accepted ? opState.queued : opState.unknown };
    if (result === unlockResult.accepted) {
      this.#remember(op);
      this.#queue.push(op);
      this.#startNext();
    }
    return answer(op, result);
  }

  /** What became of an operation of this boot; undefined if it is not remembered. */
  query(opId: string): OpAnswer | undefined {
    const known = this.#ops.get(opId);
    return known && answer(known, unlockResult.duplicate);
  }

  /** The switch of a channel has been seen open: an operation that waits for it has succeeded. */
  doorOpened(channel: number): void {
    for (const op of this.#ops.values()) {
      if (op.state === opState.pulsing && op.request.channel === channel) this.#finish(op, opState.doneOpened);
    }
  }

  /** Whether the last try to pulse a channel found no current. */
  hasFault(channel: number): boolean {
    return this.#faulty.has(channel);
  }

  /** The board lost its power: nothing that was planned happens any more. */
  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
  }

  #decide({ channel, notAfterMs }: UnlockRequest): number {
    if (this.#isPast(notAfterMs)) return unlockResult.expired;
    if (channel >= this.#board.io.channelCount) return unlockResult.badChannel;
    if (this.#board.supplyMillivolts() < this.#settings.undervoltageMillivolts) return unlockResult.undervoltage;
    if (this.#isHot(channel)) return unlockResult.cooldown;
    return this.#queue.length >= this.#settings.queueMax ? unlockResult.busy : unlockResult.accepted;
  }

  #isHot(channel: number): boolean {
    const nowMs = this.#board.agenda.now();
    if ([this.#active, ...this.#queue].some((op) => op?.request.channel === channel)) return true;
    this.#pulses = this.#pulses.filter((pulse) => pulse.endsMs > nowMs - this.#settings.dutyWindowMs);
    const own = this.#pulses.filter((pulse) => pulse.channel === channel);
    const dutyMs = own.reduce((sum, pulse) => sum + pulse.endsMs - pulse.beganMs, 0);
    return dutyMs >= this.#settings.dutyMsMax || own.some((pulse) => pulse.endsMs + this.#settings.cooldownMs > nowMs);
  }

  #startNext(): void {
    const next = this.#active === null ? this.#queue.shift() : undefined;
    if (next === undefined) return;
    this.#active = next;
    // A turn of the firmware's main loop lies between the reply and the current.
    const beginMs = Math.max(this.#board.agenda.now() + 0.1, this.#freeAtMs);
    this.#at(beginMs, () => this.#begin(next));
  }

  #begin(op: Op): void {
    const { agenda, io } = this.#board;
    const { channel, opId, notAfterMs } = op.request;
    if (this.#isPast(notAfterMs)) {
      this.#giveUp(op);
      return;
    }
    const { pulseMsDefault, pulseMsMax, gapMs, watchMs } = this.#settings;
    const pulseMs = Math.min(op.request.pulseMs || pulseMsDefault, pulseMsMax);
    if (!io.energise(channel, opId, pulseMs)) {
      this.#faulty.add(channel);
      this.#board.coilFault(channel);
      this.#giveUp(op);
      return;
    }
    this.#faulty.delete(channel);
    op.state = opState.pulsing;
    const beganMs = agenda.now();
    const endsMs = beganMs + pulseMs;
    this.#pulses.push({ channel, beganMs, endsMs });
    this.#at(endsMs, () => {
      this.#freeAtMs = endsMs + gapMs;
      this.#active = null;
      this.#startNext();
    });
    this.#at(Math.max(endsMs, beganMs + watchMs), () => {
      if (op.state === opState.pulsing) this.#finish(op, opState.doneNoChange);
    });
    this.#board.pulseBegan(channel);
    if (this.#board.door(channel) === doorLevel.open) this.#finish(op, opState.doneOpened);
  }

  #giveUp(op: Op): void {
    this.#active = null;
    this.#finish(op, opState.fault);
    this.#startNext();
  }

  #finish(op: Op, state: number): void {
    op.state = state;
    this.#board.finished(op.request.channel, state);
  }

  #remember(op: Op): void {
    this.#ops.set(op.request.opId, op);
    if (this.#ops.size <= this.#settings.opsMax) return;
    for (const [opId, { state }] of this.#ops) {
      if (state === opState.queued || state === opState.pulsing) continue;
      this.#ops.delete(opId);
      return;
    }
  }

  /** Deadlines and uptime are 32-bit counters that wrap: the sign of their difference decides. */
  #isPast(notAfterMs: number): boolean {
    return ((this.#board.uptimeMs() - notAfterMs) | 0) > 0;
  }

  #at(whenMs: number, action: () => void): void {
    this.#board.agenda.at(whenMs, () => {
      if (!this.#stopped) action();
    });
  }
}

const answer = (op: Op, result: number): OpAnswer => ({ result, state: op.state, channel: op.request.channel });
