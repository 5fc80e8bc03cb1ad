import type { AckClaims, CommandClaims, EventBatch } from "../../src/contract/messages.ts";
import type { Input } from "../../src/locker/domain/input.ts";

/** Who signs and who seals is tested elsewhere: in this world nobody forges, so messages travel unsigned. */
export type UpMessage = { readonly kind: "batch"; readonly batch: Omit<EventBatch, "signature"> };

export type DownMessage =
  | { readonly kind: "ack"; readonly claims: AckClaims }
  | { readonly kind: "command"; readonly claims: CommandClaims }
  | Extract<Input, { kind: "desired" }>;
