import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { Epoch, LockerHandle } from "../../src/contract/ids.ts";
import type { ClockTrust, MonoMs } from "../../src/contract/time.ts";
import type { Input, Layout } from "../../src/locker/domain/input.ts";
import type { State } from "../../src/locker/domain/model.ts";
import type { Reply } from "../../src/locker/domain/output.ts";
import { Engine } from "../../src/locker/engine.ts";
import type { Alarm, LockBus, Outbox, Secrets, Store, Uplink } from "../../src/locker/ports.ts";
import { openStore, type SqliteStore } from "../../src/locker/store/sqlite-store.ts";
import type { Agenda } from "../agenda.ts";
import type { Broker } from "./broker.ts";
import type { Clocks } from "./clocks.ts";
import { type CrashPoint, type CrashPoints, SimCrash } from "./crash-points.ts";
import type { Dice } from "./dice.ts";
import type { ModelBus } from "./model-bus.ts";
import { ModelUplink } from "./model-uplink.ts";
import type { Trace } from "./trace.ts";
import { isDurable, type Witness } from "./witness.ts";

/** Ways to plant a bug between the daemon's core and its rim; a world without tampering gives what it got. */
export type Tampering = {
  readonly store?: (store: Store) => Store;
  readonly bus?: (bus: LockBus) => LockBus;
};

export type DaemonParts = {
  readonly agenda: Agenda;
  readonly clocks: Clocks;
  readonly dice: Dice;
  readonly trace: Trace;
  readonly folder: string;
  readonly handle: LockerHandle;
  readonly epoch: Epoch;
  readonly layout: Layout;
  readonly secrets: Secrets;
  readonly broker: Broker;
  readonly newBus: () => ModelBus;
  readonly witness: Witness;
  readonly crashPoints: CrashPoints;
  readonly tampering: Tampering;
  /** After every input. */
  readonly onInput: (state: State) => void;
  /** A store was opened, before its engine runs. */
  readonly onOpened: (store: SqliteStore) => void;
  readonly onCrash: (point: CrashPoint) => void;
  /** The core or the store threw: a bug. */
  readonly onFault: (fault: string) => void;
};

