import { handlePattern, type LockerHandle } from "./ids.ts";

/** The five topics of one locker. `up` is written by the locker, `down` by the fleet. */
export type TopicKind = "up/event" | "up/status" | "down/ack" | "down/command" | "down/desired";

export const topicOf = (handle: LockerHandle, kind: TopicKind): string => `lockerd/1/${handle}/${kind}`;

/** Subscription filter for one kind of topic of every locker. */
export const topicOfAll = (kind: TopicKind): string => `lockerd/1/+/${kind}`;

const grammar = new RegExp(
  `^lockerd/1/(${handlePattern.slice(1, -1)})/(up/event|up/status|down/ack|down/command|down/desired)$`,
);

/** Reads a topic; `undefined` when it is none of ours. */
export function parseTopic(topic: string): { readonly handle: LockerHandle; readonly kind: TopicKind } | undefined {
  const match = grammar.exec(topic);
  return match === null ? undefined : { handle: match[1] as LockerHandle, kind: match[2] as TopicKind };
}
