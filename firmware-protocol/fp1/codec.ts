import { concatBytes, toHex, viewOf } from "../bytes.ts";
import { crc32 } from "../checksum.ts";
import { encodeCobs } from "../cobs.ts";
import { err, ok, type Result } from "../result.ts";
import { badValue, checkFields, hexField, U8_MAX, U32_MAX } from "./fields.ts";
import {
  FP1_NAK_TYPE,
  type Fp1DecodeError,
  type Fp1EncodeError,
  type Fp1Frame,
  type Fp1Reply,
  type Fp1ReplyFrame,
  type Fp1Request,
  type Fp1RequestFrame,
  type Fp1Seal,
  fp1RequestType,
  nameOf,
} from "./message.ts";
import { decodeReplyBody, encodeReplyBody } from "./reply.ts";
import { decodeRequestBody, encodeRequestBody } from "./request.ts";

/** Offsets in a frame before stuffing, README.md, "Frame". Body, seal (if any) and CRC follow the header. */
const HEADER = { versionAndFlags: 0, address: 1, sequence: 2, type: 3, length: 4 } as const;
export const FP1_CRC_BYTES = 4;
const COUNTER_BYTES = 4;
/** Bytes of the tag, which ends the content of a sealed frame. */
export const FP1_TAG_BYTES = 8;
const SEAL_BYTES = COUNTER_BYTES + FP1_TAG_BYTES;
const BODY_BYTES_MAX = 192;
const FRAME_BYTES_MAX = HEADER.length + BODY_BYTES_MAX + SEAL_BYTES + FP1_CRC_BYTES;

/** The longest block between two delimiters: the longest frame and its one byte of stuffing. */
export const FP1_BLOCK_BYTES_MAX = FRAME_BYTES_MAX + 1;

const VERSION = 1;
const FLAG_FROM_NODE = 0b0001;
const FLAG_SEALED = 0b0010;
const FLAG_MORE_EVENTS = 0b0100;
const FLAG_RESERVED = 0b1000;
const REPLY_TYPE_BIT = 0x80;

export const FP1_ADDRESS_UNCONFIGURED = 0;
export const FP1_ADDRESS_BROADCAST = 127;

const DELIMITER = Uint8Array.of(0);

/**
 * The bytes to put on the wire for one frame, both delimiters included.
 *
 * @returns `out_of_range` naming the first field the wire has no form for; `body` when it is too long for a frame.
 */
export function encodeFrame(frame: Fp1Frame): Result<Uint8Array, Fp1EncodeError> {
  const content = encodeContent(frame);
  if (!content.ok) return content;
  const crc = new Uint8Array(FP1_CRC_BYTES);
  viewOf(crc).setUint32(0, crc32(content.value), true);
  return ok(concatBytes(DELIMITER, encodeCobs(concatBytes(content.value, crc)), DELIMITER));
}

/** `encodeFrame` for a host without authentication. */
export const encodeRequest = (
  request: Pick<Fp1RequestFrame, "address" | "sequence" | "body">,
): Result<Uint8Array, Fp1EncodeError> => encodeFrame({ kind: "request", seal: null, ...request });

/**
 * Reads one frame as the framer gives it: unstuffed, without delimiters.
 *
 * A seal is read, not verified: that takes a key, and is `verifySeal`.
 */
export function decodeFrame(bytes: Uint8Array): Result<Fp1Frame, Fp1DecodeError> {
  const faulty = findFrameFault(bytes);
  if (faulty !== undefined) return err({ code: faulty });
  const view = viewOf(bytes);
  const flags = view.getUint8(HEADER.versionAndFlags);
  const address = view.getUint8(HEADER.address);
  const sequence = view.getUint8(HEADER.sequence);
  const type = view.getUint8(HEADER.type);
  const seal = readSeal(bytes);
  const bodyEnd = bytes.length - FP1_CRC_BYTES - (seal === null ? 0 : SEAL_BYTES);
  const body = bytes.subarray(HEADER.length, bodyEnd);
  if (body.length > BODY_BYTES_MAX) return err({ code: "bad_length" });
  if (seal?.counter === 0) return badValue("seal.counter");
  if ((flags & FLAG_FROM_NODE) === 0) {
    const kind = nameOf(fp1RequestType, type);
    if (kind === undefined) return err({ code: "unknown_type" });
    if (!isAddressable(address, kind)) return err({ code: "bad_address" });
    const request = decodeRequestBody(kind, body);
    return request.ok ? ok({ kind: "request", address, sequence, seal, body: request.value }) : request;
  }
  const kind = replyKindOf(type);
  if (kind === undefined) return err({ code: "unknown_type" });
  const reply = decodeReplyBody(kind, body);
  const hasMoreEvents = (flags & FLAG_MORE_EVENTS) !== 0;
  return reply.ok ? ok({ kind: "reply", address, sequence, hasMoreEvents, seal, body: reply.value }) : reply;
}

/**
 * `decodeFrame` for a host.
 *
 * @returns `wrong_direction` for a good request frame: an adapter that echoes what it sends, or a second host.
 */
export function decodeReply(
  bytes: Uint8Array,
): Result<Fp1ReplyFrame, Fp1DecodeError | { readonly code: "wrong_direction" }> {
  const frame = decodeFrame(bytes);
  if (!frame.ok) return frame;
  return frame.value.kind === "reply" ? ok(frame.value) : err({ code: "wrong_direction" });
}

