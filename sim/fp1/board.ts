import type { Agenda } from "../agenda.ts";
import type { BoardIo } from "../harness.ts";
import { type CoilSettings, Coils, type OpAnswer } from "./coils.ts";
import { EventRing } from "./event-ring.ts";
import {
  eventKind,
  NAK_TYPE,
  NO_CHANNEL,
  nakCode,
  OPEN_CIRCUIT,
  opState,
  REPLY_BIT,
  RESERVED_TYPES,
  type ResetReason,
  requestType,
  resetReason,
  unlockResult,
} from "./names.ts";
import { Switches } from "./switches.ts";
import {
  BodyWriter,
  DIR_FROM_NODE,
  type Frame,
  frameToWire,
  MORE,
  NODE_BODY_BYTES_MAX,
  RESERVED_FLAG,
  SECURED,
  toHex,
  WireReader,
} from "./wire.ts";

export type BoardSettings = CoilSettings & {
  readonly address: number;
  readonly latencyMsMin: number;
  readonly latencyMsMax: number;
  /** Silence between losing power or resetting and the first answer. */
  readonly bootMs: number;
  readonly debounceMs: number;
  readonly eventsMax: number;
  /** Below this the processor resets. */
  readonly brownoutMillivolts: number;
};

export const BOARD_SETTINGS: Omit<BoardSettings, "address"> = {
  latencyMsMin: 0.2,
  latencyMsMax: 5,
  bootMs: 2_000,
  debounceMs: 20,
  eventsMax: 64,
  pulseMsDefault: 300,
  pulseMsMax: 2_000,
  gapMs: 100,
  cooldownMs: 500,
  dutyMsMax: 6_000,
  dutyWindowMs: 60_000,
  queueMax: 8,
  opsMax: 32,
  watchMs: 1_500,
  undervoltageMillivolts: 10_500,
  brownoutMillivolts: 8_000,
};

export type BoardParts = {
  readonly agenda: Agenda;
  readonly random: () => number;
  readonly io: BoardIo;
  /** Takes the board's bytes when it drives the line. */
  readonly send: (bytes: Uint8Array) => void;
};

/** Everything a reset wipes. */
type Ram = {
  readonly bootId: number;
  readonly bootedAtMs: number;
  readonly reader: WireReader;
  readonly events: EventRing;
  readonly switches: Switches;
  readonly coils: Coils;
  cached: { readonly seq: number; readonly request: string; readonly reply: Uint8Array } | null;
  supplyMillivoltsMin: number;
  noiseCount: number;
};

/** A lock board that speaks FP1, as bytes: what it hears goes into `receive`, what it says comes out of `send`. */
export class Fp1Board {
  readonly address: number;
  readonly #parts: BoardParts;
  readonly #settings: BoardSettings;
  readonly #bootIdsUsed = new Set<number>([0]);
  #ram: Ram | null = null;
  #cancelBoot: () => void = () => {};
  #bootCount = 0;
  #lastReason: ResetReason = "powerOn";
  /** Kept in memory that a reset does not clear; without power it is gone. */
  #lastActiveChannel = NO_CHANNEL;
  #supplyMillivolts = 12_000;
  #sagMillivolts = 1_000;

