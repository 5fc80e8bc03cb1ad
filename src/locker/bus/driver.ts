import type { Door } from "../../contract/events.ts";
import type { OpId } from "../../contract/ids.ts";

/*
 * To support another board: write one file in `drivers/` that exports a `BoardDriver`, name it in `drivers/catalogue.ts`
 * and in `Protocol` of `settings.ts`. A driver turns questions into bytes and bytes into answers. It knows no clock, no
 * port and no compartment; when to ask what, and what to believe, is the bus machine's business.
 */

/** What the bus machine asks one board. */
export type BoardQuestion =
  /** Who is there, and since which boot. Always the first question after the port was opened. */
  | { readonly kind: "identify" }
  /** How are the doors, and what has happened. `acknowledgeTo` is the newest event that may be forgotten, 0 for none. */
  | { readonly kind: "poll"; readonly acknowledgeTo: number }
  /** The only question that moves anything. It is never asked twice with the same `op`. */
  | {
      readonly kind: "unlock";
      readonly op: OpId;
      readonly boot: number;
      readonly channel: number;
      readonly pulseMs: number;
      /** Last moment for the pulse to begin, by the board's own uptime. */
      readonly notAfterUptimeMs: number;
    }
  /** What became of an operation. */
  | { readonly kind: "query_op"; readonly op: OpId };

/** Something the board saw happen, oldest first, kept there until acknowledged. */
export type BoardEvent = { readonly sequence: number } & (
  | { readonly kind: "door"; readonly channel: number; readonly door: "open" | "closed" }
  /** Nothing for the daemon; acknowledged like the others. */
  | { readonly kind: "other" }
);

/** What a board remembers of an operation in the present boot. */
export type OperationMemory =
  | { readonly kind: "never_seen" }
  /** It was refused, and no current flowed. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "pending" }
  | { readonly kind: "over"; readonly effect: "opened" | "no_change" | "unknown" };

/** `reason`s are lower case with underscores: they travel as `unlock.rejected`. */
export type BoardAnswer =
  | { readonly kind: "identity"; readonly boot: number }
  | {
      readonly kind: "poll";
      readonly boot: number;
      readonly uptimeMs: number;
      /** By channel; missing ones are unknown. */
      readonly doors: readonly Door[];
      readonly events: readonly BoardEvent[];
      /** The doors are newer than the newest event in this answer. */
      readonly hasMoreEvents: boolean;
    }
  | { readonly kind: "unlock"; readonly verdict: "accepted" | "wrong_boot" }
  | { readonly kind: "unlock"; readonly verdict: "rejected"; readonly reason: string }
  | { readonly kind: "memory"; readonly memory: OperationMemory }
  /** Heard and not executed. */
  | { readonly kind: "refused"; readonly reason: string };

/** One question on its way. */
export type Exchange = {
  readonly request: Uint8Array;
  /** Of the longest answer to it, for the deadline. */
  readonly replyBytesMax: number;
  /** Takes what the line brings, cut anywhere; gives the answer once it is whole and right. */
  readonly hear: (chunk: Uint8Array) => BoardAnswer | undefined;
  /** Bytes heard that belong to no answer to this question: noise, echo, late answers. */
  readonly discardedBytesCount: () => number;
};

/** What a kind of board can do beyond pulsing a coil and reading a switch. */
export type BoardAbilities = {
  /** It knows operations by id, pulses each at most once, and can be asked about them. */
  readonly remembersOperations: boolean;
};

export type BoardDriver = {
  readonly abilities: BoardAbilities;
  /** Longest pause between a request's last byte and its answer's first. */
  readonly replyDelayMsMax: number;
  /** Silence the bus needs between an answer and the next request, in characters. */
  readonly quietCharacters: number;
  /** `questionNumber`: 0 for `identify`, then counted up until the next `identify`. */
  readonly exchange: (address: number, questionNumber: number, question: BoardQuestion) => Exchange;
};
