import { toHex, viewOf } from "../bytes.ts";
import { ok, type Result } from "../result.ts";
import { unreachable } from "../unreachable.ts";
import { badLength, badValue, checkFields, hexField, U8_MAX, U16_MAX, U32_MAX } from "./fields.ts";
import {
  type Fp1DecodeError,
  type Fp1EncodeError,
  type Fp1HelloReply,
  type Fp1Nak,
  type Fp1OpQueryReply,
  type Fp1Reply,
  type Fp1UnlockReply,
  fp1Door,
  fp1NakReason,
  fp1OpQueryResult,
  fp1OpState,
  fp1ResetReason,
  fp1UnlockResult,
  nameOf,
} from "./message.ts";
import { decodePollReply, encodePollReply } from "./poll-reply.ts";
import { decodeStatusReply, encodeStatusReply } from "./status-reply.ts";

/** Bounds of `bodyBytesMax`: every reply of the smallest board fits 64, and no frame carries more than 192. */
const BODY_BYTES_MAX_MIN = 64;
const BODY_BYTES_MAX_MAX = 192;

/** Offsets in the reply bodies, README.md, "Bodies". */
const HELLO = {
  protocolVersion: 0,
  hardwareId: 1,
  firmwareVersion: 3,
  uid: 7,
  bootId: 19,
  resetReason: 23,
  bootCount: 24,
  channelCount: 28,
  capabilities: 29,
  bodyBytesMax: 33,
  length: 34,
} as const;
const UID_BYTES = HELLO.bootId - HELLO.uid;
const OP = { opId: 0, result: 8, state: 9, channel: 10, door: 11, length: 12 } as const;
const OP_ID_BYTES = OP.result - OP.opId;
const NAK = { reason: 0, bootId: 1, length: 5 } as const;

export function encodeReplyBody(reply: Fp1Reply): Result<Uint8Array, Fp1EncodeError> {
  switch (reply.kind) {
    case "hello":
      return encodeHello(reply);
    case "poll":
      return encodePollReply(reply);
    case "status":
      return encodeStatusReply(reply);
    case "unlock":
    case "op_query":
      return encodeOp(reply);
    case "nak":
      return encodeNak(reply);
    default:
      return unreachable(reply);
  }
}

export function decodeReplyBody(kind: Fp1Reply["kind"], body: Uint8Array): Result<Fp1Reply, Fp1DecodeError> {
  switch (kind) {
    case "hello":
      return decodeHello(body);
    case "poll":
      return decodePollReply(body);
    case "status":
      return decodeStatusReply(body);
    case "unlock":
      return decodeOp(kind, fp1UnlockResult, body);
    case "op_query":
      return decodeOp(kind, fp1OpQueryResult, body);
    case "nak":
      return decodeNak(body);
    default:
      return unreachable(kind);
  }
}

function encodeHello(reply: Fp1HelloReply): Result<Uint8Array, Fp1EncodeError> {
  const checked = checkFields([
    { field: "protocolVersion", value: reply.protocolVersion, max: U8_MAX },
    { field: "hardwareId", value: reply.hardwareId, max: U16_MAX },
    { field: "firmwareVersion", value: reply.firmwareVersion, max: U32_MAX },
    { field: "bootId", value: reply.bootId, max: U32_MAX },
    { field: "bootCount", value: reply.bootCount, max: U32_MAX },
    { field: "channelCount", value: reply.channelCount, min: 1, max: U8_MAX },
    { field: "capabilities", value: reply.capabilities, max: U32_MAX },
    { field: "bodyBytesMax", value: reply.bodyBytesMax, min: BODY_BYTES_MAX_MIN, max: BODY_BYTES_MAX_MAX },
  ]);
  if (!checked.ok) return checked;
  const uid = hexField("uid", reply.uid, UID_BYTES);
  if (!uid.ok) return uid;
  const body = new Uint8Array(HELLO.length);
  const view = viewOf(body);
  view.setUint8(HELLO.protocolVersion, reply.protocolVersion);
  view.setUint16(HELLO.hardwareId, reply.hardwareId, true);
  view.setUint32(HELLO.firmwareVersion, reply.firmwareVersion, true);
  body.set(uid.value, HELLO.uid);
  view.setUint32(HELLO.bootId, reply.bootId, true);
  view.setUint8(HELLO.resetReason, fp1ResetReason[reply.resetReason]);
  view.setUint32(HELLO.bootCount, reply.bootCount, true);
  view.setUint8(HELLO.channelCount, reply.channelCount);
  view.setUint32(HELLO.capabilities, reply.capabilities, true);
  view.setUint8(HELLO.bodyBytesMax, reply.bodyBytesMax);
  return ok(body);
}

