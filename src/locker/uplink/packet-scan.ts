import { err, ok, type Result } from "../../contract/result.ts";

/** Where in the broker's byte stream a reader stands: MQTT 3.1.1 sections 2.1 and 2.2. */
export type ScanState =
  | { readonly kind: "type" }
  | { readonly kind: "length"; readonly digitsCount: number; readonly bodyBytes: number }
  | { readonly kind: "body"; readonly leftBytes: number };

/** What no honest broker sends a locker: more than it may read, no length at all, or a QoS it has not subscribed at. */
export type PacketFault = { readonly code: "packet_too_large" | "malformed_length" | "qos_not_asked_for" };

export const SCAN_START: ScanState = { kind: "type" };

const LENGTH_DIGITS_MAX = 4;
/** PUBLISH at QoS 2 in the first byte: the library keeps each whole until it is released, which need never happen. */
const PUBLISH_QOS_2 = 0b0011_0100;
const TYPE_AND_QOS = 0b1111_0110;

/**
 * Follows packet headers through a chunk of the stream, however it is cut, and keeps nothing of what is in them.
 *
 * @param bodyBytesMax Largest remaining length, section 2.2.3, that a packet may announce.
 */
export function scanPackets(start: ScanState, chunk: Uint8Array, bodyBytesMax: number): Result<ScanState, PacketFault> {
  let state = start;
  for (let at = 0; at < chunk.length; ) {
    if (state.kind === "body") {
      const skippedBytes = Math.min(state.leftBytes, chunk.length - at);
      at += skippedBytes;
      state = afterBody(state.leftBytes - skippedBytes);
      continue;
    }
    const next = scanHeader(state, chunk[at] ?? 0, bodyBytesMax);
    if (!next.ok) return next;
    state = next.value;
    at += 1;
  }
  return ok(state);
}

const afterBody = (leftBytes: number): ScanState => (leftBytes === 0 ? SCAN_START : { kind: "body", leftBytes });

function scanHeader(
  state: Exclude<ScanState, { kind: "body" }>,
  byte: number,
  bodyBytesMax: number,
): Result<ScanState, PacketFault> {
  if (state.kind === "type") {
    return (byte & TYPE_AND_QOS) === PUBLISH_QOS_2
      ? err({ code: "qos_not_asked_for" })
      : ok({ kind: "length", digitsCount: 0, bodyBytes: 0 });
  }
  const bodyBytes = state.bodyBytes + (byte & 0x7f) * 128 ** state.digitsCount;
  const digitsCount = state.digitsCount + 1;
  if (bodyBytes > bodyBytesMax) return err({ code: "packet_too_large" });
  if ((byte & 0x80) === 0) return ok(afterBody(bodyBytes));
  return digitsCount === LENGTH_DIGITS_MAX
    ? err({ code: "malformed_length" })
    : ok({ kind: "length", digitsCount, bodyBytes });
}
