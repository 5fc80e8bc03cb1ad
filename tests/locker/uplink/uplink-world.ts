import { createHash, createSecretKey, generateKeyPairSync, type KeyObject, randomBytes, verify } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Aedes, type AedesPublishPacket, type Client } from "aedes";
import { CompactSign } from "jose";
import type { Epoch, LockerHandle } from "../../../src/contract/ids.ts";
import { type AckClaims, batchStatement, EventBatch, jwsType } from "../../../src/contract/messages.ts";
import { jsonParser } from "../../../src/contract/parse.ts";
import { epochMs, type MonoMs, monoMs } from "../../../src/contract/time.ts";
import { parseTopic, type TopicKind, topicOf } from "../../../src/contract/topics.ts";
import type { Input } from "../../../src/locker/domain/input.ts";
import { createLetters } from "../../../src/locker/platform/letters.ts";
import type { Alarm, Clock, JournalRow, Letters, Log, Outbox } from "../../../src/locker/ports.ts";
import type { UplinkSettings } from "../../../src/locker/uplink/mqtt-options.ts";
import { createUplink, type LockerUplink } from "../../../src/locker/uplink/mqtt-uplink.ts";

export const HANDLE = "k7lockertest" as LockerHandle;
export const EPOCH = "00000000000000aa" as Epoch;

const chained = (previous: string, payload: string): string =>
  createHash("sha256").update(Buffer.from(previous, "hex")).update(payload).digest("hex");
const ZERO_HASH = "0".repeat(64);

/** A journal in memory, with the real chain. */
export class ModelJournal implements Outbox {
  readonly rows: JournalRow[] = [];

  append(payload: string, attachment?: string): number {
    const seq = this.rows.length + 1;
    const sha256 = attachment === undefined ? "" : createHash("sha256").update(attachment).digest("hex");
    this.rows.push({
      seq,
      payload,
      hash: chained(this.rows.at(-1)?.hash ?? ZERO_HASH, payload),
      attachment: attachment === undefined ? null : { sha256, text: attachment },
    });
    return seq;
  }

  lastSeq(): number {
    return this.rows.length;
  }

  rowsAfter(seq: number, limit: number): readonly JournalRow[] {
    return this.rows.slice(seq, seq + limit);
  }
}

/** The embedded broker on loopback, killed and started again on the same port. */
export class TestBroker {
  port = 0;
  /** Every PUBLISH of a client and every PUBACK from one, in order. */
  onPublish: (packet: AedesPublishPacket, broker: TestBroker) => void = () => {};
  onPuback: (topic: string) => void = () => {};
  readonly logins: (readonly [username: string | undefined, password: string | undefined])[] = [];
  readonly #sockets = new Set<Socket>();
  #aedes: Aedes | undefined;
  #server: Server | undefined;

  async start(options: { readonly refuseEverybody?: boolean } = {}): Promise<this> {
    const aedes = await Aedes.createBroker({
      authenticate: (_client, username, password, done) => {
        this.logins.push([username, password?.toString()]);
        done(null, options.refuseEverybody !== true);
      },
    });
    aedes.on("publish", (packet: AedesPublishPacket, client: Client | null) => {
      if (client !== null) this.onPublish(packet, this);
    });
    aedes.on("ack", (packet) => {
      if (packet !== undefined && "topic" in packet) this.onPuback(String(packet.topic));
    });
    this.#aedes = aedes;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      aedes.handle(socket);
    });
    this.#server.listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
    this.port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async kill(): Promise<void> {
    const [server, aedes] = [this.#server, this.#aedes];
    if (server === undefined || aedes === undefined) return;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    server.close();
    await once(server, "close");
    await new Promise<void>((resolve) => aedes.close(resolve));
  }

  /** Says something to the locker, as the fleet would. */
  say(kind: TopicKind, text: string, retain = false): void {
    const packet = { cmd: "publish", topic: topicOf(HANDLE, kind), payload: text, qos: 1, retain, dup: false } as const;
    this.#aedes?.publish(packet, () => undefined);
  }
}

/** Stores verified rows in order and acknowledges them, as the fleet does. */
export class ModelFleet {
  readonly keys = generateKeyPairSync("ed25519");
  readonly payloads: string[] = [];
  readonly attachments = new Map<string, string>();
  readonly batches: EventBatch[] = [];
  readonly statuses: string[] = [];
  readonly faults: string[] = [];
  acknowledging = true;
  #lastHash = ZERO_HASH;
  readonly #lockerKey: KeyObject;

  constructor(lockerKey: KeyObject) {
    this.#lockerKey = lockerKey;
  }

