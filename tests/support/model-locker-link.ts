import type { KeyObject } from "node:crypto";
import { compactDecrypt, compactVerify, decodeProtectedHeader } from "jose";
import { connectAsync, type MqttClient } from "mqtt";
import {
  AckClaims,
  CommandClaims,
  DesiredDocument,
  type EventBatch,
  jwsType,
  type LockerStatus,
} from "../../src/contract/messages.ts";
import { jsonParser } from "../../src/contract/parse.ts";
import { parseTopic, topicOf } from "../../src/contract/topics.ts";
import type { ModelLocker } from "./model-locker.ts";

const parse = {
  ack: jsonParser(AckClaims),
  command: jsonParser(CommandClaims),
  desired: jsonParser(DesiredDocument),
};

/** What a model locker's link has heard, each verified with the pinned key and read by the contract's schema. */
export type ModelLockerLink = {
  readonly acks: readonly AckClaims[];
  readonly commands: readonly CommandClaims[];
  readonly desired: readonly DesiredDocument[];
  readonly send: (batch: EventBatch) => Promise<void>;
  readonly sendText: (kind: "up/event" | "up/status", text: string) => Promise<void>;
  readonly sendStatus: (status: Partial<LockerStatus>) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Connects a model locker to a broker. `commandKey` is the fleet's public key that it has pinned. */
export async function linkModelLocker(
  locker: ModelLocker,
  { url, commandKey }: { readonly url: string; readonly commandKey: KeyObject },
): Promise<ModelLockerLink> {
  const acks: AckClaims[] = [];
  const commands: CommandClaims[] = [];
  const desired: DesiredDocument[] = [];
  const take = async (topic: string, text: string): Promise<void> => {
    const kind = parseTopic(topic)?.kind;
    if (kind === "down/ack") acks.push(await opened(text, "ack", commandKey));
    if (kind === "down/command") commands.push(await opened(text, "command", commandKey));
    if (kind === "down/desired") {
      const { plaintext } = await compactDecrypt(text, locker.sealingKey);
      desired.push(await opened(new TextDecoder().decode(plaintext), "desired", commandKey));
    }
  };
  const client: MqttClient = await connectAsync(url, { clientId: locker.handle, reconnectPeriod: 50 });
  let heard: Promise<void> = Promise.resolve();
  client.on("message", (topic, payload) => {
    heard = heard.then(() => take(topic, payload.toString()));
  });
  await client.subscribeAsync(`lockerd/1/${locker.handle}/down/#`, { qos: 1 });
  const sendText = async (kind: "up/event" | "up/status", text: string): Promise<void> => {
    await client.publishAsync(topicOf(locker.handle, kind), text, { qos: 1, retain: kind === "up/status" });
  };
  return {
    ...{ acks, commands, desired, sendText },
    send: (batch) => sendText("up/event", JSON.stringify(batch)),
    sendStatus: (status) =>
      sendText("up/status", JSON.stringify({ state: "online", boards: "ok", version: "0.1.0", ...status })),
    close: async () => {
      await client.endAsync(true);
      await heard;
    },
  };
}

type Claims = { ack: AckClaims; command: CommandClaims; desired: DesiredDocument };

async function opened<K extends keyof Claims>(text: string, kind: K, key: KeyObject): Promise<Claims[K]> {
  if (decodeProtectedHeader(text).typ !== jwsType[kind]) throw new Error(`${kind}: signed for another purpose`);
  const { payload } = await compactVerify(text, key, { algorithms: ["EdDSA"] });
  const claims = parse[kind](new TextDecoder().decode(payload));
  if (!claims.ok) throw new Error(`${kind}: ${claims.error.faults.join("; ")}`);
  return claims.value as Claims[K];
}
