import {
  decodeReply,
  encodeRequest,
  FP1_BLOCK_BYTES_MAX,
  isAnswerTo,
} from "../../../../firmware-protocol/fp1/codec.ts";
import type {
  Fp1Event,
  Fp1OpQueryReply,
  Fp1Reply,
  Fp1ReplyFrame,
  Fp1Request,
  Fp1RequestFrame,
  Fp1UnlockReply,
} from "../../../../firmware-protocol/fp1/message.ts";
import { newCobsFramer, pushBytes } from "../../../../firmware-protocol/framer.ts";
import { unreachable } from "../../../../firmware-protocol/unreachable.ts";
import type { BoardAnswer, BoardDriver, BoardEvent, BoardQuestion, Exchange, OperationMemory } from "../driver.ts";

const PROTOCOL_VERSION = 1;
const SEQUENCE_MAX = 255;
/** Header, CRC, stuffing and delimiters around a body. */
const FRAME_OVERHEAD_BYTES = 11;
const HELLO_REPLY_BYTES = FRAME_OVERHEAD_BYTES + 34;
const OP_REPLY_BYTES = FRAME_OVERHEAD_BYTES + 12;
const POLL_REPLY_BYTES = FP1_BLOCK_BYTES_MAX + 2;

/**
 * Lock boards that speak FP1.
 *
 * @see firmware-protocol/fp1/README.md
 */
export const fp1Driver: BoardDriver = {
  abilities: { remembersOperations: true },
  // Section 1: a node begins to answer within 5 ms, and a host waits for 20.
  replyDelayMsMax: 20,
  // Section 1: a node lets the line go within one character.
  quietCharacters: 2,
  exchange: (address, questionNumber, question) => {
    // Section 4: 0 restarts the link and belongs to HELLO; then 1 to 255, and 1 again.
    const sequence = questionNumber === 0 ? 0 : 1 + ((questionNumber - 1) % SEQUENCE_MAX);
    const frame: Fp1RequestFrame = { kind: "request", address, sequence, seal: null, body: requestOf(question) };
    return fp1Exchange(frame);
  },
};

function fp1Exchange(frame: Fp1RequestFrame): Exchange {
  const encoded = encodeRequest(frame);
  if (!encoded.ok) throw new Error(`the ${frame.body.kind} request has no wire form: ${encoded.error.field}`);
  let framer = newCobsFramer(FP1_BLOCK_BYTES_MAX);
  let discardedBytesCount = 0;
  return {
    request: encoded.value,
    replyBytesMax: replyBytesMax(frame.body),
    discardedBytesCount: () => discardedBytesCount,
    hear: (chunk) => {
      const step = pushBytes(framer, chunk);
      framer = step.framer;
      let answer: BoardAnswer | undefined;
      for (const output of step.outputs) {
        const heard = output.kind === "frame" && answer === undefined ? answerIn(frame, output.bytes) : undefined;
        if (heard === undefined) discardedBytesCount += output.bytes.length;
        else answer = heard;
      }
      return answer;
    },
  };
}

/** The answer to `request` in the bytes of one block; undefined for noise, an echo, or an answer to something else. */
function answerIn(request: Fp1RequestFrame, bytes: Uint8Array): BoardAnswer | undefined {
  const decoded = decodeReply(bytes);
  if (!decoded.ok || !isAnswerTo(request, decoded.value)) return undefined;
  return answerOf(decoded.value);
}

function requestOf(question: BoardQuestion): Fp1Request {
  switch (question.kind) {
    case "identify":
      return { kind: "hello" };
    case "poll":
      return { kind: "poll", ackEvent: question.acknowledgeTo };
    case "unlock":
      return {
        kind: "unlock",
        opId: question.op,
        bootId: question.boot,
        channel: question.channel,
        pulseMs: question.pulseMs,
        notAfterUptimeMs: question.notAfterUptimeMs,
      };
    case "query_op":
      return { kind: "op_query", opId: question.op };
    default:
      return unreachable(question);
  }
}

function replyBytesMax(request: Fp1Request): number {
  switch (request.kind) {
    case "hello":
      return HELLO_REPLY_BYTES;
    case "unlock":
    case "op_query":
      return OP_REPLY_BYTES;
    case "poll":
    case "status":
      return POLL_REPLY_BYTES;
    default:
      return unreachable(request);
  }
}

function answerOf({ body, hasMoreEvents }: Fp1ReplyFrame): BoardAnswer | undefined {
  switch (body.kind) {
    case "hello":
      return body.protocolVersion >= PROTOCOL_VERSION
        ? { kind: "identity", boot: body.bootId }
        : { kind: "refused", reason: "unsupported" };
    case "poll":
      return { ...pollAnswer(body), hasMoreEvents };
    case "unlock":
      return unlockAnswer(body);
    case "op_query":
      return { kind: "memory", memory: memoryOf(body) };
    case "nak":
      return { kind: "refused", reason: body.reason };
    case "status":
      return undefined;
    default:
      return unreachable(body);
  }
}

function pollAnswer({ bootId, uptimeMs, doors, events }: Extract<Fp1Reply, { kind: "poll" }>) {
  return { kind: "poll", boot: bootId, uptimeMs, doors, events: events.map(eventOf) } as const;
}

function eventOf(event: Fp1Event): BoardEvent {
  const { sequence, channel } = event;
  switch (event.kind) {
    case "door_opened":
      return { sequence, kind: "door", channel, door: "open" };
    case "door_closed":
      return { sequence, kind: "door", channel, door: "closed" };
    case "op_finished":
    case "boot":
    case "brownout":
    case "tamper":
    case "coil_fault":
    case "occupancy":
    case "overflow":
    case "unrecognised":
      return { sequence, kind: "other" };
    default:
      return unreachable(event);
  }
}

/** Section 6: EXPIRED comes after the look into the ring and the boot id, so nothing of this operation ever ran. */
function unlockAnswer({ result }: Fp1UnlockReply): BoardAnswer {
  switch (result) {
    case "accepted":
    case "duplicate":
      return { kind: "unlock", verdict: "accepted" };
    case "stale_boot":
      return { kind: "unlock", verdict: "wrong_boot" };
    case "expired":
    case "busy":
    case "cooldown":
    case "bad_channel":
    case "undervoltage":
    case "inhibited":
      return { kind: "unlock", verdict: "rejected", reason: result };
    default:
      return unreachable(result);
  }
}

function memoryOf({ result, state }: Fp1OpQueryReply): OperationMemory {
  if (result === "never_seen") return { kind: "never_seen" };
  if (result !== "accepted" && result !== "duplicate") return { kind: "refused", reason: result };
  switch (state) {
    case "queued":
    case "pulsing":
      return { kind: "pending" };
    case "done_opened":
      return { kind: "over", effect: "opened" };
    case "done_no_change":
      return { kind: "over", effect: "no_change" };
    case "unknown":
    case "fault":
      return { kind: "over", effect: "unknown" };
    default:
      return unreachable(state);
  }
}
