/** TYPE of a request. A reply's TYPE is its request's with bit 7 set, except for NAK. */
export const fp1RequestType = { hello: 0x01, poll: 0x02, status: 0x03, unlock: 0x10, op_query: 0x11 } as const;
export const FP1_NAK_TYPE = 0xff;

export const fp1ResetReason = {
  unknown: 0,
  power_on: 1,
  brown_out: 2,
  watchdog: 3,
  software: 4,
  fault: 5,
  reset_pin: 6,
} as const;
export type Fp1ResetReason = keyof typeof fp1ResetReason;

export const fp1UnlockResult = {
  accepted: 0,
  duplicate: 1,
  stale_boot: 2,
  expired: 3,
  busy: 4,
  cooldown: 5,
  bad_channel: 6,
  undervoltage: 7,
  inhibited: 8,
} as const;
export type Fp1UnlockResult = keyof typeof fp1UnlockResult;

/** `never_seen` is about this boot only: the operation may have been executed before a reset. */
export const fp1OpQueryResult = { ...fp1UnlockResult, never_seen: 0x0f } as const;
export type Fp1OpQueryResult = keyof typeof fp1OpQueryResult;

export const fp1OpState = { unknown: 0, queued: 1, pulsing: 2, done_opened: 3, done_no_change: 4, fault: 5 } as const;
export type Fp1OpState = keyof typeof fp1OpState;

export const fp1Door = { open: 0, closed: 1, unknown: 2 } as const;
export type Fp1Door = keyof typeof fp1Door;

export const fp1EventKind = {
  door_opened: 1,
  door_closed: 2,
  op_finished: 3,
  boot: 4,
  brownout: 5,
  tamper: 6,
  coil_fault: 7,
  occupancy: 8,
  overflow: 9,
} as const;
export type Fp1EventKind = keyof typeof fp1EventKind;

export const fp1NakReason = {
  bad_type: 1,
  bad_length: 2,
  unsupported: 3,
  sequence_reuse: 4,
  session_lost: 5,
  auth_required: 6,
  bad_tag: 7,
  busy: 8,
} as const;
export type Fp1NakReason = keyof typeof fp1NakReason;

/** The channel byte where no channel is meant: events of the whole board, and operations never seen. */
export const FP1_CHANNEL_NONE = 0xff;

/** 64-bit operation id as 16 lower-case hexadecimal digits, in wire order. */
export type Fp1OpId = string;

export type Fp1UnlockRequest = {
  readonly kind: "unlock";
  readonly opId: Fp1OpId;
  /** Boot the host believes in; the node refuses any other. */
  readonly bootId: number;
  readonly channel: number;
  /** 0 is the channel's configured pulse. */
  readonly pulseMs: number;
  /** Last moment at which the pulse may start, by the node's own uptime. */
  readonly notAfterUptimeMs: number;
};

export type Fp1Request =
  | { readonly kind: "hello" }
  /** Acknowledges events up to and including `ackEvent`; 0 acknowledges none. */
  | { readonly kind: "poll"; readonly ackEvent: number }
  | { readonly kind: "status" }
  | Fp1UnlockRequest
  | { readonly kind: "op_query"; readonly opId: Fp1OpId };

export type Fp1HelloReply = {
  readonly kind: "hello";
  readonly protocolVersion: number;
  readonly hardwareId: number;
  readonly firmwareVersion: number;
  /** 24 lower-case hexadecimal digits. */
  readonly uid: string;
  readonly bootId: number;
  readonly resetReason: Fp1ResetReason;
  readonly bootCount: number;
  readonly channelCount: number;
  /** `caps` of README.md bit by bit; unknown bits are kept and mean nothing yet. */
  readonly capabilities: number;
  readonly bodyBytesMax: number;
};

