import { connect, type MqttClient } from "mqtt";
import type { LockerStatus } from "../../contract/messages.ts";
import { type TopicKind, topicOf } from "../../contract/topics.ts";
import type { Input } from "../domain/input.ts";
import { unreachable } from "../domain/invariant.ts";
import type { Alarm, Clock, Log, Uplink } from "../ports.ts";
import { createDownlink, type Downlink } from "./downlink.ts";
import { type BatchSource, readBatch } from "./event-batch.ts";
import { mqttOptions, type UplinkSettings } from "./mqtt-options.ts";
import { guardPackets } from "./packet-guard.ts";
import { createSparseWarning, type SparseWarning } from "./sparse-warning.ts";
import {
  initialUplink,
  type UplinkInput,
  type UplinkOutput,
  type UplinkState,
  uplinkDeadline,
  uplinkStep,
} from "./uplink-machine.ts";

export type UplinkDeps = BatchSource & {
  readonly settings: UplinkSettings;
  /** Highest row the fleet had acknowledged when this run began. */
  readonly lastAcked: number;
  /** Takes an input of the link; has committed it when it returns. */
  readonly post: (input: Input) => void;
  readonly health: () => Omit<LockerStatus, "state">;
  readonly clock: Clock;
  /** The machine's own: nobody else sets it. */
  readonly alarm: Alarm;
  /** In [0, 1). */
  readonly random: () => number;
  /** Called when the journal or the engine failed: the process must end. */
  readonly fatal: (cause: unknown) => void;
  readonly log: Log;
};

export type LockerUplink = Uplink & {
  /** The health changed: the retained status is said anew. */
  readonly statusChanged: () => void;
  /** Says `offline`, if there is a connection, and ends. */
  readonly stop: () => Promise<void>;
};

/** Starts to connect at once and never stops trying; nothing local waits for it. */
export function createUplink(deps: UplinkDeps): LockerUplink {
  const uplink = new MqttUplink(deps);
  return {
    committed: (lastSeq) => uplink.take({ kind: "committed", lastSeq }),
    statusChanged: () => uplink.sayStatus(),
    stop: () => uplink.stop(),
  };
}

/** How long a stop waits for the broker to take the last status. */
const FAREWELL_MS_MAX = 2_000;
/** What a broker answers instead of a quality of service, MQTT 3.1.1 section 3.9.3. */
const SUBSCRIPTION_REFUSED = 128;
const SUBSCRIPTIONS = ["down/ack", "down/command", "down/desired"] as const satisfies readonly TopicKind[];

class MqttUplink {
  readonly #deps: UplinkDeps;
  readonly #downlink: Downlink;
  readonly #doubt: SparseWarning;
  readonly #inputs: UplinkInput[] = [];
  #state: UplinkState;
  #client: MqttClient | undefined;
  #link: "up" | "down" = "down";
  #taking = false;
  #stopped = false;

