import type { Agenda } from "./agenda.ts";

/** What can go wrong with one request or one reply on the wire. */
export const lineFaults = [
  "lost_request",
  "bad_request",
  "late_request",
  "duplicate_request",
  "lost_reply",
  "bad_reply",
  "late_reply",
  "duplicate_reply",
  "garbage_prefix",
  "split",
  "merge",
] as const;
export type LineFault = (typeof lineFaults)[number];

export type LineSettings = {
  /** Bits per second of the real wire, 8N1; null: bytes take no time. */
  readonly baud: number | null;
  /** How late a late request or reply is. */
  readonly lateMs: number;
  /** The host hears its own bytes, as with a two-wire adapter that does not mute its receiver. */
  readonly echo: boolean;
};

const SETTINGS: LineSettings = { baud: null, lateMs: 400, echo: false };

/** A node at the end of the line. */
export type LineNode = { readonly receive: (bytes: Uint8Array) => void };

type LineParts = {
  readonly agenda: Agenda;
  readonly random: () => number;
  /** Takes what the host's receiver hears. */
  readonly toHost: (bytes: Uint8Array) => void;
};

/**
 * The two wires between the host and its boards, and everything that happens to bytes on them.
 *
 * One write of the host counts as one request and one send of a board as one reply: faults are drawn for each, so
 * the same seed and the same traffic give the same faults.
 */
export class Line {
  readonly #parts: LineParts;
  readonly #settings: LineSettings;
  readonly #nodes: LineNode[] = [];
  readonly #forced: LineFault[] = [];
  readonly #counts = new Map<LineFault, number>();
  #rates: Partial<Record<LineFault, number>> = {};
  #busyUntilMs = 0;
  #silentUntilMs = 0;
  #isPlugged = true;
  /** Goes up when the plug is pulled: whatever was under way then never arrives. */
  #epoch = 0;
  #held: Uint8Array | null = null;

  constructor(parts: LineParts, settings: Partial<LineSettings> = {}) {
    this.#parts = parts;
    this.#settings = { ...SETTINGS, ...settings };
  }

  attach(node: LineNode): void {
    this.#nodes.push(node);
  }

  /** Chances, 0 to 1, of each fault; a fault not named has none. Replaces what was set before. */
  setRates(rates: Partial<Record<LineFault, number>>): void {
    this.#rates = rates;
  }

  /** Makes a fault happen to the next request or reply it fits, once for each call. */
  inject(fault: LineFault): void {
    this.#forced.push(fault);
  }

  /** How often each fault has happened: a run in which one stands at zero has not tested it. */
  get counts(): Readonly<Record<LineFault, number>> {
    return Object.fromEntries(lineFaults.map((fault) => [fault, this.#counts.get(fault) ?? 0])) as Record<
      LineFault,
      number
    >;
  }

  /** Nobody hears anybody for a while: a stuck adapter, a driver that holds the bus. */
  silence(forMs: number): void {
    this.#silentUntilMs = this.#parts.agenda.now() + forMs;
  }

  unplug(): void {
    this.#isPlugged = false;
    this.#epoch++;
    this.#held = null;
  }

  plug(): void {
    this.#isPlugged = true;
  }

  /** The host wrote. */
  fromHost(bytes: Uint8Array): void {
    if (this.#isDead()) return;
    const { random } = this.#parts;
    const copy = bytes.slice();
    if (this.#settings.echo) this.#onWire(copy, 0, (echoed) => this.#parts.toHost(echoed));
    if (this.#strikes("lost_request")) return;
    const sent = this.#strikes("bad_request") ? withFlippedBit(copy, random) : copy;
    const lateMs = this.#strikes("late_request") ? this.#settings.lateMs : 0;
    this.#onWire(sent, lateMs, (arrived) => this.#toNodes(arrived));
    if (this.#strikes("duplicate_request")) this.#onWire(sent, lateMs + 1, (arrived) => this.#toNodes(arrived));
  }

  /** A board drives the line. */
  fromNode(bytes: Uint8Array): void {
    if (this.#isDead()) return;
    if (this.#strikes("lost_reply")) return;
    const { random } = this.#parts;
    const spoiled = this.#strikes("bad_reply") ? withFlippedBit(bytes, random) : bytes;
    const sent = this.#strikes("garbage_prefix") ? joined(garbage(random), spoiled) : spoiled;
    if (this.#strikes("merge")) {
      this.#held = this.#held === null ? sent : joined(this.#held, sent);
      return;
    }
    const all = this.#held === null ? sent : joined(this.#held, sent);
    this.#held = null;
    const lateMs = this.#strikes("late_reply") ? this.#settings.lateMs : 0;
    const deliver = (arrived: Uint8Array) => this.#parts.toHost(arrived);
    if (this.#strikes("split")) {
      const at = Math.floor(random() * (all.length + 1));
      this.#onWire(all.subarray(0, at), lateMs, deliver);
      this.#onWire(all.subarray(at), lateMs + 1 + random() * 4, deliver);
    } else this.#onWire(all, lateMs, deliver);
    if (this.#strikes("duplicate_reply")) this.#onWire(all, lateMs + 1 + random() * 4, deliver);
  }

  #toNodes(bytes: Uint8Array): void {
    for (const node of this.#nodes) node.receive(bytes);
  }

  /** Delivers when the last bit has passed the wire, which carries one thing at a time. */
  #onWire(bytes: Uint8Array, extraMs: number, deliver: (bytes: Uint8Array) => void): void {
    const { agenda } = this.#parts;
    const { baud } = this.#settings;
    const transferMs = baud === null ? 0 : (bytes.length * BITS_PER_BYTE * 1_000) / baud;
    const beginMs = extraMs === 0 ? Math.max(agenda.now(), this.#busyUntilMs) : agenda.now() + extraMs;
    if (extraMs === 0) this.#busyUntilMs = beginMs + transferMs;
    const epoch = this.#epoch;
    agenda.at(beginMs + transferMs, () => {
      if (epoch === this.#epoch && !this.#isDead()) deliver(bytes);
    });
  }

  #isDead(): boolean {
    return !this.#isPlugged || this.#parts.agenda.now() < this.#silentUntilMs;
  }

  #strikes(fault: LineFault): boolean {
    const forcedAt = this.#forced.indexOf(fault);
    if (forcedAt !== -1) this.#forced.splice(forcedAt, 1);
    const rate = this.#rates[fault] ?? 0;
    const strikes = forcedAt !== -1 || (rate > 0 && this.#parts.random() < rate);
    if (strikes) this.#counts.set(fault, (this.#counts.get(fault) ?? 0) + 1);
    return strikes;
  }
}

/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;

function withFlippedBit(bytes: Uint8Array, random: () => number): Uint8Array {
  const spoiled = bytes.slice();
  const at = Math.floor(random() * spoiled.length);
  spoiled[at] = (spoiled[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  return spoiled;
}

/** What a floating bus shows while the drivers turn round: up to eight bytes of anything. */
function garbage(random: () => number): Uint8Array {
  return Uint8Array.from({ length: 1 + Math.floor(random() * 8) }, () => Math.floor(random() * 256));
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
