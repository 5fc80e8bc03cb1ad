import { BATCH_ROWS_MAX } from "../../contract/messages.ts";
import { type MonoMs, plusMs } from "../../contract/time.ts";

/** Batches published and not yet confirmed by broker and fleet. A broker's default in-flight limit stays far away. */
export const WINDOW_BATCHES_MAX = 32;
/**
 * While the fleet has not yet answered on a connection, or has fallen silent, one batch probes it: on a metered line a
 * whole window again and again would be paid for and never read.
 */
export const PROBE_BATCHES = 1;
/** Silence of the fleet after which everything from its last acknowledgement on is sent again; doubles while it lasts. */
export const RESEND_MS_FIRST = 10_000;
export const RESEND_MS_MAX = 60_000;
/** Silence of the broker on a batch after which the connection is given up: it may lead nowhere. */
export const BROKER_SILENCE_MS_MAX = 30_000;
/** A client that has not connected after this long is thrown away: some of its states never end by themselves. */
export const CONNECT_MS_MAX = 60_000;
/** Ceilings of the full-jitter back-off between connections. */
export const RETRY_MS_FIRST = 1_000;
export const RETRY_MS_MAX = 60_000;
/** A connection that lasted this long counts as a good one: the back-off begins anew. */
export const GOOD_CONNECTION_MS = 30_000;

/** One publish of consecutive rows; the number is never used again, so a late PUBACK hits nothing. */
export type BatchInFlight = {
  readonly batch: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  /** The broker has it. Delivered it is only by the fleet's acknowledgement. */
  readonly atBroker: boolean;
};

export type Link =
  | { readonly kind: "waiting"; readonly connectAt: MonoMs }
  | { readonly kind: "connecting"; readonly giveUpAt: MonoMs }
  | { readonly kind: "connected"; readonly since: MonoMs };

export type UplinkState = {
  readonly link: Link;
  /** Highest row in the journal. */
  readonly lastSeq: number;
  /** Highest row the fleet has said it stored. */
  readonly ackedSeq: number;
  /** The next row to publish on this connection. */
  readonly nextSeq: number;
  readonly window: readonly BatchInFlight[];
  readonly windowMax: typeof PROBE_BATCHES | typeof WINDOW_BATCHES_MAX;
  readonly batchesCount: number;
  /** When broker or fleet last moved the window, or it began to fill. */
  readonly progressAt: MonoMs;
  readonly resendMs: number;
  readonly failuresCount: number;
};

/** `random` is in [0, 1), drawn outside. */
export type UplinkInput =
  | { readonly kind: "connected" }
  | { readonly kind: "disconnected"; readonly random: number }
  | { readonly kind: "committed"; readonly lastSeq: number }
  /** A verified acknowledgement: rows up to `seq` are stored. */
  | { readonly kind: "acked"; readonly seq: number }
  | { readonly kind: "pubacked"; readonly batch: number }
  | { readonly kind: "timer" };

export type UplinkOutput =
  /** Throw the client away, if there is one, and build a new one that connects. */
  | { readonly kind: "connect" }
  | { readonly kind: "publish"; readonly batch: number; readonly fromSeq: number; readonly toSeq: number }
  /** The acknowledgement was new: nothing up to it is needed any more. */
  | { readonly kind: "accepted"; readonly seq: number }
  /** The acknowledgement was not believed: it goes back, or names a row that does not exist. */
  | { readonly kind: "doubted"; readonly reason: "ack_regressed" | "ack_beyond_last"; readonly seq: number };

export type UplinkStep = { readonly state: UplinkState; readonly outputs: readonly UplinkOutput[] };

/** The link before its first connection, which is due at once. */
export const initialUplink = (
  { lastSeq, ackedSeq }: { readonly lastSeq: number; readonly ackedSeq: number },
  now: MonoMs,
): UplinkState => ({
  link: { kind: "waiting", connectAt: now },
  ...{ lastSeq, ackedSeq, nextSeq: ackedSeq + 1, window: [], windowMax: PROBE_BATCHES, batchesCount: 0 },
  ...{ progressAt: now, resendMs: RESEND_MS_FIRST, failuresCount: 0 },
});

/** Decides what an input leads to. Total: an input that does not fit the state changes nothing. */
export function uplinkStep(state: UplinkState, input: UplinkInput, now: MonoMs): UplinkStep {
  switch (input.kind) {
    case "connected":
      return state.link.kind === "connecting" ? publishFrom(connected(state, now), now) : unchanged(state);
    case "disconnected":
      return state.link.kind === "waiting" ? unchanged(state) : unchanged(disconnected(state, input.random, now));
    case "committed":
      return publishFrom({ ...state, lastSeq: Math.max(state.lastSeq, input.lastSeq) }, now);
    case "acked":
      return acked(state, input.seq, now);
    case "pubacked":
      return pubacked(state, input.batch, now);
    case "timer":
      return timer(state, now);
    default:
      return input satisfies never;
  }
}