  /** A board that has just finished starting after power-on. */
  constructor(parts: BoardParts, settings: Partial<BoardSettings> & { readonly address: number }) {
    this.#parts = parts;
    this.#settings = { ...BOARD_SETTINGS, ...settings };
    this.address = settings.address;
    parts.io.onEdge((channel) => this.#ram?.switches.edge(channel));
    this.#boot("powerOn");
  }

  /** The boot id of the running firmware; null while it has no power or starts. */
  get bootId(): number | null {
    return this.#ram?.bootId ?? null;
  }

  /** Bytes of the line, in pieces of any size. */
  receive(bytes: Uint8Array): void {
    const ram = this.#ram;
    if (ram === null) return;
    for (const received of ram.reader.read(bytes)) {
      if (received.kind === "noise") {
        if (received.reason !== "version") ram.noiseCount++;
      } else if (received.frame.address === this.address && !(received.frame.flags & NOT_A_REQUEST)) {
        this.#answer(ram, received.frame, toHex(received.content));
      }
    }
  }

  /** Loses RAM now and answers again after the boot time: watchdog, brown-out, a pushed reset pin. */
  reset(reason: ResetReason): void {
    this.#halt();
    this.#cancelBoot = this.#parts.agenda.after(this.#settings.bootMs, () => this.#boot(reason));
  }

  /** Goes dark until `restorePower`. A coil that is being pulsed is off at once; an opened latch stays opened. */
  cutPower(): void {
    this.#halt();
    this.#lastActiveChannel = NO_CHANNEL;
  }

  restorePower(): void {
    if (this.#ram === null) this.reset("powerOn");
  }

  /** Sets the supply and how far it sags while a coil draws current. Below the brown-out level the board resets. */
  setSupply(supply: { millivolts: number; sagMillivolts?: number }): void {
    this.#supplyMillivolts = supply.millivolts;
    this.#sagMillivolts = supply.sagMillivolts ?? this.#sagMillivolts;
    this.#measureSupply(supply.millivolts);
  }

  #boot(reason: ResetReason): void {
    const { agenda, io } = this.#parts;
    const bootedAtMs = agenda.now();
    const uptimeMs = () => uptimeMsAt(bootedAtMs, agenda.now());
    const events = new EventRing(this.#settings.eventsMax);
    const switches = new Switches(agenda, io, {
      debounceMs: this.#settings.debounceMs,
      changed: (channel, closed) => {
        events.push(closed ? eventKind.doorClosed : eventKind.doorOpened, channel, uptimeMs(), 0);
        if (!closed) coils.doorOpened(channel);
      },
    });
    const coils = new Coils(
      {
        agenda,
        io,
        uptimeMs,
        supplyMillivolts: () => this.#supplyMillivolts,
        door: (channel) => switches.door(channel),
        pulseBegan: (channel) => {
          this.#lastActiveChannel = channel;
          // The capacitors hold for a moment, so the reply is sometimes out before a brown-out, sometimes not.
          agenda.after(SAG_AFTER_MS, () => this.#measureSupply(this.#supplyMillivolts - this.#sagMillivolts));
        },
        finished: (channel, state) => events.push(eventKind.opFinished, channel, uptimeMs(), state),
        coilFault: (channel) => events.push(eventKind.coilFault, channel, uptimeMs(), OPEN_CIRCUIT),
      },
      this.#settings,
    );
    this.#bootCount++;
    this.#lastReason = reason;
    this.#ram = {
      bootId: this.#drawBootId(),
      bootedAtMs,
      reader: new WireReader(),
      events,
      switches,
      coils,
      cached: null,
      supplyMillivoltsMin: this.#supplyMillivolts,
      noiseCount: 0,
    };
    events.push(eventKind.boot, this.#lastActiveChannel, 0, resetReason[reason]);
    this.#lastActiveChannel = NO_CHANNEL;
  }

  #halt(): void {
    this.#cancelBoot();
    this.#ram?.coils.stop();
    this.#ram?.switches.stop();
    this.#ram = null;
  }

  #drawBootId(): number {
    for (;;) {
      const bootId = Math.floor(this.#parts.random() * 0x1_0000_0000) >>> 0;
      if (this.#bootIdsUsed.has(bootId)) continue;
      this.#bootIdsUsed.add(bootId);
      return bootId;
    }
  }

  #measureSupply(millivolts: number): void {
    const ram = this.#ram;
    if (ram === null) return;
    ram.supplyMillivoltsMin = Math.min(ram.supplyMillivoltsMin, millivolts);
    if (millivolts < this.#settings.brownoutMillivolts) this.reset("brownout");
    else if (millivolts < this.#settings.undervoltageMillivolts) {
      ram.events.push(eventKind.brownout, NO_CHANNEL, this.#uptimeMs(ram), millivolts);
    }
  }

  #answer(ram: Ram, request: Frame, identity: string): void {
    if (request.seq === 0) ram.cached = null;
    if (ram.cached !== null && ram.cached.seq === request.seq) {
      const isRepeat = ram.cached.request === identity;
      this.#send(ram, isRepeat ? ram.cached.reply : nak(ram, request, nakCode.seqReuse));
      return;
    }
    const reply = this.#replyTo(ram, request);
    if (request.seq !== 0) ram.cached = { seq: request.seq, request: identity, reply };
    this.#send(ram, reply);
  }

  #replyTo(ram: Ram, request: Frame): Uint8Array {
    const { type, body } = request;
    if (RESERVED_TYPES.has(type)) return nak(ram, request, nakCode.unsupported);
    const bodyBytes = BODY_BYTES.get(type);
    if (bodyBytes === undefined) return nak(ram, request, nakCode.badType);
    // This board has no key, so there never is a session that a seal could belong to.
    if (request.flags & SECURED) return nak(ram, request, nakCode.sessionLost);
    if (body.length !== bodyBytes) return nak(ram, request, nakCode.badLengthOrValue);
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    switch (type) {
      case requestType.hello:
        return reply(request, this.#helloBody(ram));
      case requestType.poll:
        return this.#pollReply(ram, request, view.getUint16(0, true));
      case requestType.status:
        return reply(request, this.#statusBody(ram));
      case requestType.unlock:
        return this.#unlockReply(ram, request, view);
      default:
        return reply(request, this.#queryBody(ram, body));
    }
  }

  #helloBody(ram: Ram): Uint8Array {
    const uid = Array.from({ length: 12 }, (_, index) => (index === 11 ? this.address : 0xa0 + index));
    return new BodyWriter()
      .u8(1)
      .u16(HARDWARE_ID)
      .u32(FIRMWARE_VERSION)
      .bytes(uid)
      .u32(ram.bootId)
      .u8(resetReason[this.#lastReason])
      .u32(this.#bootCount)
      .u8(this.#parts.io.channelCount)
      .u32(CAPABILITIES)
      .u8(NODE_BODY_BYTES_MAX)
      .done();
  }

  #pollReply(ram: Ram, request: Frame, ackSeq: number): Uint8Array {
    ram.events.acknowledge(ackSeq, this.#uptimeMs(ram));
    const body = new BodyWriter()
      .u32(ram.bootId)
      .u32(this.#uptimeMs(ram))
      .u16(ram.events.lastSeq)
      .u8(this.#parts.io.channelCount)
      .bitmap(ram.switches.closedBits())
      .bitmap(ram.switches.validBits());
    const events = ram.events.batch(Math.floor((NODE_BODY_BYTES_MAX - body.done().length - 1) / EVENT_BYTES));
    body.u8(events.length);
    for (const event of events) {
      body.u16(event.seq).u8(event.kind).u8(event.channel).u32(event.uptimeMs).u16(event.arg);
    }
    return reply(request, body.done(), events.length < ram.events.pendingCount ? MORE : 0);
  }

  #statusBody(ram: Ram): Uint8Array {
    const { channelCount } = this.#parts.io;
    const none = Array.from({ length: channelCount }, () => false);
    return new BodyWriter()
      .u16(this.#supplyMillivolts)
      .u16(ram.supplyMillivoltsMin)
      .u16(BOARD_TENTH_DEGREES)
      .u8(channelCount)
      .bitmap(none.map((_, channel) => ram.coils.hasFault(channel)))
      .bitmap(none)
      .bitmap(none)
      .u32(ram.noiseCount)
      .u32(0)
      .u32(ram.events.lostCount)
      .done();
  }

  #unlockReply(ram: Ram, request: Frame, view: DataView): Uint8Array {
    const opId = request.body.subarray(0, 8);
    const channel = view.getUint8(12);
    const pulseMs = view.getUint16(13, true);
    if (channel === NO_CHANNEL || pulseMs > UNLOCK_PULSE_MS_MAX || view.getUint8(19) !== 0) {
      return nak(ram, request, nakCode.badLengthOrValue);
    }
    const stale = { result: unlockResult.staleBoot, state: opState.unknown, channel };
    const answer =
      ram.coils.query(toHex(opId)) ??
      (view.getUint32(8, true) === ram.bootId
        ? ram.coils.unlock({ opId: toHex(opId), channel, pulseMs, notAfterMs: view.getUint32(15, true) })
        : stale);
    return reply(request, this.#opBody(ram, opId, answer));
  }

  #queryBody(ram: Ram, opId: Uint8Array): Uint8Array {
    const known = ram.coils.query(toHex(opId));
    return this.#opBody(
      ram,
      opId,
      known ?? { result: unlockResult.neverSeen, state: opState.unknown, channel: NO_CHANNEL },
    );
  }

  #opBody(ram: Ram, opId: Uint8Array, answer: OpAnswer): Uint8Array {
    const { result, state, channel } = answer;
    return new BodyWriter().bytes(opId).u8(result).u8(state).u8(channel).u8(ram.switches.door(channel)).done();
  }

  #uptimeMs(ram: Ram): number {
    return uptimeMsAt(ram.bootedAtMs, this.#parts.agenda.now());
  }

  #send(ram: Ram, bytes: Uint8Array): void {
    const { latencyMsMin, latencyMsMax } = this.#settings;
    const latencyMs = latencyMsMin + this.#parts.random() * (latencyMsMax - latencyMsMin);
    this.#parts.agenda.after(latencyMs, () => {
      if (this.#ram === ram) this.#parts.send(bytes);
    });
  }
}

const HARDWARE_ID = 0x51b0;
/** From the beginning of a pulse to the lowest supply. */
const SAG_AFTER_MS = 3;
const FIRMWARE_VERSION = 0x0001_0000;
/** Supply measurement and temperature. */
const CAPABILITIES = 0b110;
const BOARD_TENTH_DEGREES = 315;
/** Longest pulse a host may ask for. */
const UNLOCK_PULSE_MS_MAX = 2_000;
/** Frames of other nodes, and header bits that mean nothing in a request: not a word about them. */
const NOT_A_REQUEST = DIR_FROM_NODE | MORE | RESERVED_FLAG;
/** seq u16, kind u8, channel u8, uptime u32, arg u16. */
const EVENT_BYTES = 10;

const BODY_BYTES: ReadonlyMap<number, number> = new Map([
  [requestType.hello, 0],
  [requestType.poll, 2],
  [requestType.status, 0],
  [requestType.unlock, 20],
  [requestType.opQuery, 8],
]);

const uptimeMsAt = (bootedAtMs: number, nowMs: number): number => Math.floor(nowMs - bootedAtMs) >>> 0;

function reply(request: Frame, body: Uint8Array, flags = 0): Uint8Array {
  const { address, seq, type } = request;
  return frameToWire({ flags: DIR_FROM_NODE | flags, address, seq, type: type | REPLY_BIT, body });
}

function nak(ram: Ram, request: Frame, code: number): Uint8Array {
  const { address, seq } = request;
  const body = new BodyWriter().u8(code).u32(ram.bootId).done();
  return frameToWire({ flags: DIR_FROM_NODE, address, seq, type: NAK_TYPE, body });
}
