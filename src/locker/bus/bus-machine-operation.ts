import { unreachable } from "../../../firmware-protocol/unreachable.ts";
import type { OpId } from "../../contract/ids.ts";
import type { Board, Channel, PollNews } from "./bus-machine-board.ts";
import {
  CLOSED_POLLS,
  DOUBT_MS_MAX,
  PULSE_GAP_MS,
  PULSE_SETTLE_MS,
  UNLOCK_LIFE_MS_MAX,
  UPTIME_MARGIN_MS,
  WATCH_MS_MAX,
} from "./bus-machine-timing.ts";
import type { BoardAnswer, OperationMemory } from "./driver.ts";

/** What becomes of an unlock, told once. */
export type Outcome =
  | { readonly outcome: "accepted" | "unknown" }
  | { readonly outcome: "rejected"; readonly reason: string };

export type Evidence = "never_seen" | "no_change" | "opened" | "unknown";

/** What was written, and what the board was at that moment. */
type Sent = {
  readonly boot: number;
  readonly writtenMs: number;
  readonly notAfterUptimeMs: number;
};

/**
 * `doubtful`: written, and no answer to it. The operation is in the board's memory or it is not; but a frame held up
 * in a gateway can still arrive, so "never seen" proves nothing before the frame's own deadline has passed by the
 * board's uptime. Only then, asked again and with the same boot before and after, it says that no pulse was given.
 */
type Phase =
  | { readonly kind: "queued" }
  | { readonly kind: "asked"; readonly sent: Sent }
  | {
      readonly kind: "doubtful";
      readonly sent: Sent;
      askAtMs: number;
      /** When last asked, the board's uptime was past the deadline. */
      isPastDeadline: boolean;
      isNeverSeen: boolean;
    }
  | { readonly kind: "accepted"; readonly sent: Sent; readonly acceptedMs: number; readonly pulseOverMs: number };

const unknown: Outcome = { outcome: "unknown" };
const rejected = (reason: string): Outcome => ({ outcome: "rejected", reason });

/** One unlock, from the queue until its door has moved, or is known not to have. */
export class Operation {
  readonly op: OpId;
  readonly board: Board;
  readonly channel: Channel;
  readonly notAfterMs: number;
  phase: Phase = { kind: "queued" };
  /** The door was seen other than closed since the frame was written. */
  #hasMoved = false;
  #closedPolls = 0;

  constructor(command: { op: OpId; board: Board; channel: Channel; notAfterMs: number }) {
    this.op = command.op;
    this.board = command.board;
    this.channel = command.channel;
    this.notAfterMs = command.notAfterMs;
  }

  written(sent: Sent): void {
    this.phase = { kind: "asked", sent };
    this.#hasMoved = this.channel.believed !== "closed";
  }

  /** The board's answer to the unlock frame itself. */
  answered(answer: BoardAnswer, nowMs: number): Outcome | undefined {
    if (this.phase.kind !== "asked") return undefined;
    if (answer.kind === "refused") return rejected(answer.reason);
    if (answer.kind !== "unlock") return this.unanswered(nowMs);
    if (answer.verdict === "rejected") return rejected(answer.reason);
    if (answer.verdict === "accepted") return this.#accepted(this.phase.sent, nowMs);
    // The frame met another boot than the one it was made for. Whether a copy of it met the right one before, the
    // uptime of the present boot tells: see `decidedByBoot`.
    this.phase = doubt(this.phase.sent, Number.POSITIVE_INFINITY);
    return undefined;
  }

  /** No valid answer came. The frame is never written again; the board is asked what it knows instead. */
  unanswered(nowMs: number): Outcome | undefined {
    if (this.phase.kind !== "asked") return undefined;
    if (!this.board.driver.abilities.remembersOperations) return unknown;
    this.phase = doubt(this.phase.sent, nowMs);
    return undefined;
  }

  /** When the board is to be asked what it remembers; undefined for not at all. */
  get askAtMs(): number | undefined {
    return this.phase.kind === "doubtful" ? this.phase.askAtMs : undefined;
  }

