import type { Instants } from "../../src/contract/time.ts";
import { epochMs, type MonoMs, monoMs } from "../../src/contract/time.ts";
import type { Clock } from "../../src/locker/ports.ts";
import type { Agenda } from "../agenda.ts";

/** A machine's monotonic clock shows this when its first program starts. */
const BOOT_MS = 5_000;
const WORLD_BEGINS = Date.UTC(2026, 0, 5, 8);

/** The two clocks of the machine the daemon runs on, over the world's one clock. */
export class Clocks implements Clock {
  readonly #agenda: Agenda;
  #bootedAtMs: number;
  #wallErrorMs = 0;

  constructor(agenda: Agenda) {
    this.#agenda = agenda;
    this.#bootedAtMs = agenda.now() - BOOT_MS;
  }

  now = (): Instants => ({
    wall: epochMs(Math.max(0, Math.floor(this.trueWallMs() + this.#wallErrorMs))),
    mono: monoMs(Math.floor(this.#agenda.now() - this.#bootedAtMs)),
  });

  /** What a good watch shows. */
  trueWallMs(): number {
    return WORLD_BEGINS + this.#agenda.now();
  }

  worldTimeOf(mono: MonoMs): number {
    return mono + this.#bootedAtMs;
  }

  /** The machine was switched on: its monotonic clock begins anew. */
  reboot(): void {
    // A whole number, so that going to this clock and back loses nothing.
    this.#bootedAtMs = Math.floor(this.#agenda.now()) - BOOT_MS;
  }

  /** By how much the machine's wall clock is wrong from now on. */
  setWallError(errorMs: number): void {
    this.#wallErrorMs = errorMs;
  }

  /** As a board without a battery clock boots. */
  forgetWall(): void {
    this.#wallErrorMs = -this.trueWallMs();
  }
}
