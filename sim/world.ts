import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { CompartmentId, CourierId, Epoch, LockerHandle } from "../src/contract/ids.ts";
import { epochMs } from "../src/contract/time.ts";
import { fold } from "../src/fleet/fold.ts";
import type { BusSettings } from "../src/locker/bus/settings.ts";
import type { State } from "../src/locker/domain/model.ts";
import { Agenda } from "./agenda.ts";
import { lineFaults } from "./line.ts";
import { buildRig, type Rig } from "./rig.ts";
import { Broker } from "./world/broker.ts";
import { Clocks } from "./world/clocks.ts";
import { Courier } from "./world/courier.ts";
import { type CrashPoint, CrashPoints } from "./world/crash-points.ts";
import { Daemon, type Tampering } from "./world/daemon.ts";
import { type Dice, diceFor } from "./world/dice.ts";
import { CHANNELS_PER_BOARD, Faults } from "./world/faults.ts";
import { Judge } from "./world/judge.ts";
import { Kiosk } from "./world/kiosk.ts";
import { ModelBus } from "./world/model-bus.ts";
import { type Fold, ModelFleet } from "./world/model-fleet.ts";
import { remoteOpen } from "./world/operator.ts";
import { drawPlan, type Plan, type PlannedCrash } from "./world/plan.ts";
import { Recipient } from "./world/recipient.ts";
import { play, type Script } from "./world/script.ts";
import { ModelSecrets } from "./world/secrets.ts";
import { keepDoorsShut, type Town } from "./world/town.ts";
import { Trace } from "./world/trace.ts";

export type WorldOptions = {
  readonly seed: number;
  readonly withFaults: boolean;
  /** Sees every line of the trace. */
  readonly print?: (line: string) => void;
  /** Changes what was drawn: for a world with one thing in it. */
  readonly plan?: Partial<Plan>;
  /** Bugs planted on purpose, to prove that the checks find them. */
  readonly mutant?: Tampering & {
    readonly fold?: Fold;
    /** Looks at the world before every check, and may spoil it. */
    readonly meddle?: (world: World, state: State) => void;
  };
};

export type WorldResult = {
  readonly seed: number;
  readonly hash: string;
  readonly violations: readonly string[];
  /** Parcels that were deposited and picked up with a code. */
  readonly cyclesCount: number;
  readonly inputsCount: number;
  readonly pulsesCount: number;
  readonly crashes: Readonly<Record<CrashPoint, number>>;
  readonly faults: ReadonlyMap<string, number>;
};

const HANDLE = "simlocker01" as LockerHandle;
const COURIERS = ["20001", "20002"] as const;
const BAUD_RATE = 115_200;
/** People and faults come in this time; then the last of them get some more to finish. */
const SAFETY_MS = 300_000;
const CONVERGE_MS_MAX = 60_000;
const PICKUP_MS_MAX = 60_000;
/** From a door's movement to what the daemon makes of it, with nothing in the way. */
const DOOR_MS_MAX = 3_000;

/** A whole locker with everything around it, by one virtual clock and one seed. */
export class World {
  readonly agenda = new Agenda();
  readonly rig: Rig;
  readonly daemon: Daemon;
  readonly judge: Judge;
  readonly fleet: ModelFleet;
  readonly #plan: Plan;
  readonly #trace: Trace;
  readonly #clocks = new Clocks(this.agenda);
  readonly #crashPoints = new CrashPoints();
  readonly #secrets: ModelSecrets;
  readonly #broker: Broker;
  readonly #faults: Faults;
  readonly #town: Town;
  readonly #couriers: readonly Courier[];
  readonly #recipients: Recipient[] = [];
  /** Where the database is, each run's in a file of its own. */
  readonly folder: string;
  readonly #armedCrashes = new Map<CrashPoint, PlannedCrash>();
  readonly #dice: Dice;
  #mustSettle = false;
  #playing = 0;
  #isSafetyOver = false;