type EventFacts = {
  /** Number of the event in its boot, 1 to 65535, then 1 again. */
  readonly sequence: number;
  readonly channel: number;
  readonly uptimeMs: number;
  readonly argument: number;
};
/**
 * Something that happened on the board; kept there until acknowledged.
 *
 * A kind this version does not know has to be acknowledged like the others, and means nothing.
 */
export type Fp1Event =
  | (EventFacts & { readonly kind: Fp1EventKind })
  | (EventFacts & { readonly kind: "unrecognised"; readonly kindCode: number });

export type Fp1PollReply = {
  readonly kind: "poll";
  readonly bootId: number;
  readonly uptimeMs: number;
  /** Newest event the board has numbered in this boot, sent or not; 0 when there was none. */
  readonly lastEvent: number;
  /** The doors now, by channel. */
  readonly doors: readonly Fp1Door[];
  /** Unacknowledged events, oldest first. */
  readonly events: readonly Fp1Event[];
};

export type Fp1Occupancy = "occupied" | "empty" | "unknown";

export type Fp1StatusReply = {
  readonly kind: "status";
  /** Null when the board does not measure it; so for the next two. */
  readonly supplyMillivolts: number | null;
  /** Lowest since boot. */
  readonly supplyMillivoltsMin: number | null;
  readonly temperatureDecicelsius: number | null;
  readonly channels: readonly { readonly hasCoilFault: boolean; readonly occupancy: Fp1Occupancy }[];
  readonly badCrcCount: number;
  readonly overrunCount: number;
  readonly lostEventCount: number;
};

/** What the board knows of one operation. `door` is the switch now, not an effect of the operation. */
type OpReport = {
  readonly opId: Fp1OpId;
  readonly state: Fp1OpState;
  readonly channel: number;
  readonly door: Fp1Door;
};
export type Fp1UnlockReply = OpReport & { readonly kind: "unlock"; readonly result: Fp1UnlockResult };
export type Fp1OpQueryReply = OpReport & { readonly kind: "op_query"; readonly result: Fp1OpQueryResult };

/** The request was heard and not executed. */
export type Fp1Nak = { readonly kind: "nak"; readonly reason: Fp1NakReason; readonly bootId: number };

export type Fp1Reply = Fp1HelloReply | Fp1PollReply | Fp1StatusReply | Fp1UnlockReply | Fp1OpQueryReply | Fp1Nak;

/** Trailer of an authenticated frame. The tag is 16 lower-case hexadecimal digits. */
export type Fp1Seal = { readonly counter: number; readonly tag: string };

export type Fp1RequestFrame = {
  readonly kind: "request";
  /** 1 to 126; 0 is a node without an address and 127 all nodes, neither for `unlock`. */
  readonly address: number;
  /** 0 restarts the link, else 1 to 255. */
  readonly sequence: number;
  readonly seal: Fp1Seal | null;
  readonly body: Fp1Request;
};

export type Fp1ReplyFrame = {
  readonly kind: "reply";
  readonly address: number;
  readonly sequence: number;
  /** The node has events that did not fit into this reply. */
  readonly hasMoreEvents: boolean;
  readonly seal: Fp1Seal | null;
  readonly body: Fp1Reply;
};

export type Fp1Frame = Fp1RequestFrame | Fp1ReplyFrame;

export type Fp1DecodeError =
  /** `truncated`, `too_long`, `bad_checksum`: noise. The others arrived as they were sent. */
  | { readonly code: "truncated" | "too_long" | "bad_checksum" }
  | { readonly code: "bad_version" | "bad_flags" | "bad_address" | "unknown_type" | "bad_length" }
  | { readonly code: "bad_value"; readonly field: string };

/** The caller asked for something the wire has no form for. */
export type Fp1EncodeError = { readonly code: "out_of_range"; readonly field: string };

/** The name a code stands for, or undefined when the table has none. */
export function nameOf<Name extends string>(codes: Readonly<Record<Name, number>>, code: number): Name | undefined {
  for (const name in codes) {
    if (codes[name] === code) return name;
  }
  return undefined;
}