  asking(): void {
    const uptimeMs = this.board.link?.polled?.uptimeMs;
    if (this.phase.kind !== "doubtful" || uptimeMs === undefined) return;
    this.phase.isPastDeadline = isLater(uptimeMs, this.phase.sent.notAfterUptimeMs);
    this.phase.askAtMs = Number.POSITIVE_INFINITY;
  }

  /** Asked, and no answer: the link is restarted, then it is asked again. */
  askedInVain(nowMs: number): void {
    if (this.phase.kind === "doubtful") this.phase.askAtMs = nowMs;
  }

  remembered(memory: OperationMemory, nowMs: number): Outcome | undefined {
    if (this.phase.kind !== "doubtful") return undefined;
    if (memory.kind === "refused") return rejected(memory.reason);
    if (memory.kind !== "never_seen") return this.#accepted(this.phase.sent, nowMs);
    this.phase.isNeverSeen = this.phase.isPastDeadline;
    this.board.isUrgent = true;
    return undefined;
  }

  /**
   * The board was polled in another boot than the frame was written for.
   *
   * If that boot began before the frame was written, no earlier boot can have seen it, and this one refuses it.
   */
  decidedByBoot(poll: { uptimeMs: number; heardMs: number }): Outcome {
    const writtenMs = this.phase.kind === "queued" ? Number.NEGATIVE_INFINITY : this.phase.sent.writtenMs;
    return poll.heardMs - poll.uptimeMs * SURE_UPTIME < writtenMs ? rejected("stale_boot") : unknown;
  }

  /** The boot the frame was written for; null while nothing was written. */
  get boot(): number | null {
    return this.phase.kind === "queued" ? null : this.phase.sent.boot;
  }

  /** Takes in a poll of the boot the frame was written for. */
  polled(news: PollNews, nowMs: number): Outcome | "still_closed" | undefined {
    const { phase, channel } = this;
    if (phase.kind === "queued") return undefined;
    const hasOpened = news.openedChannels.includes(channel.channel);
    if (hasOpened || (news.isCaughtUp && this.board.levelOf(channel) !== "closed")) this.#hasMoved = true;
    if (phase.kind === "doubtful") {
      if (phase.isNeverSeen) return rejected("not_received");
      const uptimeMs = this.board.link?.polled?.uptimeMs ?? 0;
      const isPast = isLater(uptimeMs, phase.sent.notAfterUptimeMs);
      if (isPast && !phase.isPastDeadline && phase.askAtMs === Number.POSITIVE_INFINITY) phase.askAtMs = nowMs;
    }
    if (phase.kind !== "accepted" || nowMs < phase.pulseOverMs || !news.isCaughtUp || this.#hasMoved) return undefined;
    if (channel.believed !== "closed") return undefined;
    this.#closedPolls++;
    return this.#closedPolls >= CLOSED_POLLS ? "still_closed" : undefined;
  }

  /** Nothing more is to be learnt about it: its door moved, or it was watched long enough. */
  isOver(nowMs: number): boolean {
    if (this.phase.kind !== "accepted") return false;
    return this.#hasMoved || nowMs >= this.phase.acceptedMs + WATCH_MS_MAX;
  }

  /** The last moment for an outcome, and what it is then. */
  get deadline(): { readonly dueMs: number; readonly outcome: Outcome } | undefined {
    if (this.phase.kind === "queued") return { dueMs: this.notAfterMs, outcome: rejected("expired") };
    if (this.phase.kind === "doubtful") return { dueMs: this.notAfterMs + DOUBT_MS_MAX, outcome: unknown };
    return undefined;
  }

  #accepted(sent: Sent, nowMs: number): Outcome {
    // The board has one coil on at a time, so this pulse follows those it was given before.
    const beginMs = Math.max(nowMs, this.board.pulsingUntilMs);
    const endMs = beginMs + this.board.settings.unlockPulseMs;
    this.board.pulsingUntilMs = endMs + PULSE_GAP_MS;
    this.phase = { kind: "accepted", sent, acceptedMs: nowMs, pulseOverMs: endMs + PULSE_SETTLE_MS };
    return { outcome: "accepted" };
  }
}