/** Whether this reply belongs to this request, and not to an earlier one of which the answer came late. */
export function isAnswerTo(request: Fp1RequestFrame, reply: Fp1ReplyFrame): boolean {
  if (reply.address !== request.address || reply.sequence !== request.sequence) return false;
  if (reply.body.kind === "nak") return true;
  if (reply.body.kind !== request.body.kind) return false;
  return "opId" in reply.body && "opId" in request.body ? reply.body.opId === request.body.opId : true;
}

/**
 * Everything the CRC covers: header, body, and the seal if the frame carries one.
 *
 * @returns `out_of_range` as `encodeFrame`.
 */
export function encodeContent(frame: Fp1Frame): Result<Uint8Array, Fp1EncodeError> {
  const { kind, address, sequence, seal } = frame;
  const isRequest = kind === "request";
  if (isRequest ? !isAddressable(address, frame.body.kind) : !isNodeAddress(address)) {
    return err({ code: "out_of_range", field: "address" });
  }
  const checked = checkFields([{ field: "sequence", value: sequence, max: U8_MAX }]);
  if (!checked.ok) return checked;
  const body = isRequest ? encodeRequestBody(frame.body) : encodeReplyBody(frame.body);
  if (!body.ok) return body;
  if (body.value.length > BODY_BYTES_MAX) return err({ code: "out_of_range", field: "body" });
  const trailer = seal === null ? ok(new Uint8Array(0)) : encodeSeal(seal);
  if (!trailer.ok) return trailer;
  const header = new Uint8Array(HEADER.length);
  header[HEADER.versionAndFlags] =
    (VERSION << 4) |
    (isRequest ? 0 : FLAG_FROM_NODE) |
    (seal === null ? 0 : FLAG_SEALED) |
    (!isRequest && frame.hasMoreEvents ? FLAG_MORE_EVENTS : 0);
  header[HEADER.address] = address;
  header[HEADER.sequence] = sequence;
  header[HEADER.type] = isRequest ? fp1RequestType[frame.body.kind] : replyTypeOf(frame.body.kind);
  return ok(concatBytes(header, body.value, trailer.value));
}

/** What is wrong with a frame before its body is looked at. Noise is told from a peer's mistake by the CRC. */
function findFrameFault(bytes: Uint8Array): Exclude<Fp1DecodeError["code"], "bad_value"> | undefined {
  if (bytes.length < HEADER.length + FP1_CRC_BYTES) return "truncated";
  if (bytes.length > FRAME_BYTES_MAX) return "too_long";
  const view = viewOf(bytes);
  const crcOffset = bytes.length - FP1_CRC_BYTES;
  if (crc32(bytes.subarray(0, crcOffset)) !== view.getUint32(crcOffset, true)) return "bad_checksum";
  const flags = view.getUint8(HEADER.versionAndFlags);
  if (flags >>> 4 !== VERSION) return "bad_version";
  const isFromNode = (flags & FLAG_FROM_NODE) !== 0;
  if ((flags & FLAG_RESERVED) !== 0 || (!isFromNode && (flags & FLAG_MORE_EVENTS) !== 0)) return "bad_flags";
  if ((flags & FLAG_SEALED) !== 0 && bytes.length < HEADER.length + SEAL_BYTES + FP1_CRC_BYTES) return "bad_length";
  const address = view.getUint8(HEADER.address);
  if (isFromNode ? !isNodeAddress(address) : address > FP1_ADDRESS_BROADCAST) return "bad_address";
  return undefined;
}

/** Nobody opens a door on a board that has no address, or on all boards at once. */
function isAddressable(address: number, kind: Fp1Request["kind"]): boolean {
  if (kind === "unlock" && (address === FP1_ADDRESS_UNCONFIGURED || address === FP1_ADDRESS_BROADCAST)) return false;
  return Number.isInteger(address) && address >= FP1_ADDRESS_UNCONFIGURED && address <= FP1_ADDRESS_BROADCAST;
}

const isNodeAddress = (address: number): boolean =>
  Number.isInteger(address) && address >= FP1_ADDRESS_UNCONFIGURED && address < FP1_ADDRESS_BROADCAST;

const replyTypeOf = (kind: Fp1Reply["kind"]): number =>
  kind === "nak" ? FP1_NAK_TYPE : fp1RequestType[kind] | REPLY_TYPE_BIT;

function replyKindOf(type: number): Fp1Reply["kind"] | undefined {
  if (type === FP1_NAK_TYPE) return "nak";
  return (type & REPLY_TYPE_BIT) === 0 ? undefined : nameOf(fp1RequestType, type & ~REPLY_TYPE_BIT);
}

function encodeSeal(seal: Fp1Seal): Result<Uint8Array, Fp1EncodeError> {
  const checked = checkFields([{ field: "seal.counter", value: seal.counter, min: 1, max: U32_MAX }]);
  if (!checked.ok) return checked;
  const tag = hexField("seal.tag", seal.tag, FP1_TAG_BYTES);
  if (!tag.ok) return tag;
  const counter = new Uint8Array(COUNTER_BYTES);
  viewOf(counter).setUint32(0, seal.counter, true);
  return ok(concatBytes(counter, tag.value));
}

/** The seal of a frame that `findFrameFault` let pass, or null. */
function readSeal(bytes: Uint8Array): Fp1Seal | null {
  const view = viewOf(bytes);
  if ((view.getUint8(HEADER.versionAndFlags) & FLAG_SEALED) === 0) return null;
  const sealOffset = bytes.length - FP1_CRC_BYTES - SEAL_BYTES;
  return {
    counter: view.getUint32(sealOffset, true),
    tag: toHex(bytes.subarray(sealOffset + COUNTER_BYTES, sealOffset + SEAL_BYTES)),
  };
}
