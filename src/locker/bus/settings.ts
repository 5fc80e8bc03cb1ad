import type { CompartmentId } from "../../contract/ids.ts";

/**
 * What a door switch's contact says. `locked-closes`: the contact is closed while the door is shut. `open-closes`:
 * the contact is closed while the door stands open. `none`: no switch is wired. Left out: as the board itself says.
 */
export type Feedback = "locked-closes" | "open-closes" | "none";

export type ChannelSettings = {
  /** As the board numbers it. */
  readonly channel: number;
  readonly compartment: CompartmentId;
  readonly feedback?: Feedback;
};

export type Protocol = "fp1";

export type BoardSettings = {
  /** Unique in the locker: lower-case letters, digits and hyphens. */
  readonly name: string;
  readonly protocol: Protocol;
  /** On its bus. */
  readonly address: number;
  readonly channels: readonly ChannelSettings[];
  readonly unlockPulseMs: number;
};

/** `replySlackMs`: how much longer than the wire the adapter or gateway may take. Left out: 20 ms serial, 250 ms TCP. */
export type TransportSettings =
  | { readonly kind: "serial"; readonly path: string; readonly baudRate: number; readonly replySlackMs?: number }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly replySlackMs?: number };

/** One port and the boards behind it. */
export type BusSettings = {
  readonly name: string;
  readonly transport: TransportSettings;
  readonly boards: readonly BoardSettings[];
};
