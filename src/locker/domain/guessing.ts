import { monoMs, plusMs } from "../../contract/time.ts";
import type { Draft } from "./draft.ts";
import { invariant } from "./invariant.ts";
import type { Budget } from "./model.ts";
import { refuse } from "./opening.ts";
import type { Refusal, Reply } from "./output.ts";
import {
  CODE_SPACE,
  DAY_MS,
  GUESS_ALARM_COUNT,
  GUESS_BURST,
  HOUR_MS,
  KIOSK_YEAR_RISK_MAX,
  PARCEL_DAYS,
  PARCEL_RISK_MAX,
  PAUSE_DEGRADED_MS,
  PAUSE_FIRST_MS,
  PAUSE_MAX_MS,
  PIN_REFILL_PER_DAY,
  REMOTE_OCCUPIED_BURST,
  STRIKES_FREE,
} from "./policy.ts";

/*
 * Guessing is made hopeless, never blocked: a bucket that refills by uptime alone (no clock jump fills it, no success
 * resets it), pauses shown before anything is typed, and thirteen digits once the bucket is empty.
 */

/** Guesses a day that keep both risk goals with this many live codes. */
export function guessRefillPerDay(liveCodes: number): number {
  const byParcel = (PARCEL_RISK_MAX * CODE_SPACE) / PARCEL_DAYS;
  const byKiosk = (KIOSK_YEAR_RISK_MAX * CODE_SPACE) / (365 * Math.max(1, liveCodes));
  return Math.min(byParcel, byKiosk);
}

const burst = { code: GUESS_BURST, pin: GUESS_BURST, remote_occupied: REMOTE_OCCUPIED_BURST } as const;

export const freshBudget = (name: Budget["name"]): Budget => ({ name, level: burst[name], strikes: 0 });

function budget(d: Draft, name: Budget["name"]): Budget {
  const row = d.get("budget", name);
  invariant(row !== undefined, `no budget ${name}`);
  return row;
}

export const extensionNeeded = (d: Draft): boolean => budget(d, "code").level < 1;

/** The pause that stands now, if any. */
export function codePause(d: Draft): Refusal | undefined {
  const remainingMs = d.runtime.codePausedUntil - d.now.mono;
  return remainingMs > 0 ? { code: "paused", remainingMs } : undefined;
}

export function pinPause(d: Draft): Refusal | undefined {
  const remainingMs = d.runtime.pinPausedUntil - d.now.mono;
  return remainingMs > 0 ? { code: "paused", remainingMs } : undefined;
}

/** Length of the pause after this many wrong tries in a row. */
export function pauseMs(strikes: number, degraded: boolean): number {
  if (degraded) return PAUSE_DEGRADED_MS;
  return strikes < STRIKES_FREE ? 0 : Math.min(PAUSE_FIRST_MS * 2 ** (strikes - STRIKES_FREE), PAUSE_MAX_MS);
}

/** A well-formed code that is neither live nor lately dead. */
export function codeGuess(d: Draft): Reply {
  const degraded = extensionNeeded(d);
  const strikes = take(d, "code");
  const recent = [...d.runtime.guessTimes.filter((at) => d.now.mono - at < HOUR_MS), d.now.mono];
  const isAlarming = recent.length >= GUESS_ALARM_COUNT;
  // After an alarm the count begins anew, so that an attack that goes on is reported again.
  const guessTimes = isAlarming ? [d.now.mono] : recent;
  const codePausedUntil = plusMs(d.now.mono, pauseMs(strikes, degraded));
  d.put("runtime", { ...d.runtime, guessTimes, codePausedUntil });
  if (codePausedUntil > d.now.mono) d.setTimer("pause", "code", codePausedUntil - d.now.mono);
  if (isAlarming) d.fact("guessing.alarm", { guessesInHour: GUESS_ALARM_COUNT });
  return refuse({ code: "unknown_code" });
}

/**
 * A PIN or time code that was wrong. Beside a time code a PIN cannot be guessed, so the pause stays short and nobody can
 * lock the couriers out; without a clock the PIN stands alone, and with its budget spent only waiting helps.
 */
export function pinGuess(d: Draft): Reply {
  const alone = d.runtime.clockTrust !== "synced";
  const spent = alone && budget(d, "pin").level < 1;
  const strikes = take(d, "pin");
  const pause = pauseMs(strikes, false);
  const pinPausedUntil = plusMs(d.now.mono, spent ? PAUSE_MAX_MS : alone ? pause : Math.min(pause, PAUSE_FIRST_MS));
  d.put("runtime", { ...d.runtime, pinPausedUntil });
  return refuse({ code: "wrong_credentials" });
}

/** Takes one from the budget of remote opens of occupied compartments; false when it is spent. */
export function takeRemoteOccupied(d: Draft): boolean {
  if (budget(d, "remote_occupied").level < 1) return false;
  take(d, "remote_occupied");
  return true;
}

function take(d: Draft, name: Budget["name"]): number {
  const { level, strikes } = budget(d, name);
  d.put("budget", { name, level: Math.max(0, level - 1), strikes: strikes + 1 });
  return strikes + 1;
}

/** Every hour of uptime: buckets gain what they may, and an hour without a wrong try forgives the strikes. */
export function refill(d: Draft): void {
  const { runtime } = d;
  const days = (d.now.mono - runtime.refilledAt) / DAY_MS;
  let liveCodes = 0;
  for (const deposit of d.all("deposit")) if (deposit.code === "live" || deposit.code === "claimed") liveCodes += 1;
  const perDay = {
    code: guessRefillPerDay(liveCodes),
    pin: PIN_REFILL_PER_DAY,
    remote_occupied: REMOTE_OCCUPIED_BURST,
  };
  const quiet = runtime.guessTimes.every((at) => d.now.mono - at >= HOUR_MS);
  for (const name of ["code", "pin", "remote_occupied"] as const) {
    const row = budget(d, name);
    const level = Math.min(burst[name], row.level + perDay[name] * days);
    const strikes = name === "code" && !quiet ? row.strikes : 0;
    if (level !== row.level || strikes !== row.strikes) d.put("budget", { name, level, strikes });
  }
  d.put("runtime", { ...runtime, refilledAt: d.now.mono });
}

/** After a restart a standing pause begins anew, so that pulling the plug shortens nothing. */
export function pausesAtBoot(d: Draft): { codePausedUntil: typeof d.now.mono; pinPausedUntil: typeof d.now.mono } {
  const until = (name: "code" | "pin") => {
    const row = d.get("budget", name);
    return row === undefined ? monoMs(0) : plusMs(d.now.mono, pauseMs(row.strikes, name === "code" && row.level < 1));
  };
  return { codePausedUntil: until("code"), pinPausedUntil: until("pin") };
}