/** When the machine wants its next `timer`, if nothing happens before. */
export function uplinkDeadline(state: UplinkState): MonoMs | undefined {
  switch (state.link.kind) {
    case "waiting":
      return state.link.connectAt;
    case "connecting":
      return state.link.giveUpAt;
    case "connected":
      return state.window.length === 0 ? undefined : plusMs(state.progressAt, patienceMs(state));
    default:
      return state.link satisfies never;
  }
}

const unchanged = (state: UplinkState): UplinkStep => ({ state, outputs: [] });

const isBrokerSilent = (state: UplinkState): boolean => state.window.some(({ atBroker }) => !atBroker);

const patienceMs = (state: UplinkState): number => (isBrokerSilent(state) ? BROKER_SILENCE_MS_MAX : state.resendMs);

/** Nothing is in flight any more; everything after the last acknowledgement is to be published (again). */
const rewound = (state: UplinkState): UplinkState => ({
  ...state,
  nextSeq: state.ackedSeq + 1,
  window: [],
  windowMax: PROBE_BATCHES,
});

const connected = (state: UplinkState, now: MonoMs): UplinkState => ({
  ...rewound(state),
  link: { kind: "connected", since: now },
  resendMs: RESEND_MS_FIRST,
});

function disconnected(state: UplinkState, random: number, now: MonoMs): UplinkState {
  const wasGood = state.link.kind === "connected" && now - state.link.since >= GOOD_CONNECTION_MS;
  const failuresCount = wasGood ? 0 : state.failuresCount;
  const ceilingMs = Math.min(RETRY_MS_FIRST * 2 ** failuresCount, RETRY_MS_MAX);
  return {
    ...rewound(state),
    link: { kind: "waiting", connectAt: plusMs(now, Math.floor(random * ceilingMs)) },
    failuresCount: failuresCount + 1,
  };
}

const startConnecting = (state: UplinkState, now: MonoMs): UplinkStep => ({
  state: { ...rewound(state), link: { kind: "connecting", giveUpAt: plusMs(now, CONNECT_MS_MAX) } },
  outputs: [{ kind: "connect" }],
});

function acked(state: UplinkState, seq: number, now: MonoMs): UplinkStep {
  if (seq > state.lastSeq) return { state, outputs: [{ kind: "doubted", reason: "ack_beyond_last", seq }] };
  if (seq < state.ackedSeq) return { state, outputs: [{ kind: "doubted", reason: "ack_regressed", seq }] };
  if (seq === state.ackedSeq) return unchanged(state);
  const moved = settle({ ...state, ackedSeq: seq, nextSeq: Math.max(state.nextSeq, seq + 1) }, now);
  const step = publishFrom({ ...moved, resendMs: RESEND_MS_FIRST, windowMax: WINDOW_BATCHES_MAX }, now);
  return { state: step.state, outputs: [{ kind: "accepted", seq }, ...step.outputs] };
}

function pubacked(state: UplinkState, batch: number, now: MonoMs): UplinkStep {
  if (!state.window.some((each) => each.batch === batch)) return unchanged(state);
  const window = state.window.map((each) => (each.batch === batch ? { ...each, atBroker: true } : each));
  return publishFrom(settle({ ...state, window }, now), now);
}

/** Takes out of the window what both broker and fleet have confirmed. */
const settle = (state: UplinkState, now: MonoMs): UplinkState => ({
  ...state,
  window: state.window.filter(({ atBroker, toSeq }) => !atBroker || toSeq > state.ackedSeq),
  progressAt: now,
});

function timer(state: UplinkState, now: MonoMs): UplinkStep {
  const deadline = uplinkDeadline(state);
  if (deadline === undefined || now < deadline) return unchanged(state);
  if (state.link.kind !== "connected" || isBrokerSilent(state)) return startConnecting(state, now);
  const resendMs = Math.min(state.resendMs * 2, RESEND_MS_MAX);
  return publishFrom({ ...rewound(state), resendMs }, now);
}

/**
 * Fills the window. A full batch goes out whenever there is room; fewer rows only when the broker has everything sent
 * before. So a physical fact leaves at once, alone, and a backlog leaves in full batches.
 */
function publishFrom(state: UplinkState, now: MonoMs): UplinkStep {
  if (state.link.kind !== "connected") return unchanged(state);
  const window = [...state.window];
  const outputs: UplinkOutput[] = [];
  let { nextSeq, batchesCount } = state;
  while (nextSeq <= state.lastSeq && window.length < state.windowMax) {
    const isFull = state.lastSeq - nextSeq + 1 >= BATCH_ROWS_MAX;
    if (!isFull && window.some(({ atBroker }) => !atBroker)) break;
    const toSeq = Math.min(nextSeq + BATCH_ROWS_MAX - 1, state.lastSeq);
    batchesCount += 1;
    window.push({ batch: batchesCount, fromSeq: nextSeq, toSeq, atBroker: false });
    outputs.push({ kind: "publish", batch: batchesCount, fromSeq: nextSeq, toSeq });
    nextSeq = toSeq + 1;
  }
  const progressAt = state.window.length === 0 && window.length > 0 ? now : state.progressAt;
  return { state: { ...state, nextSeq, window, batchesCount, progressAt }, outputs };
}
