import { readFileSync } from "node:fs";
import type { IClientOptions } from "mqtt";
import type { LockerHandle } from "../../contract/ids.ts";
import type { LockerStatus } from "../../contract/messages.ts";
import { topicOf } from "../../contract/topics.ts";

/** Where the broker is: `mqtt://`, or `mqtts://` with the PEM files of both sides' certificates; a login if it wants one. */
export type UplinkSettings = {
  readonly url: string;
  readonly tls?: { readonly caFile: string; readonly certFile: string; readonly keyFile: string } | undefined;
  readonly username?: string | undefined;
  readonly passwordFile?: string | undefined;
};

/** Read at every connection, so that a renewed certificate or password needs no restart. */
function readCredentials({ tls, username, passwordFile }: UplinkSettings) {
  return {
    ...(tls === undefined
      ? {}
      : { ca: readFileSync(tls.caFile), cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }),
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { password: readFileSync(passwordFile, "utf8").trim() }),
  };
}

/**
 * How the library is told to behave: it connects once and keeps nothing for later; the machine decides the rest.
 * Throws when a file cannot be read.
 */
export function mqttOptions(settings: UplinkSettings, handle: LockerHandle, will: LockerStatus): IClientOptions {
  return {
    // 3.1.1: the embedded broker speaks nothing newer.
    protocolVersion: 4,
    clientId: handle,
    // The broker keeps commands and acknowledgements that arrive while the locker is away.
    clean: false,
    keepalive: 15,
    // A publish must not put the ping off: into a black hole one can publish for ever.
    reschedulePings: false,
    connectTimeout: 10_000,
    reconnectPeriod: 0,
    // Without it a refused connection leaves the client in a state it never tells of.
    reconnectOnConnackError: true,
    queueQoSZero: false,
    resubscribe: false,
    will: { topic: topicOf(handle, "up/status"), payload: Buffer.from(JSON.stringify(will)), qos: 1, retain: true },
    ...readCredentials(settings),
  };
}
