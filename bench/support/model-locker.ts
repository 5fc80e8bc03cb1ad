import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type {
  CompartmentId,
  CourierId,
  DepositId,
  Epoch,
  LockerHandle,
  ParcelVerifier,
} from "../../src/contract/ids.ts";
import { epochMs, type Instants, monoMs } from "../../src/contract/time.ts";
import type { KioskInput } from "../../src/locker/domain/input.ts";
import type { Reply } from "../../src/locker/domain/output.ts";
import { Engine } from "../../src/locker/engine.ts";
import { openAlarm } from "../../src/locker/platform/alarm.ts";
import { systemClock } from "../../src/locker/platform/clock.ts";
import { systemRandom } from "../../src/locker/platform/random.ts";
import type { Secrets } from "../../src/locker/ports.ts";
import { openStore } from "../../src/locker/store/sqlite-store.ts";
import { ObedientBus } from "./obedient-bus.ts";
import { type RecordingStore, recordingStore } from "./recording.ts";

export type ModelLockerParts = {
  readonly database: string;
  readonly handle: LockerHandle;
  readonly compartmentCount: number;
  readonly secrets: Secrets;
};

const COURIER = "20001" as CourierId;

export const layoutOf = (compartmentCount: number) =>
  Array.from({ length: compartmentCount }, (_, index) => ({ id: (index + 1) as CompartmentId, size: "S" as const }));

export const openingOf = (reply: Reply): { readonly compartment: CompartmentId; readonly deposit: DepositId } => {
  if (reply.kind !== "opening" || reply.deposit === null) throw new Error(`no opening but ${JSON.stringify(reply)}`);
  return { compartment: reply.compartment, deposit: reply.deposit };
};

/** The real engine on the real store, clocks, random bits and alarm of this machine, before boards that cost nothing. */
export class ModelLocker implements AsyncDisposable {
  readonly engine: Engine;
  readonly store: RecordingStore;
  readonly bus = new ObedientBus();
  #session = "";
  #totpStep = 0;
  #leaptMs = 0;
  #fault: unknown;

  constructor({ database, handle, compartmentCount, secrets }: ModelLockerParts) {
    const newEpoch = randomBytes(8).toString("hex") as Epoch;
    const opened = openStore({ path: database, handle, newEpoch });
    if (!opened.ok) throw new Error(`the store refused to open: ${opened.error.code}`);
    this.store = recordingStore(opened.value);
    const clock = { now: () => this.#now() };
    this.engine = new Engine({
      store: this.store,
      clock,
      random: systemRandom,
      alarm: openAlarm(clock),
      bus: this.bus,
      secrets,
      uplink: { committed: () => undefined },
      fatal: (cause) => {
        this.#fault = cause;
      },
    });
    const layout = layoutOf(compartmentCount);
    this.engine.boot({ kind: "boot", layout, clockTrust: "synced", opened: this.store.opened });
    this.bus.closed(layout.map(({ id }) => id));
    this.#employ();
    this.signIn();
  }

  signIn(): void {
    const reply = this.submit({ kind: "sign_in", courier: COURIER, pinMatches: true, totpStep: ++this.#totpStep });
    if (reply.kind !== "signed_in") throw new Error(`no session but ${reply.kind}`);
    this.#session = reply.session;
  }

  /** A whole deposit, from the scan to "Done" behind the closed door. Its code follows: see `codeIsLive`. */
  deposit(): DepositId {
    const verifier = systemRandom.hex(16) as ParcelVerifier;
    const { deposit } = openingOf(this.submit({ kind: "start_deposit", session: this.#session, verifier, size: "S" }));
    this.bus.obey();
    this.submit({ kind: "confirm_deposit", session: this.#session, deposit });
    return deposit;
  }

  /** Waits for the code of a deposit, which comes by the promise of the secrets port. */
  async codeIsLive(deposit: DepositId): Promise<void> {
    for (let turnsCount = 0; this.engine.state.deposit.get(deposit)?.code !== "live"; turnsCount++) {
      if (this.#fault !== undefined) throw new Error("the engine died", { cause: this.#fault });
      if (turnsCount < MICROTASKS_MAX) await Promise.resolve();
      else await setImmediate();
    }
  }

  /** A whole pickup, from the typed code to the closed door. `typed` is called when the unlock was ordered. */
  collect(deposit: DepositId, typed: () => void = () => undefined): void {
    const code = this.engine.state.deposit.get(deposit)?.codeDigest;
    if (code === undefined || code === null) throw new Error(`deposit ${deposit} has no code`);
    this.submit({ kind: "type_code", code, extension: null });
    typed();
    this.bus.obey();
  }

  /** Lets a minute pass in no time: the grace after a pickup is over, and the courier's session with it. */
  leapMinute(): void {
    this.#leaptMs += 61_000;
    this.engine.post({ kind: "tick" });
    this.signIn();
  }

  submit(input: KioskInput): Reply {
    const reply = this.engine.submit(input);
    if (reply.kind === "refused") throw new Error(`${input.kind} was refused: ${reply.refusal.code}`);
    return reply;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.stop();
  }

  #employ(): void {
    const entry = { id: COURIER, mayDeposit: true, mayRecall: true, pinHash: "$argon2id$model", totpSealed: "model" };
    this.engine.post({ kind: "desired", version: 1, issuedAt: this.#now().wall, roster: [entry] });
  }

  #now(): Instants {
    const { wall, mono } = systemClock.now();
    return { wall: epochMs(wall + this.#leaptMs), mono: monoMs(mono + this.#leaptMs) };
  }
}

/** A port that answers at once needs a few of these; a slow one gets turns of the event loop after them. */
const MICROTASKS_MAX = 50;
