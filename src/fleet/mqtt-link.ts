import { connect, type IClientOptions, type MqttClient } from "mqtt";
import type { Logger } from "pino";

/** Certificates in PEM form for a broker that asks for them. */
export type MqttTls = { readonly ca: string; readonly cert: string; readonly key: string };

export type MqttLinkOptions = {
  readonly url: string;
  readonly tls?: MqttTls;
  /** Stays the same over restarts, so that the broker keeps what arrives in between. */
  readonly clientId: string;
  readonly filters: readonly string[];
  /** Resolves when the message is durable or will never be wanted; only then is it PUBACKed. */
  readonly onMessage: (message: MqttMessage) => Promise<void>;
  readonly onConnected: () => void;
  readonly onDisconnected: () => void;
  /** A message could not be made durable: the process has to end, and the broker will deliver again. */
  readonly onFatal: (error: unknown) => void;
  readonly random: () => number;
  readonly log: Logger;
};

export type MqttMessage = { readonly topic: string; readonly payload: Uint8Array; readonly retained: boolean };

export type MqttLink = {
  /** Connected and subscribed. */
  readonly isConnected: () => boolean;
  /** Hands a text to the broker at QoS 1. False, and nothing is kept for later, while there is no connection. */
  readonly publish: (topic: string, text: string, options?: { readonly retain: boolean }) => boolean;
  readonly close: () => Promise<void>;
};

const RETRY_MS_FIRST = 250;
const RETRY_MS_MAX = 30_000;
/** A client that is not connected after this long is thrown away: some of its states never end by themselves. */
const CONNECT_MS_MAX = 60_000;

const clientOptions = ({ clientId, tls }: MqttLinkOptions): IClientOptions => ({
  protocolVersion: 4,
  clientId,
  clean: false,
  keepalive: 15,
  connectTimeout: 10_000,
  // The library's own reconnecting re-sends what was in flight and has states it never leaves; every connection
  // of ours is a new client that knows nothing of the former.
  reconnectPeriod: 0,
  queueQoSZero: false,
  ...(tls === undefined ? {} : tls),
});

/** Takes one message after another: the next comes when this one is done with. */
const takeEach =
  ({ onMessage, onFatal }: MqttLinkOptions): MqttClient["handleMessage"] =>
  ({ topic, payload, retain }, done) => {
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    onMessage({ topic, payload: bytes, retained: retain }).then(() => done(), onFatal);
  };

/** Keeps one subscribed connection to the broker, whatever happens to it. */
export function openMqttLink(options: MqttLinkOptions): MqttLink {
  const { log } = options;
  let client: MqttClient | undefined;
  let subscribed = false;
  let failuresCount = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const dial = (): void => {
    const fresh = connect(options.url, clientOptions(options));
    client = fresh;
    timer = setTimeout(() => drop(fresh), CONNECT_MS_MAX);
    fresh.handleMessage = takeEach(options);
    fresh.on("error", (error) => log.warn({ err: error }, "broker connection failed"));
    fresh.on("close", () => drop(fresh));
    fresh.on("connect", () => subscribe(fresh));
  };

  const subscribe = (fresh: MqttClient): void => {
    fresh.subscribe([...options.filters], { qos: 1 }, (error, granted) => {
      if (fresh !== client) return;
      if (error !== null || granted?.some(({ qos }) => qos === 128) !== false) {
        log.warn({ err: error ?? undefined }, "broker refused the subscriptions");
        drop(fresh);
        return;
      }
      clearTimeout(timer);
      failuresCount = 0;
      subscribed = true;
      log.info({}, "broker connected");
      options.onConnected();
    });
  };

  const drop = (stale: MqttClient): void => {
    if (stale !== client) return;
    clearTimeout(timer);
    client = undefined;
    stale.end(true);
    if (subscribed) {
      subscribed = false;
      log.warn({}, "broker lost");
      options.onDisconnected();
    }
    if (closed) return;
    timer = setTimeout(dial, options.random() * Math.min(RETRY_MS_FIRST * 2 ** failuresCount, RETRY_MS_MAX));
    failuresCount += 1;
  };

  dial();
  return {
    isConnected: () => subscribed,
    publish: (topic, text, { retain } = { retain: false }) => {
      // What the broker kept for us comes before the subscriptions are confirmed, and is acknowledged at once.
      if (client?.connected !== true) return false;
      client.publish(topic, text, { qos: 1, retain }, (error) => {
        if (error) log.debug({ topic }, "publish not confirmed");
      });
      return true;
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      const last = client;
      client = undefined;
      subscribed = false;
      await last?.endAsync(false);
    },
  };
}
