import type { Fact } from "../../src/contract/events.ts";
import type {
  CompartmentId,
  CourierId,
  DepositId,
  Epoch,
  LockerHandle,
  OpId,
  ParcelVerifier,
  ProofDigest,
  Size,
} from "../../src/contract/ids.ts";
import { epochMs, monoMs } from "../../src/contract/time.ts";
import { apply, stateFrom } from "../../src/locker/domain/apply.ts";
import { nextDeadline } from "../../src/locker/domain/deadlines.ts";
import type { Input } from "../../src/locker/domain/input.ts";
import { assertTouched, violations } from "../../src/locker/domain/invariants.ts";
import { DURABLE_TABLES, type DurableState, type State } from "../../src/locker/domain/model.ts";
import type { Effect, Reply } from "../../src/locker/domain/output.ts";
import { step } from "../../src/locker/domain/step.ts";

export const compartment = (id: number): CompartmentId => id as CompartmentId;
export const COURIER = "20001" as CourierId;
export const digest = (n: number): ProofDigest => n.toString(16).padStart(32, "0") as ProofDigest;
export const verifier = (n: number): ParcelVerifier => n.toString(16).padStart(32, "a") as ParcelVerifier;

export const emptyDurable = (): DurableState => {
  const state = Object.fromEntries(DURABLE_TABLES.map((table) => [table, new Map()])) as unknown as DurableState;
  state.meta.set(1, {
    id: 1,
    epoch: "00000000000000aa" as Epoch,
    handle: "testlocker" as LockerHandle,
    ackedSeq: 0,
    issuerEpoch: 1,
    commandSeq: 0,
    desiredVersion: 0,
    rosterIssuedAt: epochMs(0),
    cleanStop: true,
    wallFloor: epochMs(0),
  });
  return state;
};

/** The pure core under a hand-driven clock: inputs in, facts and effects kept for looking at. */
export class TestLocker {
  state: State;
  mono = 1_000;
  wall = Date.UTC(2026, 0, 5, 12);
  facts: Fact[] = [];
  effects: Effect[] = [];
  readonly layout: readonly { readonly id: CompartmentId; readonly size: Size }[];
  #draws = 0;
  #totpStep = 0;

  constructor(sizes: readonly Size[] = ["S", "S", "M", "L"], start: { readonly doors?: "closed" | "unknown" } = {}) {
    this.layout = sizes.map((size, i) => ({ id: compartment(i + 1), size }));
    this.state = stateFrom(emptyDurable());
    this.boot("created");
    if (start.doors !== "unknown") this.doorsSeen();
  }

