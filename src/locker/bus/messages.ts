import type { CompartmentId, OpId } from "../../contract/ids.ts";
import type { BusReport } from "../domain/input.ts";
import { byKind, either, finite, type Guard, integer, listOf, literal, shape, text } from "./guards.ts";
import type { BoardSettings, BusSettings, ChannelSettings, TransportSettings } from "./settings.ts";

/*
 * What the daemon and the process of one bus say to each other. Both ends refuse what does not fit: neither should go
 * on with a peer of another version.
 */

/** Identity of an event of a board; the daemon has made it durable, and so all before it in that boot. */
export type CommittedEvent = { readonly board: string; readonly boot: number; readonly sequence: number };

/** `event`: the board's own, which it keeps until the daemon has committed the report. */
export type MachineReport = { readonly report: BusReport; readonly event: CommittedEvent | null };

export type BusCounters = {
  readonly exchangesCount: number;
  readonly unansweredCount: number;
  readonly unlocksWrittenCount: number;
  /** Noise, echo, late answers. */
  readonly discardedBytesCount: number;
  /** How often nobody answered for so long that the port was made anew. */
  readonly reopensAskedCount: number;
};

export type ToBusProcess =
  /** The first message, once. */
  | {
      readonly kind: "configure";
      readonly generation: number;
      readonly settings: BusSettings;
      readonly committed: readonly CommittedEvent[];
    }
  | {
      readonly kind: "unlock";
      /** Of the process it is meant for. */
      readonly generation: number;
      readonly op: OpId;
      readonly compartment: CompartmentId;
      /** On the machine's monotonic clock, which all its processes share; decimal digits. */
      readonly notAfterHrtimeNs: string;
    }
  | {
      readonly kind: "query_op";
      readonly op: OpId;
      readonly compartment: CompartmentId;
      readonly ageMs: number | null;
    }
  | { readonly kind: "event_committed"; readonly event: CommittedEvent };

export type FromBusProcess =
  /** Configured; from now on a heartbeat comes from the loop that polls. */
  | { readonly kind: "ready"; readonly generation: number }
  | { readonly kind: "heartbeat"; readonly counters: BusCounters }
  | ({ readonly kind: "report" } & MachineReport)
  | { readonly kind: "port"; readonly state: "opened" }
  | { readonly kind: "port"; readonly state: "closed"; readonly reason: string };

const name = text(/^[a-z0-9-]{1,32}$/);
const op = text<OpId>(/^[0-9a-f]{16}$/);
const reason = text(/^[a-z_]{2,32}$/);
const isCompartment: Guard<CompartmentId> = (value): value is CompartmentId => integer(1, 1_000)(value);
const count = integer(0, Number.MAX_SAFE_INTEGER);
const uint32 = integer(0, 0xffff_ffff);
const committedEvent = shape({ board: name, boot: uint32, sequence: integer(1, 0xffff) });

const channel: Guard<ChannelSettings> = shape(
  { channel: integer(0, 254), compartment: isCompartment },
  { feedback: literal("locked-closes", "open-closes", "none") },
);
const board: Guard<BoardSettings> = shape({
  name,
  protocol: literal("fp1"),
  address: integer(0, 255),
  channels: listOf(channel),
  unlockPulseMs: integer(1, 2_000),
});
const slack = { replySlackMs: integer(0, 10_000) };
const transport: Guard<TransportSettings> = byKind<TransportSettings>({
  serial: shape({ kind: literal("serial"), path: text(/^.+$/), baudRate: integer(1_200, 4_000_000) }, slack),
  tcp: shape({ kind: literal("tcp"), host: text(/^.+$/), port: integer(1, 65_535) }, slack),
});
const settings: Guard<BusSettings> = shape({ name, transport, boards: listOf(board) });

export const isToBusProcess: Guard<ToBusProcess> = byKind<ToBusProcess>({
  configure: shape({ kind: literal("configure"), generation: count, settings, committed: listOf(committedEvent) }),
  unlock: shape({
    kind: literal("unlock"),
    generation: count,
    op,
    compartment: isCompartment,
    notAfterHrtimeNs: text(/^[0-9]{1,20}$/),
  }),
  query_op: shape({
    kind: literal("query_op"),
    op,
    compartment: isCompartment,
    ageMs: either(finite, literal(null)),
  }),
  event_committed: shape({ kind: literal("event_committed"), event: committedEvent }),
});

const unlockResult = { kind: literal("unlock_result"), op };
const busReport: Guard<BusReport> = byKind<BusReport>({
  unlock_result: either(
    shape({ ...unlockResult, outcome: literal("accepted", "unknown") }),
    shape({ ...unlockResult, outcome: literal("rejected"), reason }),
  ),
  still_closed: shape({ kind: literal("still_closed"), op }),
  op_evidence: shape({
    kind: literal("op_evidence"),
    op,
    evidence: literal("never_seen", "no_change", "opened", "unknown"),
  }),
  door: shape({
    kind: literal("door"),
    compartment: isCompartment,
    door: literal("open", "closed", "unknown"),
  }),
  board: shape({ kind: literal("board"), board: name, health: literal("ok", "silent") }),
});

const counters: Guard<BusCounters> = shape({
  exchangesCount: count,
  unansweredCount: count,
  unlocksWrittenCount: count,
  discardedBytesCount: count,
  reopensAskedCount: count,
});

const port = { kind: literal("port") };

export const isFromBusProcess: Guard<FromBusProcess> = byKind<FromBusProcess>({
  ready: shape({ kind: literal("ready"), generation: count }),
  heartbeat: shape({ kind: literal("heartbeat"), counters }),
  report: shape({
    kind: literal("report"),
    report: busReport,
    event: either(committedEvent, literal(null)),
  }),
  port: either(
    shape({ ...port, state: literal("opened") }),
    shape({ ...port, state: literal("closed"), reason: text(/^.{0,200}$/s) }),
  ),
});