/** One run of the daemon after another, on one database: the real engine and store, model ports, and named deaths. */
export class Daemon {
  readonly #parts: DaemonParts;
  #generation = 0;
  #engine: Engine | null = null;
  #store: SqliteStore | null = null;
  #bus: ModelBus | null = null;
  #uplink: ModelUplink | null = null;
  #cancelAlarm: () => void = () => {};
  #inputsCount = 0;
  #unlocksCount = 0;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
  }

  get inputsCount(): number {
    return this.#inputsCount;
  }

  get unlocksCount(): number {
    return this.#unlocksCount;
  }

  /** The state of the running engine; undefined while the daemon is down. */
  get state(): State | undefined {
    return this.#engine?.state;
  }

  get store(): SqliteStore | undefined {
    return this.#store ?? undefined;
  }

  get bus(): ModelBus | undefined {
    return this.#bus ?? undefined;
  }

  start(clockTrust: ClockTrust): void {
    const { handle, epoch, trace, layout, onOpened, onFault, clocks } = this.#parts;
    const opened = openStore({ path: this.#databasePath(), handle, newEpoch: epoch });
    if (!opened.ok) return onFault(`the database does not open: ${opened.error.code}`);
    this.#store = opened.value;
    if (opened.value.quarantinedTo !== null) onFault("the database was found damaged");
    onOpened(opened.value);
    trace.say("start", opened.value.opened, clockTrust, clocks.now());
    this.#inputsCount++;
    const engine = this.#build(opened.value);
    this.#engine = engine;
    engine.onChange(() => this.#parts.onInput(engine.state));
    try {
      engine.boot({ kind: "boot", layout, clockTrust, opened: opened.value.opened });
    } catch (cause) {
      // A crash or a fault has been told to `fatal`.
      if (this.#engine !== null) throw cause;
    }
  }

  /** An input of the kiosk or the platform. Undefined when nobody answers, or the daemon died of it. */
  submit(input: Input): Reply | undefined {
    const engine = this.#engine;
    if (engine === null) return undefined;
    this.#say(input);
    try {
      const reply = engine.submit(input);
      this.#parts.trace.say("  reply", reply);
      return reply;
    } catch (cause) {
      if (this.#engine === engine) throw cause;
      return undefined;
    }
  }

  post(input: Input): void {
    if (this.#engine === null) return;
    this.#say(input);
    this.#engine.post(input);
  }

  /** Dies on the spot, whatever it does. */
  kill(): void {
    if (this.#engine === null) return;
    this.#parts.crashPoints.arm("between_inputs");
    try {
      this.#parts.crashPoints.pass("between_inputs");
    } catch (cause) {
      this.#fatal(cause);
    }
  }

  /** Ends as the service manager asks it to; false when it died on the way. */
  async stop(): Promise<boolean> {
    const engine = this.#engine;
    if (engine === null) return false;
    this.#parts.trace.say("stop");
    this.#uplink?.die();
    try {
      await engine.stop();
    } catch (cause) {
      if (cause instanceof SimCrash) return false;
      throw cause;
    }
    this.#forget();
    return true;
  }

  /** Closes what is open, at the end of the world. */
  close(): void {
    this.#die(0);
  }

  #build(store: SqliteStore): Engine {
    const { clocks, dice, witness, tampering, newBus, secrets } = this.#parts;
    const bus = newBus();
    this.#bus = bus;
    const outbox: Outbox = { lastSeq: store.lastSeq, rowsAfter: store.rowsAfter };
    const uplink = this.#buildUplink(store, outbox);
    const watched = witness.watch<Store>(store);
    return new Engine({
      store: this.#crashing(tampering.store?.(watched) ?? watched),
      clock: clocks,
      random: { hex: (bytes) => dice.hex(bytes * 2) },
      alarm: this.#alarm(),
      bus: this.#crashingBus(tampering.bus?.(bus) ?? bus),
      secrets: this.#crashingSecrets(secrets),
      uplink,
      fatal: (cause) => this.#fatal(cause),
    });
  }

  #buildUplink(store: SqliteStore, outbox: Outbox): Uplink {
    const { agenda, clocks, dice, broker, handle } = this.#parts;
    const ackedSeq = store.load().meta.get(1)?.ackedSeq ?? 0;
    const generation = ++this.#generation;
    const post = (input: Input): void => {
      if (generation === this.#generation) this.post(input);
    };
    this.#uplink = new ModelUplink({
      agenda,
      clocks,
      dice,
      broker,
      outbox,
      handle,
      epoch: store.epoch,
      ackedSeq,
      post,
    });
    return this.#uplink;
  }

  #alarm(): Alarm {
    const { agenda, clocks, dice } = this.#parts;
    return {
      set: (due: MonoMs | undefined, ring) => {
        this.#cancelAlarm();
        if (due === undefined) return;
        const lateMs = dice.between(0, 2);
        this.#cancelAlarm = agenda.at(clocks.worldTimeOf(due) + lateMs, () => {
          this.#inputsCount++;
          this.#parts.trace.say("tick");
          ring();
        });
      },
    };
  }

  #crashing(store: Store): Store {
    const { crashPoints, trace } = this.#parts;
    return {
      ...store,
      commit: (changes, facts, at) => {
        const isReal = facts.length > 0 || changes.some(isDurable);
        if (isReal) crashPoints.pass("before_commit");
        const lastSeq = store.commit(changes, facts, at);
        if (isReal) {
          trace.say(
            "  commit",
            lastSeq,
            facts.map(({ name, data }) => ({ name, ...data })),
          );
          crashPoints.pass("after_commit");
        }
        return lastSeq;
      },
    };
  }

  #crashingBus(bus: LockBus): LockBus {
    const { crashPoints, trace } = this.#parts;
    return {
      start: (onReport) =>
        bus.start((report) => {
          this.#say(report);
          onReport(report);
        }),
      unlock: (command) => {
        this.#unlocksCount++;
        trace.say("  unlock", command);
        crashPoints.pass("before_unlock");
        bus.unlock(command);
        crashPoints.pass("after_unlock");
      },
      queryOp: (query) => {
        trace.say("  query_op", query);
        crashPoints.pass("before_query_op");
        bus.queryOp(query);
        crashPoints.pass("after_query_op");
      },
      stop: bus.stop,
    };
  }

  #crashingSecrets(secrets: Secrets): Secrets {
    const { crashPoints } = this.#parts;
    return {
      prepareCode: (request) => {
        crashPoints.pass("before_prepare_code");
        const generation = this.#generation;
        const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<Secrets["prepareCode"]>>>();
        secrets.prepareCode(request).then(
          (prepared) => {
            // A daemon that died meanwhile never hears of it.
            if (generation !== this.#generation || this.#engine === null) return;
            this.#inputsCount++;
            this.#parts.trace.say("code_prepared", request.deposit, prepared.sealedHash);
            resolve(prepared);
          },
          (cause: unknown) => this.#fatal(cause),
        );
        crashPoints.pass("after_prepare_code");
        return promise;
      },
    };
  }

  #say(input: Input): void {
    this.#inputsCount++;
    this.#parts.trace.say("input", input);
  }

  #fatal(cause: unknown): void {
    const { onCrash, onFault, dice } = this.#parts;
    this.#die(dice.between(0, 5));
    if (cause instanceof SimCrash) onCrash(cause.point);
    else onFault(`the daemon stopped by itself: ${cause instanceof Error ? cause.stack : String(cause)}`);
  }

  /** What the kernel does: the files stay as they are, everything else of the process is gone. */
  #die(busLingersMs: number): void {
    this.#uplink?.die();
    this.#bus?.die(busLingersMs);
    if (this.#store !== null) {
      const [from, to] = [this.#databasePath(), this.#databasePath(1)];
      for (const suffix of ["", "-wal"]) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
      this.#store.close();
      this.#filesCount++;
    }
    this.#forget();
  }

  #forget(): void {
    this.#cancelAlarm();
    this.#generation++;
    this.#engine = null;
    this.#store = null;
    this.#bus = null;
    this.#uplink = null;
  }

  /** Every crash leaves the database in a file of its own, as it was at that moment. */
  #filesCount = 0;

  #databasePath(ahead = 0): string {
    return join(this.#parts.folder, `locker-${this.#filesCount + ahead}.db`);
  }
}
