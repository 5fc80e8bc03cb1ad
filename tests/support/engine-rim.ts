import { createHash, randomBytes, randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type {
  CompartmentId,
  CourierId,
  DepositId,
  Epoch,
  LockerHandle,
  OpId,
  ProofDigest,
  Size,
} from "../../src/contract/ids.ts";
import { codeFromHotp, type TypedCode } from "../../src/contract/pickup-code.ts";
import { epochMs, type Instants, type MonoMs, monoMs } from "../../src/contract/time.ts";
import type { BusReport } from "../../src/locker/domain/input.ts";
import { Engine } from "../../src/locker/engine.ts";
import type { CourierCheck, LockBus, Proofs, Secrets } from "../../src/locker/ports.ts";
import { openStore, type SqliteStore } from "../../src/locker/store/sqlite-store.ts";

const sha256Hex = (text: string): string => createHash("sha256").update(text).digest("hex");
const modelDigest = (kind: string, text: string): ProofDigest =>
  sha256Hex(`${kind}/${text}`).slice(0, 32) as ProofDigest;

/** Quick, in the form the database asks of a slow one. */
const modelHash = (text: string): string => `$argon2id$model$${sha256Hex(text)}`;

/** What the notice of one deposit would carry. */
export type IssuedCode = { readonly code: string; readonly extension: string; readonly qrToken: string };

/** Who signs in by this PIN and this time code, which never changes. */
export type ModelCourier = { readonly id: CourierId; readonly pin: string; readonly totp: string };

/** Boards that do nothing by themselves: keeps what was ordered, reports what the test says happened. */
class ModelBus implements LockBus {
  readonly unlocks: { readonly op: OpId; readonly compartment: CompartmentId; readonly notAfter: MonoMs }[] = [];
  #report: (report: BusReport) => void = () => undefined;

  start(onReport: (report: BusReport) => void): void {
    this.#report = onReport;
  }

  unlock(command: ModelBus["unlocks"][number]): void {
    this.unlocks.push(command);
  }

  queryOp(): void {}

  async stop(): Promise<void> {}

  report(report: BusReport): void {
    this.#report(report);
  }

  door(compartment: CompartmentId, door: "open" | "closed" | "unknown"): void {
    this.report({ kind: "door", compartment, door });
  }

  /** The board takes the last order, and the door springs open. */
  obey(): CompartmentId {
    const { op, compartment } = this.#lastOrder();
    this.report({ kind: "unlock_result", op, outcome: "accepted" });
    this.door(compartment, "open");
    return compartment;
  }

  /** The board refuses the last order. */
  refuse(reason: string): void {
    this.report({ kind: "unlock_result", op: this.#lastOrder().op, outcome: "rejected", reason });
  }

  /** The same, and somebody closes the door again. */
  obeyAndClose(): CompartmentId {
    const compartment = this.obey();
    this.door(compartment, "closed");
    return compartment;
  }

  #lastOrder(): ModelBus["unlocks"][number] {
    const last = this.unlocks.at(-1);
    if (last === undefined) throw new Error("no unlock was ordered");
    return last;
  }
}

/** Digests of its own. What takes long, or fails, at the real ones is up to `hold`. */
class ModelProofs implements Proofs {
  digestedCount = 0;
  hold: () => Promise<void> = () => Promise.resolve();

  readonly ofTypedCode = async ({ code, extension }: TypedCode) => {
    await this.#work();
    return {
      code: modelDigest("code", code),
      extension: extension === null ? null : modelDigest("extension", extension),
    };
  };

  readonly ofQrToken = async (token: string) => {
    await this.#work();
    return modelDigest("qr", token);
  };

  async #work(): Promise<void> {
    this.digestedCount += 1;
    await this.hold();
  }
}

/** The real engine on a real database, under a hand-driven clock, before boards that obey the test. */
export class EngineRim implements AsyncDisposable {
  readonly engine: Engine;
  readonly store: SqliteStore;
  readonly bus = new ModelBus();
  readonly proofs = new ModelProofs();
  readonly issued = new Map<DepositId, IssuedCode>();
  /** Courier checks done: each would have cost an argon2id. */
  checkedCount = 0;
  readonly #folder = mkdtempSync(join(tmpdir(), "lockerd-engine-"));
  readonly #fatal: unknown[] = [];
  #now: Instants = { wall: epochMs(Date.UTC(2026, 10, 21, 12)), mono: monoMs(1_000_000) };
  #alarm: { readonly due: MonoMs; readonly ring: () => void } | undefined;

  constructor(sizes: readonly Size[] = ["S", "S", "M", "L"]) {
    const path = join(this.#folder, "locker.db");
    const newEpoch = randomBytes(8).toString("hex") as Epoch;
    const opened = openStore({ path, handle: "testlocker01" as LockerHandle, newEpoch });
    if (!opened.ok) throw new Error(`the store refused to open: ${opened.error.code}`);
    this.store = opened.value;
    this.engine = new Engine({
      store: this.store,
      clock: { now: () => this.#now },
      random: { hex: (bytes) => randomBytes(bytes).toString("hex") },
      alarm: { set: (due, ring) => (this.#alarm = due === undefined ? undefined : { due, ring }) },
      bus: this.bus,
      secrets: this.#secrets(),
      uplink: { committed: () => undefined },
      fatal: (cause) => this.#fatal.push(cause),
    });
    const layout = sizes.map((size, i) => ({ id: (i + 1) as CompartmentId, size }));
    this.engine.boot({ kind: "boot", layout, clockTrust: "synced", opened: this.store.opened });
    for (const { id } of layout) this.bus.door(id, "closed");
    this.bus.report({ kind: "board", board: "b1", health: "ok" });
  }

  /** Lets time pass; every deadline on the way rings at its moment. */
  advance(ms: number): void {
    const end = this.#now.mono + ms;
    while (this.#alarm !== undefined && this.#alarm.due <= end) {
      const { due, ring } = this.#alarm;
      this.#alarm = undefined;
      this.#moveTo(Math.max(due, this.#now.mono));
      ring();
    }
    this.#moveTo(end);
  }

  /** Lets time pass with nobody looking: no deadline rings. */
  leap(ms: number): void {
    this.#moveTo(this.#now.mono + ms);
  }

  /** Puts couriers on the roster, and nobody else. */
  roster(couriers: readonly ModelCourier[], { mayDeposit = true }: { readonly mayDeposit?: boolean } = {}): void {
    this.engine.post({
      kind: "desired",
      version: (this.engine.state.meta.get(1)?.desiredVersion ?? 0) + 1,
      issuedAt: this.#now.wall,
      roster: couriers.map(({ id, pin, totp }) => ({
        ...{ id, mayDeposit, mayRecall: true },
        ...{ pinHash: modelHash(pin), totpSealed: modelHash(totp) },
      })),
    });
  }

  /** As if the time code of every 30 s were the same. */
  readonly checkCourier: CourierCheck = async ({ courier, pin, timeCode, wall }) => {
    this.checkedCount += 1;
    const matches = (field: "pinHash" | "totpSealed", typed: string): boolean => courier?.[field] === modelHash(typed);
    return {
      pinMatches: matches("pinHash", pin),
      totpStep: matches("totpSealed", timeCode) ? Math.floor(wall / 30_000) : null,
    };
  };

  /** The code of a deposit, once it opens the door. */
  async codeOf(deposit: DepositId): Promise<IssuedCode> {
    await vi.waitUntil(() => this.engine.state.deposit.get(deposit)?.code === "live", { timeout: 5_000, interval: 5 });
    const issued = this.issued.get(deposit);
    if (issued === undefined) throw new Error(`no code was issued for ${deposit}`);
    return issued;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.stop();
    rmSync(this.#folder, { recursive: true, force: true });
    if (this.#fatal.length > 0) throw new Error("the engine died", { cause: this.#fatal[0] });
  }

  #secrets(): Secrets {
    return {
      prepareCode: async ({ deposit }) => {
        const code = codeFromHotp(String(randomInt(100_000_000)).padStart(8, "0"));
        const extension = String(randomInt(10_000)).padStart(4, "0");
        const qrToken = randomBytes(16).toString("base64url");
        this.issued.set(deposit, { code, extension, qrToken });
        const digests = {
          code: modelDigest("code", code),
          extension: modelDigest("extension", extension),
          qr: modelDigest("qr", qrToken),
        };
        return { digests, sealed: "sealed", sealedHash: sha256Hex("sealed") };
      },
    };
  }

  #moveTo(mono: number): void {
    this.#now = { wall: epochMs(this.#now.wall + mono - this.#now.mono), mono: monoMs(mono) };
  }
}
