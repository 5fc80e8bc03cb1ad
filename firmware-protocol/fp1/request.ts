import { toHex, viewOf } from "../bytes.ts";
import { ok, type Result } from "../result.ts";
import { unreachable } from "../unreachable.ts";
import { badLength, badValue, checkFields, hexField, U16_MAX, U32_MAX } from "./fields.ts";
import {
  FP1_CHANNEL_NONE,
  type Fp1DecodeError,
  type Fp1EncodeError,
  type Fp1Request,
  type Fp1UnlockRequest,
} from "./message.ts";

/** Longest pulse a host may ask for: no coil is to be energised longer, whoever asks. README.md, "10 UNLOCK". */
export const FP1_PULSE_MS_MAX = 2_000;
const CHANNEL_MAX = FP1_CHANNEL_NONE - 1;
const OP_ID_BYTES = 8;

/** Offsets in the request bodies, README.md, "Bodies". */
const POLL = { ackEvent: 0, length: 2 } as const;
const UNLOCK = { opId: 0, bootId: 8, channel: 12, pulseMs: 13, notAfter: 15, flags: 19, length: 20 } as const;

export function encodeRequestBody(request: Fp1Request): Result<Uint8Array, Fp1EncodeError> {
  switch (request.kind) {
    case "hello":
    case "status":
      return ok(new Uint8Array(0));
    case "poll":
      return encodePoll(request.ackEvent);
    case "unlock":
      return encodeUnlock(request);
    case "op_query":
      return hexField("opId", request.opId, OP_ID_BYTES);
    default:
      return unreachable(request);
  }
}

export function decodeRequestBody(kind: Fp1Request["kind"], body: Uint8Array): Result<Fp1Request, Fp1DecodeError> {
  switch (kind) {
    case "hello":
    case "status":
      return body.length === 0 ? ok({ kind }) : badLength;
    case "poll":
      return body.length === POLL.length
        ? ok({ kind, ackEvent: viewOf(body).getUint16(POLL.ackEvent, true) })
        : badLength;
    case "unlock":
      return decodeUnlock(body);
    case "op_query":
      return body.length === OP_ID_BYTES ? ok({ kind, opId: toHex(body) }) : badLength;
    default:
      return unreachable(kind);
  }
}

function encodePoll(ackEvent: number): Result<Uint8Array, Fp1EncodeError> {
  const checked = checkFields([{ field: "ackEvent", value: ackEvent, max: U16_MAX }]);
  if (!checked.ok) return checked;
  const body = new Uint8Array(POLL.length);
  viewOf(body).setUint16(POLL.ackEvent, ackEvent, true);
  return ok(body);
}

function encodeUnlock(request: Fp1UnlockRequest): Result<Uint8Array, Fp1EncodeError> {
  const checked = checkFields([
    { field: "bootId", value: request.bootId, max: U32_MAX },
    { field: "channel", value: request.channel, max: CHANNEL_MAX },
    { field: "pulseMs", value: request.pulseMs, max: FP1_PULSE_MS_MAX },
    { field: "notAfterUptimeMs", value: request.notAfterUptimeMs, max: U32_MAX },
  ]);
  if (!checked.ok) return checked;
  const opId = hexField("opId", request.opId, OP_ID_BYTES);
  if (!opId.ok) return opId;
  const body = new Uint8Array(UNLOCK.length);
  const view = viewOf(body);
  body.set(opId.value, UNLOCK.opId);
  view.setUint32(UNLOCK.bootId, request.bootId, true);
  view.setUint8(UNLOCK.channel, request.channel);
  view.setUint16(UNLOCK.pulseMs, request.pulseMs, true);
  view.setUint32(UNLOCK.notAfter, request.notAfterUptimeMs, true);
  return ok(body);
}

function decodeUnlock(body: Uint8Array): Result<Fp1UnlockRequest, Fp1DecodeError> {
  if (body.length !== UNLOCK.length) return badLength;
  const view = viewOf(body);
  const channel = view.getUint8(UNLOCK.channel);
  const pulseMs = view.getUint16(UNLOCK.pulseMs, true);
  if (channel > CHANNEL_MAX) return badValue("channel");
  if (pulseMs > FP1_PULSE_MS_MAX) return badValue("pulseMs");
  // A flag this version does not know could ask for something other than a pulse, so it is refused, not ignored.
  if (view.getUint8(UNLOCK.flags) !== 0) return badValue("flags");
  return ok({
    kind: "unlock",
    opId: toHex(body.subarray(UNLOCK.opId, UNLOCK.opId + OP_ID_BYTES)),
    bootId: view.getUint32(UNLOCK.bootId, true),
    channel,
    pulseMs,
    notAfterUptimeMs: view.getUint32(UNLOCK.notAfter, true),
  });
}
