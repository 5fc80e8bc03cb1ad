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
import type { FleetDb } from "./store.ts";

export type IntakeDeps = IngestDeps & {
  readonly commandKey: KeyObject;
  readonly publish: (topic: string, text: string) => boolean;
  /** Told after the commit. */
  readonly onStored: (locker: LockerHandle, changes: readonly FoldChange[]) => void;
  readonly log: Logger;
};

const STATUS_BYTES_MAX = 1_024;
const parseStatus = jsonParser(LockerStatus);

/** Takes what lockers publish. Resolves after the commit and after the acknowledgement went out. */
export async function takeMessage(deps: IntakeDeps, message: MqttMessage): Promise<void> {
  const topic = parseTopic(message.topic);
  if (topic?.kind === "up/event") await takeEvents(deps, topic.handle, message.payload);
  else if (topic?.kind === "up/status") await takeStatus(deps, topic.handle, message);
  else deps.log.warn({ topic: message.topic }, "message on a topic of nobody");
}

async function takeEvents(deps: IntakeDeps, locker: LockerHandle, payload: Uint8Array): Promise<void> {
  const { kind, fault, ack, changes } = await ingest(deps, locker, payload);
  if (fault !== undefined) deps.log.warn({ locker, fault }, "batch refused");
  if (ack !== undefined) {
    deps.publish(topicOf(locker, "down/ack"), await signClaims(deps.commandKey, jwsType.ack, ack));
  }
  if (kind === "stored" || fault !== undefined) deps.onStored(locker, changes);
}

/** A status is not signed: it says only whether the link is up and the boards answer. */
async function takeStatus(deps: IntakeDeps, locker: LockerHandle, message: MqttMessage): Promise<void> {
  const status =
    message.payload.byteLength > STATUS_BYTES_MAX ? undefined : parseStatus(new TextDecoder().decode(message.payload));
  if (status?.ok !== true || deps.signingKeyOf(locker) === undefined) {
    deps.log.warn({ locker, faults: status?.ok === false ? status.error.faults : [] }, "status refused");
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
