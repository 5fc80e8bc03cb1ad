import type { KeyObject } from "node:crypto";
import type { Logger } from "pino";
import type { LockerHandle } from "../contract/ids.ts";
import type { EpochMs } from "../contract/time.ts";
import { topicOfAll } from "../contract/topics.ts";
import { type ApiKey, createAuth } from "./api/auth.ts";
import { buildApi } from "./api/server.ts";
import { createChanges } from "./changes.ts";
import { createCommands, REMOTE_OPEN_EXPIRY_MS } from "./commands.ts";
import { createDesired } from "./desired.ts";
import { createIntake, forgetLinks } from "./intake.ts";
import { type MqttTls, openMqttLink } from "./mqtt-link.ts";
import { openFleetStore } from "./store.ts";
import { createVaultLink } from "./vault-link.ts";

export type FleetLocker = {
  readonly handle: LockerHandle;
  readonly name: string;
  /** Ed25519, public: signs its batches. */
  readonly signingKey: KeyObject;
  /** X25519, public: its desired document is sealed to it. */
  readonly sealingKey: KeyObject;
};

export type FleetSettings = {
  readonly http: { readonly host: string; readonly port: number };
  readonly mqtt: { readonly url: string; readonly tls?: MqttTls };
  /** Path of the SQLite file. */
  readonly database: string;
  /** Ed25519, private: signs acknowledgements, commands and desired documents. */
  readonly commandKey: KeyObject;
  /** Ed25519, private: signs notices to the vault. */
  readonly linkKey: KeyObject;
  /** 32 bytes: the roster at rest. */
  readonly rosterKey: Uint8Array;
  readonly lockers: readonly FleetLocker[];
  readonly apiKeys: readonly ApiKey[];
  readonly vault?: { readonly url: string };
  readonly consoleRoot: string;
  readonly version: string;
};

export type FleetDeps = {
  readonly now: () => EpochMs;
  readonly random: () => number;
  readonly log: Logger;
  /** The database failed: nothing can be promised any more, the process has to end. */
  readonly onFatal: (error: unknown) => void;
  readonly remoteOpenExpiryMs?: number;
};

export type Fleet = { readonly url: string; readonly close: () => Promise<void> };

const CLIENT_ID = "lockerd-fleet";

/** Starts the fleet: the database first, the API next, the broker when it is there. */
export async function createFleet(settings: FleetSettings, deps: FleetDeps): Promise<Fleet> {
  const { now, random, log, onFatal } = deps;
  const lockers = new Map(settings.lockers.map((locker) => [locker.handle, locker]));
  const store = await openFleetStore(settings.database, [...lockers.keys()]);
  await forgetLinks(store.db);
  const changes = createChanges();
  const loseSight = async (): Promise<void> => {
    await forgetLinks(store.db);
    for (const locker of lockers.keys()) changes.notify(locker);
  };
  const link = openMqttLink({
    ...settings.mqtt,
    clientId: CLIENT_ID,
    filters: [topicOfAll("up/event"), topicOfAll("up/status")],
    onMessage: (message) => takeMessage(message),
    onDisconnected: () => void loseSight().catch(onFatal),
    onConnected: () => void desired.publishAll().catch(onFatal),
    ...{ onFatal, random, log },
  });
  const commands = createCommands({
    ...{ db: store.db, commandKey: settings.commandKey, now, log, onFatal },
    isConnected: link.isConnected,
    publish: link.publish,
    onChanged: changes.notify,
    expiryMs: deps.remoteOpenExpiryMs ?? REMOTE_OPEN_EXPIRY_MS,
  });
  const desired = createDesired({
    ...{ db: store.db, commandKey: settings.commandKey, rosterKey: settings.rosterKey, now, onFatal },
    sealingKeyOf: (handle) => lockers.get(handle)?.sealingKey,
    publish: link.publish,
  });
  const vault =
    settings.vault === undefined
      ? undefined
      : createVaultLink({
          ...{ store, url: settings.vault.url, linkKey: settings.linkKey, now, random, onFatal, log },
          onNotified: changes.notify,
        });
  const takeMessage = createIntake({
    ...{ store, commandKey: settings.commandKey, publish: link.publish, now, log },
    signingKeyOf: (handle: LockerHandle) => lockers.get(handle)?.signingKey,
    onStored: (locker: LockerHandle, stored: Parameters<typeof commands.onStored>[1]) => {
      changes.notify(locker);
      commands.onStored(locker, stored);
      vault?.wake();
    },
  });
  const api = await buildApi({
    ...{ store, lockers, commands, desired, changes, now, log, isBrokerConnected: link.isConnected },
    ...{ version: settings.version, consoleRoot: settings.consoleRoot },
    auth: createAuth(settings.apiKeys, now),
  });
  const close = async (): Promise<void> => {
    await api.close();
    await link.close();
    await commands.close();
    desired.close();
    await vault?.close();
    await store.close();
  };
  try {
    return { url: await api.listen({ ...settings.http }), close };
  } catch (cause) {
    await close();
    throw new Error(`listen on ${settings.http.host} port ${settings.http.port}`, { cause });
  }
}
