import type { Agenda } from "../agenda.ts";
import type { Dice } from "./dice.ts";

export type BrokerFaults = {
  /** Chance that a message the broker has confirmed never reaches its reader: it was killed without persistence. */
  readonly loss: number;
  readonly duplicate: number;
  /** Chance that a message is held up so long that later ones overtake it. */
  readonly reorder: number;
  /** Chance that the broker never confirms a publish it was given. */
  readonly lostConfirmation: number;
};

const NO_FAULTS: BrokerFaults = { loss: 0, duplicate: 0, reorder: 0, lostConfirmation: 0 };

/** What a connected locker gets from the broker. */
export type Subscriber = { readonly deliver: (message: unknown) => void; readonly lost: () => void };

/** The broker between locker and fleet: MQTT's promises, and what brokers make of them when they are killed. */
export class Broker {
  readonly #agenda: Agenda;
  readonly #dice: Dice;
  #faults = NO_FAULTS;
  #isUp = true;
  #locker: Subscriber | null = null;
  #fleet: ((message: unknown) => void) | null = null;
  /** Kept for a locker that is away, as a persistent session keeps them. */
  #waiting: unknown[] = [];
  #retained: unknown = null;
  readonly counts = { lost: 0, duplicated: 0, reordered: 0, unconfirmed: 0, outages: 0 };

  constructor(agenda: Agenda, dice: Dice) {
    this.#agenda = agenda;
    this.#dice = dice;
  }

  setFaults(faults: BrokerFaults | null): void {
    this.#faults = faults ?? NO_FAULTS;
  }

  stop(): void {
    this.#isUp = false;
    this.counts.outages++;
    const locker = this.#locker;
    this.#locker = null;
    locker?.lost();
  }

  start(): void {
    this.#isUp = true;
  }

  /** The fleet's subscription, which outlives every outage. */
  listen(onMessage: (message: unknown) => void): void {
    this.#fleet = onMessage;
  }

  /** A locker tries to connect. Answers later whether it worked; a new connection takes the place of the former. */
  connect(subscriber: Subscriber, answered: (isConnected: boolean) => void): void {
    this.#agenda.after(this.#dice.between(5, 60), () => {
      if (this.#isUp) this.#locker = subscriber;
      answered(this.#isUp);
      if (!this.#isUp || this.#locker !== subscriber) return;
      if (this.#retained !== null) this.#toLocker(this.#retained);
      for (const message of this.#waiting.splice(0)) this.#toLocker(message);
    });
  }

  disconnect(subscriber: Subscriber): void {
    if (this.#locker === subscriber) this.#locker = null;
  }

  publishUp(subscriber: Subscriber, message: unknown, confirmed: () => void): void {
    if (this.#locker !== subscriber) return;
    const confirmMs = this.#dice.between(2, 20);
    if (!this.#strikes("lostConfirmation", "unconfirmed")) {
      this.#agenda.after(confirmMs, () => {
        if (this.#locker === subscriber) confirmed();
      });
    }
    this.#carry(message, (carried) => this.#fleet?.(carried));
  }

  publishDown(message: unknown, options: { readonly retain: boolean } = { retain: false }): void {
    if (options.retain) this.#retained = message;
    this.#toLocker(message);
  }

  #toLocker(message: unknown): void {
    this.#carry(message, (carried) => {
      if (this.#locker === null) this.#waiting.push(carried);
      else this.#locker.deliver(carried);
    });
  }

  #carry(message: unknown, deliver: (message: unknown) => void): void {
    if (this.#strikes("loss", "lost")) return;
    const lateMs = this.#strikes("reorder", "reordered") ? this.#dice.between(200, 4_000) : 0;
    this.#agenda.after(this.#dice.between(3, 30) + lateMs, () => deliver(message));
    if (this.#strikes("duplicate", "duplicated")) {
      this.#agenda.after(this.#dice.between(10, 5_000), () => deliver(message));
    }
  }

  #strikes(fault: keyof BrokerFaults, count: "lost" | "duplicated" | "reordered" | "unconfirmed"): boolean {
    if (!this.#dice.chance(this.#faults[fault])) return false;
    this.counts[count]++;
    return true;
  }
}
