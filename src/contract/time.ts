import type { Brand } from "./brand.ts";

/** Wall clock, milliseconds since 1970: for promises to people. */
export type EpochMs = Brand<number, "EpochMs">;
/** Monotonic clock of this boot, milliseconds: for machines. Never stored, never sent. */
export type MonoMs = Brand<number, "MonoMs">;

/** Both clocks, read at the same moment. */
export type Instants = { readonly wall: EpochMs; readonly mono: MonoMs };

export const epochMs = (ms: number): EpochMs => ms as EpochMs;
export const monoMs = (ms: number): MonoMs => ms as MonoMs;
export const plusMs = <T extends EpochMs | MonoMs>(instant: T, ms: number): T => (instant + ms) as T;

/** `unset`: no idea. `restored`: not before the last time this locker wrote down. `synced`: a time source agreed. */
export type ClockTrust = "unset" | "restored" | "synced";