  listen(broker: TestBroker): void {
    broker.onPublish = (packet) => {
      const kind = parseTopic(packet.topic)?.kind;
      const text = packet.payload.toString();
      if (kind === "up/status") this.statuses.push(JSON.parse(text).state);
      if (kind !== "up/event") return;
      this.store(text);
      if (this.acknowledging) void this.ack().then((ack) => broker.say("down/ack", ack));
    };
  }

  store(text: string): void {
    const batch = jsonParser(EventBatch)(text);
    if (!batch.ok) return void this.faults.push(...batch.error.faults);
    this.batches.push(batch.value);
    const { locker, epoch, firstSeq, rows, lastHash, signature, attachments } = batch.value;
    const statement = batchStatement({ locker, epoch, lastSeq: firstSeq + rows.length - 1, lastHash });
    if (!verify(null, Buffer.from(statement), this.#lockerKey, Buffer.from(signature, "base64url"))) {
      this.faults.push(`batch at ${firstSeq} is not signed`);
    }
    for (const [index, payload] of rows.entries()) {
      if (firstSeq + index !== this.payloads.length + 1) continue;
      this.payloads.push(payload);
      this.#lastHash = chained(this.#lastHash, payload);
    }
    for (const [sha256, attachment] of Object.entries(attachments)) this.attachments.set(sha256, attachment);
  }

  ack(changes: Partial<AckClaims> = {}, key = this.keys.privateKey): Promise<string> {
    const claims = { aud: HANDLE, epoch: EPOCH, seq: this.payloads.length, hash: this.#lastHash, ...changes };
    return signJws(claims, jwsType.ack, key);
  }
}

export const signJws = (claims: object, typ: string, key: KeyObject): Promise<string> =>
  new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader({ alg: "EdDSA", typ }).sign(key);

type ConnectOptions = {
  readonly port?: number;
  readonly speed?: number;
  readonly lastAcked?: number;
  readonly credentials?: Omit<UplinkSettings, "url">;
};

/** Uplink, journal, broker and fleet. The clock runs `speed` times as fast as the wall's. */
export class UplinkWorld {
  readonly keys = generateKeyPairSync("ed25519");
  readonly journal = new ModelJournal();
  readonly broker = new TestBroker();
  readonly fleet = new ModelFleet(this.keys.publicKey);
  readonly inputs: Input[] = [];
  readonly logged: { readonly message: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  readonly fatal: unknown[] = [];
  /** Called before an input is taken. */
  beforePost: (input: Input) => void = () => {};
  readonly sealing = generateKeyPairSync("x25519");
  letters: Letters = createLetters({
    handle: HANDLE,
    signingKey: this.keys.privateKey,
    sealingKey: this.sealing.privateKey,
    boardKey: createSecretKey(randomBytes(32)),
    commandKey: this.fleet.keys.publicKey,
  });
  uplink: LockerUplink | undefined;
  boards: "ok" | "silent" = "ok";

  constructor() {
    this.fleet.listen(this.broker);
  }

  connect({ port = this.broker.port, speed = 1, lastAcked = 0, credentials = {} }: ConnectOptions = {}): LockerUplink {
    const clock: Clock = {
      now: () => ({ wall: epochMs(Date.now()), mono: monoMs(performance.now() * speed) }),
    };
    const log = (fields: Readonly<Record<string, unknown>>, message: string): void =>
      void this.logged.push({ fields, message });
    const fullLog: Log = { debug: log, info: log, warn: log, error: log };
    this.uplink = createUplink({
      settings: { url: `mqtt://127.0.0.1:${port}`, ...credentials },
      handle: HANDLE,
      epoch: EPOCH,
      outbox: this.journal,
      lastAcked,
      letters: this.letters,
      post: (input) => {
        this.beforePost(input);
        this.inputs.push(input);
      },
      health: () => ({ boards: this.boards, version: "0.1.0" }),
      clock,
      alarm: scaledAlarm(clock, speed),
      random: () => 0.2,
      fatal: (cause) => void this.fatal.push(cause),
      log: fullLog,
    });
    return this.uplink;
  }

  /** Rows as the engine commits them. */
  commit(...payloads: readonly string[]): void {
    for (const payload of payloads) this.journal.append(payload);
    this.uplink?.committed(this.journal.lastSeq());
  }

  inputsOf<K extends Input["kind"]>(kind: K): readonly Extract<Input, { kind: K }>[] {
    return this.inputs.filter((input): input is Extract<Input, { kind: K }> => input.kind === kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.uplink?.stop();
    await this.broker.kill();
  }
}

function scaledAlarm(clock: Clock, speed: number): Alarm {
  let timer: NodeJS.Timeout | undefined;
  return {
    set(due: MonoMs | undefined, ring: () => void) {
      clearTimeout(timer);
      if (due === undefined) return;
      // A millisecond more, since a timer may come a little early.
      timer = setTimeout(() => ring(), Math.max(0, due - clock.now().mono) / speed + 1);
    },
  };
}
