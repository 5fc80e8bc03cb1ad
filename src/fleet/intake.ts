import type { KeyObject } from "node:crypto";
import type { Logger } from "pino";
import type { LockerHandle } from "../contract/ids.ts";
import { jwsType, LockerStatus } from "../contract/messages.ts";
import { jsonParser } from "../contract/parse.ts";
import { parseTopic, topicOf } from "../contract/topics.ts";
import type { FoldChange } from "./fold-model.ts";
import { type IngestDeps, ingest } from "./ingest.ts";
import { signClaims } from "./keys.ts";
import type { MqttMessage } from "./mqtt-link.ts";
import { createSparseCount } from "./sparse-count.ts";
import type { FleetDb } from "./store.ts";

export type IntakeDeps = IngestDeps & {
  readonly commandKey: KeyObject;
  readonly publish: (topic: string, text: string) => boolean;
  /** Told after the commit of what is news. */
  readonly onStored: (locker: LockerHandle, changes: readonly FoldChange[]) => void;
  readonly log: Logger;
};

const STATUS_BYTES_MAX = 1_024;
const parseStatus = jsonParser(LockerStatus);

/** How often each locker's messages of a kind were refused; those of nobody are counted as one's. */
type Refusals = (kind: "batch" | "epoch" | "status", locker: LockerHandle) => number | undefined;

/** Takes what lockers publish. Resolves after the commit and after the acknowledgement went out. */
export function createIntake(deps: IntakeDeps): (message: MqttMessage) => Promise<void> {
  const countOf = createSparseCount();
  const refusals: Refusals = (kind, locker) =>
    countOf(`${kind} ${deps.signingKeyOf(locker) === undefined ? "of nobody" : locker}`);
  return async (message) => {
    const topic = parseTopic(message.topic);
    if (topic?.kind === "up/event") return takeEvents(deps, refusals, topic.handle, message.payload);
    if (topic?.kind === "up/status") return takeStatus(deps, refusals, topic.handle, message);
    const count = countOf("misplaced");
    if (count !== undefined) deps.log.warn({ topic: message.topic, count }, "message on a topic of nobody");
  };
}

async function takeEvents(
  deps: IntakeDeps,
  refusals: Refusals,
  locker: LockerHandle,
  payload: Uint8Array,
): Promise<void> {
  const { kind, fault, ack, changes, isNews } = await ingest(deps, locker, payload);
  const count = fault === undefined ? undefined : refusals("batch", locker);
  if (count !== undefined) deps.log.warn({ locker, fault, count }, "batch refused");
  if (ack !== undefined) {
    deps.publish(topicOf(locker, "down/ack"), await signClaims(deps.commandKey, jwsType.ack, ack));
  }
  if (kind === "stored" && !isNews) {
    const overCount = refusals("epoch", locker);
    if (overCount !== undefined) deps.log.warn({ locker, count: overCount }, "rows of an epoch that is over");
  }
  if (isNews) deps.onStored(locker, changes);
}

/** A status is not signed: it says only whether the link is up and the boards answer. */
async function takeStatus(
  deps: IntakeDeps,
  refusals: Refusals,
  locker: LockerHandle,
  message: MqttMessage,
): Promise<void> {
  const status =
    message.payload.byteLength > STATUS_BYTES_MAX ? undefined : parseStatus(new TextDecoder().decode(message.payload));
  if (status?.ok !== true || deps.signingKeyOf(locker) === undefined) {
    const faults = status?.ok === false ? status.error.faults : [];
    const count = refusals("status", locker);
    if (count !== undefined) deps.log.warn({ locker, faults, count }, "status refused");
    return;
  }
  const { state, boards } = status.value;
  // A retained status tells how it was, not that somebody just spoke.
  const contact = message.retained || state === "offline" ? {} : { last_contact_at: deps.now() };
  await deps.store.db
    .updateTable("locker")
    .set({ link: state, boards, ...contact })
    .where("locker", "=", locker)
    .execute();
  deps.onStored(locker, []);
}

/** While the broker is away nobody knows who is online. Coming back, it tells the kept status of every locker anew. */
export async function forgetLinks(db: FleetDb): Promise<void> {
  await db.updateTable("locker").set({ link: "offline" }).where("link", "=", "online").execute();
}