function decodeHello(body: Uint8Array): Result<Fp1HelloReply, Fp1DecodeError> {
  if (body.length !== HELLO.length) return badLength;
  const view = viewOf(body);
  const resetReason = nameOf(fp1ResetReason, view.getUint8(HELLO.resetReason));
  const channelCount = view.getUint8(HELLO.channelCount);
  const bodyBytesMax = view.getUint8(HELLO.bodyBytesMax);
  if (resetReason === undefined) return badValue("resetReason");
  if (channelCount === 0) return badValue("channelCount");
  if (bodyBytesMax < BODY_BYTES_MAX_MIN || bodyBytesMax > BODY_BYTES_MAX_MAX) return badValue("bodyBytesMax");
  return ok({
    kind: "hello",
    protocolVersion: view.getUint8(HELLO.protocolVersion),
    hardwareId: view.getUint16(HELLO.hardwareId, true),
    firmwareVersion: view.getUint32(HELLO.firmwareVersion, true),
    uid: toHex(body.subarray(HELLO.uid, HELLO.uid + UID_BYTES)),
    bootId: view.getUint32(HELLO.bootId, true),
    resetReason,
    bootCount: view.getUint32(HELLO.bootCount, true),
    channelCount,
    capabilities: view.getUint32(HELLO.capabilities, true),
    bodyBytesMax,
  });
}

function encodeOp(reply: Fp1UnlockReply | Fp1OpQueryReply): Result<Uint8Array, Fp1EncodeError> {
  const checked = checkFields([{ field: "channel", value: reply.channel, max: U8_MAX }]);
  if (!checked.ok) return checked;
  const opId = hexField("opId", reply.opId, OP_ID_BYTES);
  if (!opId.ok) return opId;
  const body = new Uint8Array(OP.length);
  body.set(opId.value, OP.opId);
  body[OP.result] = fp1OpQueryResult[reply.result];
  body[OP.state] = fp1OpState[reply.state];
  body[OP.channel] = reply.channel;
  body[OP.door] = fp1Door[reply.door];
  return ok(body);
}

function decodeOp<Kind extends "unlock" | "op_query", Name extends string>(
  kind: Kind,
  results: Readonly<Record<Name, number>>,
  body: Uint8Array,
) {
  if (body.length !== OP.length) return badLength;
  const view = viewOf(body);
  const result = nameOf(results, view.getUint8(OP.result));
  const state = nameOf(fp1OpState, view.getUint8(OP.state));
  const door = nameOf(fp1Door, view.getUint8(OP.door));
  if (result === undefined) return badValue("result");
  if (state === undefined) return badValue("state");
  if (door === undefined) return badValue("door");
  const opId = toHex(body.subarray(OP.opId, OP.opId + OP_ID_BYTES));
  return ok({ kind, opId, result, state, channel: view.getUint8(OP.channel), door });
}

function encodeNak(reply: Fp1Nak): Result<Uint8Array, Fp1EncodeError> {
  const checked = checkFields([{ field: "bootId", value: reply.bootId, max: U32_MAX }]);
  if (!checked.ok) return checked;
  const body = new Uint8Array(NAK.length);
  const view = viewOf(body);
  view.setUint8(NAK.reason, fp1NakReason[reply.reason]);
  view.setUint32(NAK.bootId, reply.bootId, true);
  return ok(body);
}

function decodeNak(body: Uint8Array): Result<Fp1Nak, Fp1DecodeError> {
  if (body.length !== NAK.length) return badLength;
  const view = viewOf(body);
  const reason = nameOf(fp1NakReason, view.getUint8(NAK.reason));
  if (reason === undefined) return badValue("reason");
  return ok({ kind: "nak", reason, bootId: view.getUint32(NAK.bootId, true) });
}