  constructor(deps: UplinkDeps) {
    this.#deps = deps;
    this.#doubt = createSparseWarning(deps.log, "acknowledgement not believed");
    this.#downlink = createDownlink({
      ...deps,
      post: (input) => this.#post(input),
      onAck: (seq) => this.take({ kind: "acked", seq }),
      doubt: this.#doubt,
    });
    const seqs = { lastSeq: deps.outbox.lastSeq(), ackedSeq: deps.lastAcked };
    this.#state = initialUplink(seqs, deps.clock.now().mono);
    this.#setAlarm();
  }

  take(input: UplinkInput): void {
    this.#inputs.push(input);
    if (this.#taking) return;
    this.#taking = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined && !this.#stopped; next = this.#inputs.shift()) {
        const { state, outputs } = uplinkStep(this.#state, next, this.#deps.clock.now().mono);
        this.#state = state;
        for (const output of outputs) this.#perform(output);
        this.#tellLink();
      }
      this.#setAlarm();
    } catch (cause) {
      this.#deps.fatal(cause);
    } finally {
      this.#taking = false;
    }
  }

  sayStatus(): void {
    if (this.#client?.connected !== true || this.#link === "down") return;
    this.#client.publish(this.#topic("up/status"), this.#status("online"), { qos: 1, retain: true });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#deps.alarm.set(undefined, () => undefined);
    const client = this.#client;
    if (client === undefined) return;
    if (client.connected) await this.#sayFarewell(client);
    // Forced: what is in flight stands in the journal, and the next run sends it again.
    await client.endAsync(true);
  }

  async #sayFarewell(client: MqttClient): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, FAREWELL_MS_MAX);
    client.publish(this.#topic("up/status"), this.#status("offline"), { qos: 1, retain: true }, () => resolve());
    await promise;
    clearTimeout(timer);
  }

  #perform(output: UplinkOutput): void {
    switch (output.kind) {
      case "connect":
        return this.#connect();
      case "publish":
        return this.#publish(output);
      case "accepted":
        return this.#post({ kind: "acked", seq: output.seq });
      case "doubted":
        return this.#doubt({ reason: output.reason, seq: output.seq });
      default:
        return unreachable(output);
    }
  }

  #connect(): void {
    const { log } = this.#deps;
    this.#discardClient();
    const client = this.#open();
    if (client === undefined) return;
    this.#client = client;
    guardPackets(client);
    client.handleMessage = (packet, done) => {
      const { topic, payload } = packet;
      this.#downlink(topic, typeof payload === "string" ? Buffer.from(payload) : payload).then(
        () => {
          // What came in while stopping was not committed: the broker keeps it for the next run.
          if (!this.#stopped) done();
        },
        (cause: unknown) => this.#deps.fatal(cause),
      );
    };
    client.on("error", (error) => {
      log.warn({ errorCode: wordOf(error) }, "broker connection failed");
      // The library reads on after a packet it cannot parse, from wherever the next chunk begins.
      this.#lost(client);
    });
    client.on("close", () => this.#lost(client));
    client.on("connect", () => this.#subscribe(client));
  }

  /** Certificate files that cannot be read just now are a broker that cannot be reached just now. */
  #open(): MqttClient | undefined {
    const { settings, handle, health, log, random } = this.#deps;
    try {
      return connect(settings.url, mqttOptions(settings, handle, { state: "offline", ...health() }));
    } catch (error) {
      log.error({ err: error }, "broker connection cannot be made");
      this.take({ kind: "disconnected", random: random() });
      return undefined;
    }
  }

  /** Acknowledgements are listened for before anything is published, so that none is missed. */
  #subscribe(client: MqttClient): void {
    const topics = SUBSCRIPTIONS.map((kind) => this.#topic(kind));
    client.subscribe(topics, { qos: 1 }, (error, granted) => {
      if (client !== this.#client || this.#stopped) return;
      if (error !== null || granted?.some(({ qos }) => qos === SUBSCRIPTION_REFUSED) !== false) {
        this.#deps.log.warn({}, "broker refused the subscriptions");
        this.#lost(client);
        return;
      }
      this.take({ kind: "connected" });
      this.sayStatus();
    });
  }

  #lost(client: MqttClient): void {
    if (client !== this.#client || this.#stopped) return;
    this.#discardClient();
    this.take({ kind: "disconnected", random: this.#deps.random() });
  }

  /** A client never serves a second connection: it would send again by itself what the machine sends again. */
  #discardClient(): void {
    const stale = this.#client;
    this.#client = undefined;
    stale?.end(true);
  }

  #publish({ batch, fromSeq, toSeq }: Extract<UplinkOutput, { kind: "publish" }>): void {
    const client = this.#client;
    // The library would queue it. Its `close` event is on the way and rewinds the machine.
    if (client?.connected !== true) return;
    const text = JSON.stringify(readBatch(this.#deps, { fromSeq, toSeq }));
    client.publish(this.#topic("up/event"), text, { qos: 1 }, (error) => {
      if (!error && client === this.#client) this.take({ kind: "pubacked", batch });
    });
  }

  #post(input: Input): void {
    if (!this.#stopped) this.#deps.post(input);
  }

  #tellLink(): void {
    const link = this.#state.link.kind === "connected" ? "up" : "down";
    if (link === this.#link) return;
    this.#link = link;
    this.#deps.log.info({ link }, "link changed");
    this.#post({ kind: "link", link });
  }

  #setAlarm(): void {
    if (this.#stopped) return;
    this.#deps.alarm.set(uplinkDeadline(this.#state), () => this.take({ kind: "timer" }));
  }

  #status(state: LockerStatus["state"]): string {
    const status: LockerStatus = { state, ...this.#deps.health() };
    return JSON.stringify(status);
  }

  #topic(kind: TopicKind): string {
    return topicOf(this.#deps.handle, kind);
  }
}

/** ECONNREFUSED and the like, or the broker's return code; the message may hold addresses. */
const wordOf = (error: Error): unknown => ("code" in error ? error.code : error.name);
