import { viewOf } from "../bytes.ts";
import { ok, type Result } from "../result.ts";
import {
  type BoundedField,
  badLength,
  badValue,
  bitAt,
  bitmapBytes,
  checkFields,
  setBit,
  U8_MAX,
  U16_MAX,
  U32_MAX,
} from "./fields.ts";
import {
  type Fp1DecodeError,
  type Fp1Door,
  type Fp1EncodeError,
  type Fp1Event,
  type Fp1PollReply,
  fp1EventKind,
  nameOf,
} from "./message.ts";

/** Offsets in the POLL reply, README.md, "02 POLL". The two bitmaps, the event count and the events follow. */
const HEAD = { bootId: 0, uptimeMs: 4, lastEvent: 8, channelCount: 10, closedBitmap: 11 } as const;
/** Offsets in one event of the list. */
const EVENT = { sequence: 0, kind: 2, channel: 3, uptimeMs: 4, argument: 8, length: 10 } as const;

export function encodePollReply(reply: Fp1PollReply): Result<Uint8Array, Fp1EncodeError> {
  const channelCount = reply.doors.length;
  const checked = checkFields([
    { field: "bootId", value: reply.bootId, max: U32_MAX },
    { field: "uptimeMs", value: reply.uptimeMs, max: U32_MAX },
    { field: "lastEvent", value: reply.lastEvent, max: U16_MAX },
    { field: "doors", value: channelCount, min: 1, max: U8_MAX },
    { field: "events", value: reply.events.length, max: U8_MAX },
    ...reply.events.flatMap(eventFields),
  ]);
  if (!checked.ok) return checked;
  const validBitmap = HEAD.closedBitmap + bitmapBytes(channelCount);
  const eventCount = validBitmap + bitmapBytes(channelCount);
  const body = new Uint8Array(eventCount + 1 + reply.events.length * EVENT.length);
  const view = viewOf(body);
  view.setUint32(HEAD.bootId, reply.bootId, true);
  view.setUint32(HEAD.uptimeMs, reply.uptimeMs, true);
  view.setUint16(HEAD.lastEvent, reply.lastEvent, true);
  view.setUint8(HEAD.channelCount, channelCount);
  for (const [channel, door] of reply.doors.entries()) {
    if (door === "closed") setBit(body, HEAD.closedBitmap, channel);
    if (door !== "unknown") setBit(body, validBitmap, channel);
  }
  view.setUint8(eventCount, reply.events.length);
  for (const [index, event] of reply.events.entries()) {
    writeEvent(view, eventCount + 1 + index * EVENT.length, event);
  }
  return ok(body);
}

export function decodePollReply(body: Uint8Array): Result<Fp1PollReply, Fp1DecodeError> {
  if (body.length <= HEAD.closedBitmap) return badLength;
  const view = viewOf(body);
  const channelCount = view.getUint8(HEAD.channelCount);
  const validBitmap = HEAD.closedBitmap + bitmapBytes(channelCount);
  const eventCount = validBitmap + bitmapBytes(channelCount);
  if (body.length <= eventCount) return badLength;
  const eventsOffset = eventCount + 1;
  if (body.length !== eventsOffset + view.getUint8(eventCount) * EVENT.length) return badLength;
  if (channelCount === 0) return badValue("channelCount");
  const events: Fp1Event[] = [];
  for (let offset = eventsOffset; offset < body.length; offset += EVENT.length) {
    const event = readEvent(view, offset);
    if (event.sequence === 0) return badValue("events.sequence");
    events.push(event);
  }
  return ok({
    kind: "poll",
    bootId: view.getUint32(HEAD.bootId, true),
    uptimeMs: view.getUint32(HEAD.uptimeMs, true),
    lastEvent: view.getUint16(HEAD.lastEvent, true),
    doors: Array.from({ length: channelCount }, (_, channel) =>
      doorOf(bitAt(body, validBitmap, channel), bitAt(body, HEAD.closedBitmap, channel)),
    ),
    events,
  });
}

/** A switch that is not valid says nothing, whatever its level. */
function doorOf(isValid: boolean, isClosed: boolean): Fp1Door {
  if (!isValid) return "unknown";
  return isClosed ? "closed" : "open";
}

const kindCodeOf = (event: Fp1Event): number =>
  event.kind === "unrecognised" ? event.kindCode : fp1EventKind[event.kind];

const eventFields = (event: Fp1Event): readonly BoundedField[] => [
  { field: "events.sequence", value: event.sequence, min: 1, max: U16_MAX },
  { field: "events.kindCode", value: kindCodeOf(event), max: U8_MAX },
  { field: "events.channel", value: event.channel, max: U8_MAX },
  { field: "events.uptimeMs", value: event.uptimeMs, max: U32_MAX },
  { field: "events.argument", value: event.argument, max: U16_MAX },
];

function writeEvent(view: DataView, offset: number, event: Fp1Event): void {
  view.setUint16(offset + EVENT.sequence, event.sequence, true);
  view.setUint8(offset + EVENT.kind, kindCodeOf(event));
  view.setUint8(offset + EVENT.channel, event.channel);
  view.setUint32(offset + EVENT.uptimeMs, event.uptimeMs, true);
  view.setUint16(offset + EVENT.argument, event.argument, true);
}

function readEvent(view: DataView, offset: number): Fp1Event {
  const kindCode = view.getUint8(offset + EVENT.kind);
  const kind = nameOf(fp1EventKind, kindCode);
  const facts = {
    sequence: view.getUint16(offset + EVENT.sequence, true),
    channel: view.getUint8(offset + EVENT.channel),
    uptimeMs: view.getUint32(offset + EVENT.uptimeMs, true),
    argument: view.getUint16(offset + EVENT.argument, true),
  };
  return kind === undefined ? { ...facts, kind: "unrecognised", kindCode } : { ...facts, kind };
}
