/** Numbers of the FP1 tables, as the specification gives them. */

export const requestType = { hello: 0x01, poll: 0x02, status: 0x03, unlock: 0x10, opQuery: 0x11 } as const;
export const REPLY_BIT = 0x80;
export const NAK_TYPE = 0xff;

/** Types the specification reserves, which a board answers with "unsupported". */
export const RESERVED_TYPES: ReadonlySet<number> = new Set([
  0x20, 0x21, 0x30, 0x31, 0x40, 0x41, 0x42, 0x43, 0x44, 0x50, 0x51, 0x52, 0x7f,
]);

/** Channel byte of events that belong to the whole board, and of operations never seen. */
export const NO_CHANNEL = 0xff;

export const nakCode = { badType: 1, badLengthOrValue: 2, unsupported: 3, seqReuse: 4, sessionLost: 5 } as const;

export const unlockResult = {
  accepted: 0,
  duplicate: 1,
  staleBoot: 2,
  expired: 3,
  busy: 4,
  cooldown: 5,
  badChannel: 6,
  undervoltage: 7,
  neverSeen: 0x0f,
} as const;

export const opState = { unknown: 0, queued: 1, pulsing: 2, doneOpened: 3, doneNoChange: 4, fault: 5 } as const;

export const OPEN_CIRCUIT = 1;

export const doorLevel = { open: 0, closed: 1, unknown: 2 } as const;

export const eventKind = {
  doorOpened: 1,
  doorClosed: 2,
  opFinished: 3,
  boot: 4,
  brownout: 5,
  coilFault: 7,
  overflow: 9,
} as const;

export const resetReason = { powerOn: 1, brownout: 2, watchdog: 3, software: 4, fault: 5, pin: 6 } as const;
export type ResetReason = keyof typeof resetReason;