/** A question about an operation of an earlier run of the daemon. */
export class Inquiry {
  readonly op: OpId;
  readonly board: Board;
  readonly channel: Channel;
  readonly #beganMs: number | null;
  readonly #giveUpMs: number;
  askAtMs: number;
  #askedBoot: number | null = null;
  #heard: OperationMemory | null = null;

  constructor(query: { op: OpId; board: Board; channel: Channel; ageMs: number | null }, nowMs: number) {
    this.op = query.op;
    this.board = query.board;
    this.channel = query.channel;
    this.#beganMs = query.ageMs === null ? null : nowMs - query.ageMs;
    this.askAtMs = nowMs;
    this.#giveUpMs = nowMs + UNLOCK_LIFE_MS_MAX + INQUIRY_MS_MAX;
  }

  get deadlineMs(): number {
    return this.#giveUpMs;
  }

  asking(): void {
    this.askAtMs = Number.POSITIVE_INFINITY;
    this.#askedBoot = this.board.link?.boot ?? null;
    this.#heard = null;
  }

  askAgain(whenMs: number): void {
    this.askAtMs = whenMs;
    this.#heard = null;
  }

  remembered(memory: OperationMemory, nowMs: number): Evidence | undefined {
    switch (memory.kind) {
      case "pending":
        this.askAtMs = nowMs + PENDING_RETRY_MS;
        return undefined;
      case "over":
        // What the board calls open is only true if the switch is wired the way the board thinks.
        if (memory.effect === "unknown" || !this.#isSwitchTrusted()) return "unknown";
        if (memory.effect === "opened") return "opened";
        break;
      case "never_seen":
      case "refused":
        break;
      default:
        return unreachable(memory);
    }
    // A following poll of the same boot has to confirm these, and brings the events that may contradict.
    this.#heard = memory;
    this.board.isUrgent = true;
    return undefined;
  }

  polled(news: PollNews, poll: { uptimeMs: number; heardMs: number }): Evidence | undefined {
    const heard = this.#heard;
    if (heard === null || !news.isCaughtUp) return undefined;
    if (this.#askedBoot !== this.board.link?.boot) {
      this.askAgain(poll.heardMs);
      return undefined;
    }
    if (heard.kind === "never_seen") return this.#neverSeen(poll);
    return this.#mayHaveOpened() || this.channel.believed === "unknown" ? "unknown" : "no_change";
  }

  /**
   * Never seen in this boot, which proves something only if this boot is older than the operation; and only after
   * any frame of it that was held up on the way is dead.
   */
  #neverSeen({ uptimeMs, heardMs }: { uptimeMs: number; heardMs: number }): Evidence | undefined {
    if (this.#beganMs === null) return "unknown";
    const ageMs = heardMs - this.#beganMs;
    if (uptimeMs < ageMs + AGE_DOUBT_MS) return "unknown";
    if (ageMs > UNLOCK_LIFE_MS_MAX + UPTIME_MARGIN_MS) return "never_seen";
    this.askAgain(this.#beganMs + UNLOCK_LIFE_MS_MAX + UPTIME_MARGIN_MS + 1);
    return undefined;
  }

  #mayHaveOpened(): boolean {
    const { openedMs } = this.channel;
    return openedMs !== null && (this.#beganMs === null || openedMs >= this.#beganMs);
  }

  #isSwitchTrusted(): boolean {
    return this.channel.feedback === null || this.channel.feedback === "locked-closes";
  }
}

/** The age comes from a wall clock, which may have been set back since: a board that started about then proves nothing. */
const AGE_DOUBT_MS = 60_000;
/** The part of a board's uptime that is believed when it has to prove something: its oscillator may run fast. */
const SURE_UPTIME = 0.97;
/** An operation that is still pending is asked about again after this. */
const PENDING_RETRY_MS = 200;
/** An inquiry that waits for a late frame to die is answered at the latest this long after that. */
const INQUIRY_MS_MAX = 5_000;

const doubt = (sent: Sent, askAtMs: number): Phase => ({
  kind: "doubtful",
  sent,
  askAtMs,
  isPastDeadline: false,
  isNeverSeen: false,
});

/** Uptimes are counters of 32 bits that wrap: the sign of the difference decides. */
const isLater = (uptimeMs: number, thanMs: number): boolean => ((uptimeMs - thanMs) | 0) > 0;