  submit(input: Input): Reply {
    const random = (this.#draws++).toString(16).padStart(8, "0").repeat(8);
    const now = { wall: epochMs(this.wall), mono: monoMs(this.mono) };
    const answer = step(this.state, input, { now, random });
    apply(this.state, answer.changes);
    assertTouched(this.state, answer.changes);
    const broken = violations(this.state);
    if (broken.length > 0) throw new Error(broken.join("; "));
    this.facts.push(...answer.facts);
    this.effects.push(...answer.effects);
    return answer.reply;
  }

  boot(opened: "existing" | "created" | "after_quarantine" = "existing"): void {
    this.submit({ kind: "boot", layout: this.layout, clockTrust: "synced", opened });
  }

  doorsSeen(): void {
    for (const { id } of this.layout) this.door(id, "closed");
    this.submit({ kind: "board", board: "b1", health: "ok" });
  }

  /** What a power cut leaves: the durable rows, and none of the volatile ones. Forgets facts and effects seen so far. */
  crash(): void {
    const durable = Object.fromEntries(DURABLE_TABLES.map((table) => [table, this.state[table]]));
    this.state = stateFrom(structuredClone(durable) as unknown as DurableState);
    this.facts = [];
    this.effects = [];
    this.mono = 500;
    this.boot();
  }

  /** Lets time pass; every deadline on the way rings at its moment. */
  advance(ms: number): void {
    const end = this.mono + ms;
    for (let due = nextDeadline(this.state); due !== undefined && due <= end; due = nextDeadline(this.state)) {
      this.#moveTo(Math.max(due, this.mono));
      this.submit({ kind: "tick" });
    }
    this.#moveTo(end);
  }

  door(id: CompartmentId | number, door: "open" | "closed" | "unknown"): void {
    this.submit({ kind: "door", compartment: id as CompartmentId, door });
  }

  unlocks(): Extract<Effect, { kind: "unlock" }>[] {
    return this.effects.filter((effect) => effect.kind === "unlock");
  }

  lastOp(): OpId {
    const last = this.unlocks().at(-1);
    if (last === undefined) throw new Error("no unlock was ordered");
    return last.op;
  }

  accepted(op: OpId = this.lastOp()): void {
    this.submit({ kind: "unlock_result", op, outcome: "accepted" });
  }

  stillClosed(op: OpId = this.lastOp()): void {
    this.submit({ kind: "still_closed", op });
  }

  factNames(): string[] {
    return this.facts.map((fact) => fact.name);
  }

  /** A signed-in courier's session. */
  signIn(): string {
    if (!this.state.courier.has(COURIER)) this.roster([COURIER]);
    const reply = this.submit({ kind: "sign_in", courier: COURIER, pinMatches: true, totpStep: ++this.#totpStep });
    if (reply.kind !== "signed_in") throw new Error(`sign-in answered ${JSON.stringify(reply)}`);
    return reply.session;
  }

  roster(ids: readonly CourierId[]): void {
    const version = (this.state.meta.get(1)?.desiredVersion ?? 0) + 1;
    const entry = { pinHash: "-", totpSealed: "-", mayDeposit: true, mayRecall: true };
    this.submit({
      kind: "desired",
      version,
      issuedAt: epochMs(this.wall),
      roster: ids.map((id) => ({ id, ...entry })),
    });
  }

  startDeposit(parcel: number, size: Size = "S", session = this.signIn()): { deposit: DepositId; at: CompartmentId } {
    const reply = this.submit({ kind: "start_deposit", session, verifier: verifier(parcel), size });
    if (reply.kind !== "opening" || reply.deposit === null) throw new Error(`deposit: ${JSON.stringify(reply)}`);
    return { deposit: reply.deposit, at: reply.compartment };
  }

  /** A whole deposit whose code has the digest of the parcel's number. */
  store(parcel: number, size: Size = "S"): { deposit: DepositId; at: CompartmentId } {
    const session = this.signIn();
    const { deposit, at } = this.startDeposit(parcel, size, session);
    this.accepted();
    this.door(at, "open");
    this.door(at, "closed");
    this.submit({ kind: "confirm_deposit", session, deposit });
    this.codePrepared(deposit, parcel);
    this.facts = [];
    this.effects = [];
    return { deposit, at };
  }

  codePrepared(deposit: DepositId, parcel: number): void {
    const digests = { code: digest(parcel), extension: digest(parcel + 0x1000), qr: digest(parcel + 0x2000) };
    this.submit({ kind: "code_prepared", deposit, digests, sealed: "sealed", sealedHash: "0".repeat(64) });
  }

  typeCode(parcel: number, extension: "with_extension" | "alone" = "alone"): Reply {
    return this.submit({
      kind: "type_code",
      code: digest(parcel),
      extension: extension === "alone" ? null : digest(parcel + 0x1000),
    });
  }

  deposit(id: DepositId) {
    const deposit = this.state.deposit.get(id);
    if (deposit === undefined) throw new Error(`no deposit ${id}`);
    return deposit;
  }

  at(id: CompartmentId) {
    const row = this.state.compartment.get(id);
    if (row === undefined) throw new Error(`no compartment ${id}`);
    return row;
  }

  #moveTo(mono: number): void {
    this.wall += mono - this.mono;
    this.mono = mono;
  }
}