  constructor({ seed, withFaults, plan, print, mutant = {} }: WorldOptions) {
    this.#plan = { ...drawPlan(seed, withFaults), ...plan };
    this.#dice = diceFor(seed, "world");
    this.folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "lockerd-world-"));
    this.#trace = new Trace(() => this.agenda.now(), print);
    this.#trace.say("plan", this.#plan);
    const { agenda } = this;
    this.rig = buildRig({
      agenda,
      random: diceFor(seed, "wire").random,
      layout: this.#boardLayout(),
      toHost: (bytes) => this.daemon.bus?.hear(bytes),
      lineSettings: { baud: BAUD_RATE, lateMs: this.#plan.lateMs, echo: this.#plan.echo },
    });
    this.judge = new Judge({
      cabinet: this.rig.cabinet,
      trace: this.#trace,
      nowMs: () => agenda.now(),
      isMiswired: () => this.#faults.isMiswired,
      plannedCompartment: (board, channel) => ((board - 1) * CHANNELS_PER_BOARD + channel + 1) as CompartmentId,
    });
    const resolving = () => {
      this.#mustSettle = true;
    };
    this.#secrets = new ModelSecrets({ agenda, dice: diceFor(seed, "secrets"), resolving });
    this.#broker = new Broker(agenda, diceFor(seed, "broker"));
    const epoch = diceFor(seed, "epoch").hex(16) as Epoch;
    this.fleet = new ModelFleet({
      broker: this.#broker,
      dice: diceFor(seed, "fleet"),
      wallMs: () => Math.floor(this.#clocks.trueWallMs()),
      ...{ handle: HANDLE, epoch, fold: mutant.fold ?? fold },
      onSealed: (sealed) => this.#notify(sealed),
      onFault: (fault) => this.judge.report([fault]),
    });
    this.daemon = this.#newDaemon(epoch, mutant);
    this.#faults = new Faults({
      ...{ plan: this.#plan, agenda, trace: this.#trace, rig: this.rig, broker: this.#broker },
      ...{ clocks: this.#clocks, daemon: this.daemon },
    });
    this.#town = this.#newTown(seed);
    this.#couriers = COURIERS.map((id) => new Courier(this.#town, id));
  }

  /** Plays the whole world: safety under faults, then liveness without, then the last comparisons. */
  async run(): Promise<WorldResult> {
    try {
      this.#begin();
      await this.#advanceUntil(() => this.#isQuiet(), SAFETY_MS);
      await this.#live();
      return this.#result();
    } finally {
      this.daemon.close();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  #begin(): void {
    const { agenda } = this;
    keepDoorsShut(this.#town);
    this.#publishRoster();
    this.daemon.start("synced");
    for (const crash of this.#plan.crashes) agenda.at(crash.atMs, () => this.#crash(crash));
    for (const atMs of this.#plan.cleanStopsAtMs) agenda.at(atMs, () => this.#restartCleanly());
    for (const atMs of this.#plan.remoteOpensAtMs) agenda.at(atMs, () => this.#openRemotely());
    for (let index = 0; index < this.#plan.parcels; index++) {
      const courier = this.#dice.pick(this.#couriers);
      const size = this.#dice.pick(["S", "S", "M", "L"] as const);
      agenda.at(this.#dice.between(2_000, 150_000), () => courier.give({ name: `parcel-${index}`, size }));
    }
    for (const courier of this.#couriers) this.#play(this.#rounds(courier));
  }

  /** A courier comes again and again while there is something to deliver. */
  *#rounds(courier: Courier): Script {
    yield this.#dice.between(3_000, 15_000);
    while (!this.#isSafetyOver) {
      if (!courier.isDone) yield* courier.visit();
      yield this.#dice.between(8_000, 30_000);
      if (this.agenda.now() > 160_000 && courier.isDone) return;
    }
  }

  /** The vault has opened a sealed secret: its recipient gets a notice. */
  #notify(sealed: string): void {
    const recipient = new Recipient(this.#town, this.#secrets.unseal(sealed));
    this.#trace.say("notice", recipient.deposit);
    this.#recipients.push(recipient);
    if (!this.#isSafetyOver) this.#play(recipient.errand());
  }

  #openRemotely(): void {
    const numbers = this.#plan.sizes.map((_, index) => (index + 1) as CompartmentId);
    if (!this.#isSafetyOver) this.#play(remoteOpen(this.#town, this.#dice.pick(numbers)));
  }

  #crash(crash: PlannedCrash): void {
    if (this.#isSafetyOver) return;
    this.#armedCrashes.set(crash.point, crash);
    if (crash.point === "between_inputs") this.daemon.kill();
    else this.#crashPoints.arm(crash.point);
  }

  #crashed(point: CrashPoint): void {
    const crash = this.#armedCrashes.get(point);
    this.#trace.say("crash", point, crash?.kind ?? "");
    this.judge.daemonEnded();
    const boards = crash?.boardsToo === true ? [...this.rig.boards.values()] : [];
    for (const board of boards) board.cutPower();
    this.agenda.after(crash?.downMs ?? 1_000, () => {
      for (const board of boards) board.restorePower();
      this.#restart(crash?.kind ?? "process");
    });
  }

  #restart(after: "process" | "power"): void {
    if (after === "process") return this.daemon.start("synced");
    this.#clocks.reboot();
    this.#clocks.forgetWall();
    this.daemon.start("unset");
    this.agenda.after(this.#dice.between(3_000, 20_000), () => {
      this.#clocks.setWallError(0);
      this.daemon.post({ kind: "clock", trust: "synced" });
    });
  }

  #restartCleanly(): void {
    if (this.#isSafetyOver || this.daemon.state === undefined) return;
    this.#mustSettle = true;
    this.daemon.stop().then(
      (isStopped) => {
        if (!isStopped) return;
        this.judge.daemonEnded();
        this.agenda.after(1_500, () => this.daemon.start("synced"));
      },
      (cause: unknown) => this.judge.report([`the daemon does not stop: ${String(cause)}`]),
    );
  }

  #isQuiet(): boolean {
    return this.agenda.now() > 200_000 && this.#playing === 0;
  }

  /** Faults are over: within a minute everything agrees, and every parcel can be had with its code. */
  async #live(): Promise<void> {
    this.#trace.say("liveness");
    this.#isSafetyOver = true;
    this.#crashPoints.disarmAll();
    this.#faults.end();
    await this.#advanceUntil(() => this.#playing === 0, 180_000);
    if (this.#playing > 0) this.judge.report([`liveness: ${this.#playing} people never came to an end`]);
    for (const { compartment, door } of this.rig.cabinet.truth())
      if (door === "open") this.rig.cabinet.close(compartment);
    const isConverged = () => this.#openEnds().length === 0;
    await this.#advanceUntil(isConverged, CONVERGE_MS_MAX);
    if (!isConverged()) return this.judge.report(this.#openEnds().map((end) => `liveness: ${end}`));
    await this.#emptyTheCabinet();
    await this.#advanceUntil(isConverged, CONVERGE_MS_MAX);
    this.judge.report(this.#openEnds().map((end) => `liveness: ${end}`));
    const { state, store } = this.daemon;
    if (state !== undefined && store !== undefined) this.judge.atTheEnd(state, store, this.fleet);
  }

  /** What has not yet come to rest, as sentences. */
  #openEnds(): readonly string[] {
    const { state, store } = this.daemon;
    if (state === undefined || store === undefined) return ["the daemon is down"];
    const found: string[] = [];
    const acked = state.meta.get(1)?.ackedSeq ?? 0;
    if (acked !== store.lastSeq()) found.push(`row ${store.lastSeq()} is not acknowledged, only ${acked}`);
    for (const { id, state: what } of state.authorisation.values()) {
      if (what === "commanded") found.push(`authorisation ${id} is still commanded`);
    }
    for (const { compartment, door } of this.rig.cabinet.truth()) {
      const believed = state.door.get(compartment as CompartmentId)?.door ?? "unknown";
      if (believed !== door) found.push(`door ${compartment} is ${door} and believed ${believed}`);
    }
    for (const deposit of state.deposit.values()) {
      if (deposit.code === "pending") found.push(`deposit ${deposit.id} waits for its code`);
    }
    return found;
  }

  /** Every parcel that is not in doubt comes out by its code. */
  async #emptyTheCabinet(): Promise<void> {
    const { state } = this.daemon;
    for (const deposit of [...(state?.deposit.values() ?? [])]) {
      if (deposit.state !== "stored" || deposit.doubtedBy !== null || deposit.held) continue;
      if (state?.compartment.get(deposit.compartment)?.outOfService !== null) continue;
      const recipient = this.#recipients.findLast((each) => each.deposit === deposit.id);
      if (recipient === undefined) {
        this.judge.report([`liveness: nobody was told the code of deposit ${deposit.id}`]);
        continue;
      }
      const wasFull = this.rig.cabinet.truthOf(deposit.compartment)?.parcel !== null;
      this.#play(recipient.fetchForGood());
      await this.#advanceUntil(() => this.#playing === 0, PICKUP_MS_MAX);
      this.rig.cabinet.close(deposit.compartment);
      await this.#advanceUntil(() => this.daemon.state?.deposit.get(deposit.id)?.state === "collected", DOOR_MS_MAX);
      const isOut = this.rig.cabinet.truthOf(deposit.compartment)?.parcel === null;
      const row = this.daemon.state?.deposit.get(deposit.id);
      if (!isOut || (wasFull && row?.state !== "collected")) {
        this.judge.report([`liveness: the code of deposit ${deposit.id} does not get its parcel (${row?.state})`]);
      }
    }
  }

  #play(script: Script): void {
    this.#playing++;
    play(this.agenda, script, () => {
      this.#playing--;
    });
  }

  /** Lets time pass until something holds, at most so long. */
  async #advanceUntil(holds: () => boolean, forMs: number): Promise<void> {
    const endMs = this.agenda.now() + forMs;
    for (let stepMs = this.agenda.now(); stepMs < endMs && !holds(); ) {
      stepMs = Math.min(stepMs + 250, endMs);
      for (let due = this.agenda.nextAt(); due !== undefined && due <= stepMs; due = this.agenda.nextAt()) {
        this.agenda.advance(due);
        if (!this.#mustSettle) continue;
        // Promises settled at this moment react before the next one comes.
        this.#mustSettle = false;
        await setImmediate();
      }
      this.agenda.advance(stepMs);
    }
  }

  #newDaemon(epoch: Epoch, mutant: NonNullable<WorldOptions["mutant"]>): Daemon {
    const { agenda, rig } = this;
    const clocks = this.#clocks;
    return new Daemon({
      agenda,
      clocks,
      ...{ dice: diceFor(this.#plan.seed, "daemon"), trace: this.#trace, folder: this.folder, handle: HANDLE, epoch },
      layout: this.#plan.sizes.map((size, index) => ({ id: (index + 1) as CompartmentId, size })),
      ...{ secrets: this.#secrets, broker: this.#broker, witness: this.judge.witness, crashPoints: this.#crashPoints },
      newBus: () =>
        new ModelBus({
          ...{ agenda, clocks, dice: diceFor(this.#plan.seed, `bus ${agenda.now()}`), settings: this.#busSettings() },
          ...{ line: rig.line, isPlugged: () => this.#faults.isPlugged },
        }),
      tampering: mutant,
      onInput: (state) => {
        mutant.meddle?.(this, state);
        this.judge.afterInput(state);
      },
      onOpened: (store) => this.judge.opened(store, store.opened),
      onCrash: (point) => this.#crashed(point),
      onFault: (fault) => this.judge.report([fault]),
    });
  }

  #newTown(seed: number): Town {
    const dice = diceFor(seed, "people");
    return {
      ...{ agenda: this.agenda, dice, clocks: this.#clocks, cabinet: this.rig.cabinet, fleet: this.fleet },
      kiosk: new Kiosk(this.daemon, this.#clocks, diceFor(seed, "kiosk")),
      counts: { depositsBegun: 0, parcelsBroughtHome: 0, pickups: 0, remoteOpens: 0, wrongCodes: 0, disputes: 0 },
      complain: (fault) => this.judge.report([fault]),
    };
  }

  #publishRoster(): void {
    const entry = { pinHash: "$argon2id$model", totpSealed: "sealed", mayDeposit: true, mayRecall: false };
    const roster = COURIERS.map((id) => ({ id: id as string as CourierId, ...entry }));
    const issuedAt = epochMs(Math.floor(this.#clocks.trueWallMs()));
    this.#broker.publishDown({ kind: "desired", version: 1, issuedAt, roster }, { retain: true });
  }

  #boardLayout() {
    const boards = Array.from({ length: this.#plan.boards }, (_, index) => ({
      address: index + 1,
      channels: Array.from({ length: CHANNELS_PER_BOARD }, (_unused, channel) => ({
        channel,
        compartment: index * CHANNELS_PER_BOARD + channel + 1,
      })),
    }));
    return { boards };
  }

  #busSettings(): BusSettings {
    return {
      name: "bus0",
      transport: { kind: "serial", path: "/dev/lockerd-bus0", baudRate: BAUD_RATE },
      boards: this.#boardLayout().boards.map(({ address, channels }) => ({
        ...{ name: `board-${address}`, protocol: "fp1", address, unlockPulseMs: 300 },
        channels: channels.map(({ channel, compartment }) => ({ channel, compartment: compartment as CompartmentId })),
      })),
    };
  }

  #result(): WorldResult {
    const faults = new Map(this.#faults.counts);
    const wire = this.rig.line.counts;
    for (const fault of lineFaults) faults.set(fault, wire[fault]);
    for (const [name, count] of Object.entries(this.#broker.counts)) faults.set(`broker_${name}`, count);
    const counts = this.#town.counts;
    this.#trace.say("end", counts, this.judge.violations.length, this.judge.ledger.openings.length);
    return {
      seed: this.#plan.seed,
      hash: this.#trace.digest(),
      violations: this.judge.violations,
      cyclesCount: counts.pickups,
      inputsCount: this.daemon.inputsCount,
      pulsesCount: [...this.judge.ledger.pulses.values()].flat().length,
      crashes: this.#crashPoints.hits,
      faults,
    };
  }
}

export const runWorld = (options: WorldOptions): Promise<WorldResult> => new World(options).run();
