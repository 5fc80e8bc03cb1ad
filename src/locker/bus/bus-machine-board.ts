import type { Door } from "../../contract/events.ts";
import type { CompartmentId } from "../../contract/ids.ts";
import { MISSES_MAX, UNLOCK_LIFE_MS_MAX } from "./bus-machine-timing.ts";
import type { BoardAnswer, BoardDriver, BoardEvent } from "./driver.ts";
import type { CommittedEvent, MachineReport } from "./messages.ts";
import type { BoardSettings, Feedback } from "./settings.ts";

type PollAnswer = Extract<BoardAnswer, { kind: "poll" }>;

/** One door as this bus sees it. */
export type Channel = {
  readonly channel: number;
  readonly compartment: CompartmentId;
  readonly feedback: Feedback | null;
  /** What was reported last; null before the first report. */
  believed: Door | null;
  /** What the last poll showed in place of it. A second poll has to agree before it is believed. */
  candidate: Door | null;
  /** When an opening was last told. */
  openedMs: number | null;
};

/** What is known about a board that answers. */
export type Link = {
  readonly boot: number;
  /** Its uptime, and when that was heard; null before the first poll. */
  polled: { readonly uptimeMs: number; readonly heardMs: number } | null;
};

/** What one poll told, beyond its reports. */
export type PollNews = {
  readonly reports: readonly MachineReport[];
  /** Channels whose door was opened since the last poll, whatever it is now. */
  readonly openedChannels: readonly number[];
  /** Every event so far is in; the doors are as `levelOf` says. */
  readonly isCaughtUp: boolean;
};

/** One board: its link, its doors, and the events that may be acknowledged. */
export class Board {
  readonly settings: BoardSettings;
  readonly driver: BoardDriver;
  readonly channels = new Map<number, Channel>();
  health: "unknown" | "ok" | "silent" = "unknown";
  link: Link | null = null;
  /** When it was last asked for its identity or its doors. */
  askedMs = Number.NEGATIVE_INFINITY;
  /** Ask at once, whatever the interval says. */
  isUrgent = false;
  /** Until when its coils are busy with pulses this machine knows of. */
  pulsingUntilMs = Number.NEGATIVE_INFINITY;
  #questionCount = 0;
  #missesCount = 0;
  #levels: readonly Door[] = [];
  /** The boot that `#lastSequence` and `#uncommitted` belong to. */
  #eventBoot: number | null;
  #lastSequence: number | null;
  readonly #uncommitted = new Set<number>();
  /** The events of the last valid poll: only these may be acknowledged. */
  #lastBatch: readonly number[] = [];

  constructor(settings: BoardSettings, driver: BoardDriver, committed: CommittedEvent | undefined) {
    this.settings = settings;
    this.driver = driver;
    this.#eventBoot = committed?.boot ?? null;
    this.#lastSequence = committed?.sequence ?? null;
    for (const { channel, compartment, feedback } of settings.channels) {
      this.channels.set(channel, {
        channel,
        compartment,
        feedback: feedback ?? null,
        believed: null,
        candidate: null,
        openedMs: null,
      });
    }
  }

  /** Identified and polled since: fit to be told to unlock. */
  get isReady(): boolean {
    return this.link !== null && this.link.polled !== null;
  }

  get hasUnsettledDoor(): boolean {
    return [...this.channels.values()].some(({ candidate }) => candidate !== null);
  }

  /** Number for the next question on this link, in which `identify` is 0. */
  nextQuestionNumber(): number {
    return ++this.#questionCount;
  }

