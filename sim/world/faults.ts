import type { Agenda } from "../agenda.ts";
import type { Rig } from "../rig.ts";
import type { Broker } from "./broker.ts";
import type { Clocks } from "./clocks.ts";
import type { Daemon } from "./daemon.ts";
import type { Plan } from "./plan.ts";
import type { Trace } from "./trace.ts";

export type FaultParts = {
  readonly plan: Plan;
  readonly agenda: Agenda;
  readonly trace: Trace;
  readonly rig: Rig;
  readonly broker: Broker;
  readonly clocks: Clocks;
  readonly daemon: Daemon;
};

export const CHANNELS_PER_BOARD = 6;

/** Brings the faults of a plan into the world at their times, counts them, and takes them all out again. */
export class Faults {
  readonly #parts: FaultParts;
  readonly counts = new Map<string, number>();
  #isOver = false;
  #isPlugged = true;
  #isMiswired = false;

  constructor(parts: FaultParts) {
    this.#parts = parts;
    this.#schedule();
  }

  get isPlugged(): boolean {
    return this.#isPlugged;
  }

  /** Coils are crossed, or were. */
  get isMiswired(): boolean {
    return this.#isMiswired;
  }

  /** From now on everything works, except for what has broken for good in the daemon's eyes. */
  end(): void {
    const { rig, broker, plan } = this.#parts;
    this.#isOver = true;
    rig.line.setRates({});
    this.#plug();
    for (const board of rig.boards.values()) {
      board.setSupply({ millivolts: 12_000, sagMillivolts: 1_000 });
      board.restorePower();
    }
    for (const { compartment } of rig.cabinet.truth()) rig.cabinet.setBehaviour(compartment, "spring");
    if (this.#isMiswired && plan.crossed !== null) {
      rig.harness.crossCoils(1, plan.crossed.channelA, plan.crossed.channelB);
    }
    broker.setFaults(null);
    broker.start();
  }

  #schedule(): void {
    const { plan, rig, broker, clocks, daemon } = this.#parts;
    rig.line.setRates(plan.line);
    broker.setFaults(plan.brokerFaults);
    for (const compartment of plan.bouncing) {
      this.#at(0, "bouncing_switch", () => rig.harness.setFeedback(...channelOf(compartment), "bouncing"));
    }
    for (const { atMs, forMs } of plan.silences) this.#at(atMs, "line_silence", () => rig.line.silence(forMs));
    for (const { atMs, forMs } of plan.unplugs) {
      this.#at(atMs, "unplugged_adapter", () => {
        this.#isPlugged = false;
        rig.line.unplug();
        daemon.bus?.unplugged();
      });
      this.#at(atMs + forMs, null, () => this.#plug());
    }
    this.#scheduleBoards();
    for (const { atMs, forMs, compartment, behaviour } of plan.doors) {
      this.#at(atMs, `${behaviour}_door`, () => rig.cabinet.setBehaviour(compartment, behaviour));
      this.#at(atMs + forMs, null, () => rig.cabinet.setBehaviour(compartment, "spring"));
    }
    if (plan.crossed !== null) {
      const { atMs, channelA, channelB } = plan.crossed;
      this.#at(atMs, "crossed_coils", () => {
        this.#isMiswired = true;
        rig.harness.crossCoils(1, channelA, channelB);
      });
    }
    for (const { atMs, forMs, compartment, isRobbed } of plan.breakIns) {
      this.#at(atMs, "break_in", () => {
        if (rig.cabinet.force(compartment).ok && isRobbed) rig.cabinet.takeParcel(compartment);
      });
      this.#at(atMs + forMs, null, () => rig.cabinet.close(compartment));
    }
    for (const atMs of plan.busDeathsAtMs) this.#at(atMs, "bus_death", () => daemon.bus?.killChild());
    for (const { atMs, forMs } of plan.busFreezes) this.#at(atMs, "bus_freeze", () => daemon.bus?.freezeChild(forMs));
    for (const { atMs, forMs } of plan.brokerOutages) {
      this.#at(atMs, "broker_outage", () => broker.stop());
      this.#at(atMs + forMs, null, () => broker.start());
    }
    for (const { atMs, errorMs } of plan.clockJumps) {
      this.#at(atMs, "clock_jump", () => clocks.setWallError(errorMs));
    }
  }

  #scheduleBoards(): void {
    const { plan, rig } = this.#parts;
    for (const { atMs, forMs, board } of plan.boardCuts) {
      this.#at(atMs, "board_power_cut", () => rig.boards.get(board)?.cutPower());
      this.#at(atMs + forMs, null, () => rig.boards.get(board)?.restorePower());
    }
    for (const { atMs, board } of plan.boardResets) {
      this.#at(atMs, "board_reset", () => rig.boards.get(board)?.reset("watchdog"));
    }
    for (const { atMs, forMs, board } of plan.brownouts) {
      // A weak supply: every pulse pulls it below what the processor needs.
      this.#at(atMs, "brown_out", () => rig.boards.get(board)?.setSupply({ millivolts: 11_000, sagMillivolts: 4_000 }));
      this.#at(atMs + forMs, null, () =>
        rig.boards.get(board)?.setSupply({ millivolts: 12_000, sagMillivolts: 1_000 }),
      );
    }
  }

  #plug(): void {
    this.#isPlugged = true;
    this.#parts.rig.line.plug();
  }

  /** Runs a fault, or the end of one (`name` null), unless all faults are over. */
  #at(atMs: number, name: string | null, happen: () => void): void {
    this.#parts.agenda.at(atMs, () => {
      if (this.#isOver) return;
      if (name !== null) {
        this.#parts.trace.say("fault", name);
        this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
      }
      happen();
    });
  }
}

/** Compartments are wired in order: 1 to 6 on board 1, 7 to 12 on board 2. */
export const channelOf = (compartment: number): [board: number, channel: number] => [
  1 + Math.floor((compartment - 1) / CHANNELS_PER_BOARD),
  (compartment - 1) % CHANNELS_PER_BOARD,
];
