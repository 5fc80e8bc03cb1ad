import type { TransportSettings } from "./settings.ts";

/** Every duration the schedule of one bus depends on, in milliseconds unless named otherwise. */
export type BusTiming = {
  /** Speed of the wire, for the time bytes take on it. */
  readonly baudRate: number;
  /** How much later than the wire the adapter or gateway may deliver. */
  readonly replySlackMs: number;
  /** Between two polls of a board with nothing going on. */
  readonly idlePollMs: number;
  /** Between two polls of a board with an operation, or with a door whose movement is not yet believed. */
  readonly activePollMs: number;
  /** Between two tries to reach a silent board. */
  readonly silentRetryMs: number;
  /** A port that stays closed this long makes its boards silent. */
  readonly portDownMs: number;
  /** No board has answered for this long: the port object is suspect, and is made anew. */
  readonly portSilenceMs: number;
};

const SERIAL_SLACK_MS = 20;
const TCP_SLACK_MS = 250;
/** Behind a gateway the speed of the wire is the gateway's secret: reckoned with the slowest one in use. */
const TCP_BAUD_RATE = 9_600;

export function timingFor(transport: TransportSettings): BusTiming {
  const isSerial = transport.kind === "serial";
  return {
    baudRate: isSerial ? transport.baudRate : TCP_BAUD_RATE,
    replySlackMs: transport.replySlackMs ?? (isSerial ? SERIAL_SLACK_MS : TCP_SLACK_MS),
    idlePollMs: 100,
    activePollMs: 50,
    silentRetryMs: 1_000,
    portDownMs: 1_500,
    portSilenceMs: 3_000,
  };
}

/** Questions in a row without an answer after which a board is silent. */
export const MISSES_MAX = 3;
/** Longest life of an unlock frame: whatever was written is dead after this, wherever it was held up. */
export const UNLOCK_LIFE_MS_MAX = 5_000;
/** Rest a board gives its supply between two pulses. */
export const PULSE_GAP_MS = 100;
/** From the end of a pulse until a door that has not moved is called still closed. */
export const PULSE_SETTLE_MS = 500;
/** Fresh polls that have to show a closed door after that. */
export const CLOSED_POLLS = 2;
/** An accepted operation is watched no longer than this. */
export const WATCH_MS_MAX = 5_000;
/** An unlock nobody answered stays in doubt this long after its deadline, then it is unknown. */
export const DOUBT_MS_MAX = 1_000;
/** By how much a board's uptime has to exceed the age of an operation to speak about it. */
export const UPTIME_MARGIN_MS = 1_000;

/** Time `bytesCount` bytes take on the wire: start bit, eight data bits, stop bit. */
export const wireMs = (bytesCount: number, baudRate: number): number => (bytesCount * 10_000) / baudRate;