  identified(boot: number): void {
    this.#questionCount = 0;
    this.#lastBatch = [];
    this.link = { boot, polled: null };
    this.isUrgent = true;
    if (boot === this.#eventBoot) return;
    this.#eventBoot = boot;
    this.#lastSequence = null;
    this.#uncommitted.clear();
  }

  /** Forgets the link: the next question is `identify`. */
  dropLink(): void {
    this.link = null;
    this.#lastBatch = [];
    for (const channel of this.channels.values()) channel.candidate = null;
  }

  /** A question stayed unanswered. True when it was one too many. */
  missed(): boolean {
    this.dropLink();
    this.#missesCount++;
    return this.#missesCount >= MISSES_MAX && this.health !== "silent";
  }

  silenced(): readonly MachineReport[] {
    this.dropLink();
    this.health = "silent";
    const blind = [...this.channels.values()].filter(({ believed }) => believed !== "unknown");
    return [this.#healthReport("silent"), ...blind.map((channel) => this.#believe(channel, "unknown", null))];
  }

  /** An answer to a poll of the boot that is linked. */
  polled(answer: PollAnswer, nowMs: number): PollNews {
    if (this.link === null || this.link.boot !== answer.boot) throw new Error("a poll of another boot was taken in");
    this.link.polled = { uptimeMs: answer.uptimeMs, heardMs: nowMs };
    this.#missesCount = 0;
    const reports: MachineReport[] = [];
    if (this.health !== "ok") reports.push(this.#healthReport("ok"));
    this.health = "ok";
    const fresh = answer.events.filter(({ sequence }) => this.#isNew(sequence));
    for (const event of fresh) reports.push(...this.#happened(event, nowMs));
    this.#lastBatch = answer.events.map(({ sequence }) => sequence);
    this.#levels = answer.doors;
    if (!answer.hasMoreEvents) reports.push(...this.#settleLevels());
    return {
      reports,
      openedChannels: fresh.flatMap((event) => {
        const channel = event.kind === "door" ? this.channels.get(event.channel) : undefined;
        if (event.kind !== "door" || channel === undefined) return [];
        return throughFeedback(channel, event.door) === "open" ? [event.channel] : [];
      }),
      isCaughtUp: !answer.hasMoreEvents,
    };
  }

  /** The door in the last poll, events aside. */
  levelOf(channel: Channel): Door {
    return throughFeedback(channel, this.#levels[channel.channel] ?? "unknown");
  }

  /** The daemon has made this event, and so all before it, durable. */
  committed({ boot, sequence }: CommittedEvent): void {
    if (boot !== this.#eventBoot || !this.#uncommitted.has(sequence)) return;
    for (const earlier of this.#uncommitted) {
      this.#uncommitted.delete(earlier);
      if (earlier === sequence) return;
    }
  }

  /** The newest event of the last poll before the first that is not durable yet; 0 for none. */
  acknowledgeTo(): number {
    const firstOpen = this.#lastBatch.findIndex((sequence) => this.#uncommitted.has(sequence));
    const durable = firstOpen === -1 ? this.#lastBatch : this.#lastBatch.slice(0, firstOpen);
    return durable.at(-1) ?? 0;
  }

  /**
   * A deadline by the board's own uptime.
   *
   * Reckoned from when its uptime was heard, not asked, so that the error can only make the deadline earlier.
   */
  uptimeAt(whenMs: number, nowMs: number): number {
    if (this.link === null || this.link.polled === null) throw new Error("the uptime of an unpolled board was asked");
    const { uptimeMs, heardMs } = this.link.polled;
    return Math.floor(uptimeMs + Math.min(whenMs, nowMs + UNLOCK_LIFE_MS_MAX) - heardMs) >>> 0;
  }

  #isNew(sequence: number): boolean {
    if (this.#lastSequence === null) return true;
    // Sixteen-bit numbers that wrap: the shorter way round tells which is the newer.
    const aheadBy = (sequence - this.#lastSequence) & 0xffff;
    return aheadBy > 0 && aheadBy < 0x8000;
  }

  #happened(event: BoardEvent, nowMs: number): readonly MachineReport[] {
    this.#lastSequence = event.sequence;
    const channel = event.kind === "door" ? this.channels.get(event.channel) : undefined;
    if (event.kind !== "door" || channel === undefined || channel.feedback === "none") return [];
    const door = throughFeedback(channel, event.door);
    if (door === "open") channel.openedMs = nowMs;
    channel.candidate = null;
    if (door === channel.believed) return [];
    this.#uncommitted.add(event.sequence);
    return [this.#believe(channel, door, event.sequence)];
  }

  #settleLevels(): readonly MachineReport[] {
    return [...this.channels.values()].flatMap((channel) => {
      const level = this.levelOf(channel);
      if (level === channel.believed) {
        channel.candidate = null;
        return [];
      }
      if (level === channel.candidate) return [this.#believe(channel, level, null)];
      channel.candidate = level;
      return [];
    });
  }

  #believe(channel: Channel, door: Door, sequence: number | null): MachineReport {
    channel.believed = door;
    channel.candidate = null;
    const event =
      sequence === null || this.#eventBoot === null
        ? null
        : { board: this.settings.name, boot: this.#eventBoot, sequence };
    return { report: { kind: "door", compartment: channel.compartment, door }, event };
  }

  #healthReport(health: "ok" | "silent"): MachineReport {
    return { report: { kind: "board", board: this.settings.name, health }, event: null };
  }
}

/** Takes the board's word through how the switch is wired. */
function throughFeedback({ feedback }: Channel, door: Door): Door {
  if (feedback === "none" || door === "unknown") return "unknown";
  if (feedback !== "open-closes") return door;
  return door === "open" ? "closed" : "open";
}
