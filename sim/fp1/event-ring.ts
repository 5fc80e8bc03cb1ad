import { eventKind, NO_CHANNEL } from "./names.ts";

export type BoardEvent = {
  readonly seq: number;
  readonly kind: number;
  readonly channel: number;
  /** Uptime of the board when it happened. */
  readonly uptimeMs: number;
  readonly arg: number;
};

type Pending = { readonly event: BoardEvent; sent: boolean };

/** Events a board keeps until the host has acknowledged them. */
export class EventRing {
  readonly #capacity: number;
  readonly #pending: Pending[] = [];
  #lastSeq = 0;
  #lostCount = 0;
  #lostUntoldCount = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Number of the newest event of this boot, 0 before the first. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  get lostCount(): number {
    return this.#lostCount;
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Adds an event; a full ring loses it. */
  push(kind: number, channel: number, uptimeMs: number, arg: number): void {
    if (this.#pending.length < this.#capacity) {
      this.#append(kind, channel, uptimeMs, arg);
      return;
    }
    this.#lostCount++;
    this.#lostUntoldCount++;
  }

  /**
   * Forgets every event up to `seq`. A number that this boot has not sent, or keeps no more, changes nothing.
   *
   * The room that this makes is first used to say how many events were lost.
   */
  acknowledge(seq: number, uptimeMs: number): void {
    const index = this.#pending.findIndex(({ event, sent }) => sent && event.seq === seq);
    if (index === -1) return;
    this.#pending.splice(0, index + 1);
    if (this.#lostUntoldCount === 0) return;
    this.#append(eventKind.overflow, NO_CHANNEL, uptimeMs, Math.min(this.#lostUntoldCount, 0xffff));
    this.#lostUntoldCount = 0;
  }

  /** The oldest unacknowledged events, at most `countMax`, which count as sent from now on. */
  batch(countMax: number): BoardEvent[] {
    return this.#pending.slice(0, countMax).map((pending) => {
      pending.sent = true;
      return pending.event;
    });
  }

  #append(kind: number, channel: number, uptimeMs: number, arg: number): void {
    // 0 means "nothing acknowledged", so the sixteen-bit number goes from 65535 back to 1.
    this.#lastSeq = this.#lastSeq === 0xffff ? 1 : this.#lastSeq + 1;
    this.#pending.push({ event: { seq: this.#lastSeq, kind, channel, uptimeMs, arg }, sent: false });
  }
}
