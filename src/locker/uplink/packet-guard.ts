import type { MqttClient } from "mqtt";
import { SCAN_START, type ScanState, scanPackets } from "./packet-scan.ts";

/**
 * The broker's own limit of 2 MiB (`message_size_limit` in systemd/mosquitto-lockerd.conf) and room for a topic: what an
 * honest broker hands on is read and confirmed, even to be refused, or it would come again for ever.
 */
const PACKET_BODY_BYTES_MAX = 2 * 1_048_576 + 1_024;

/**
 * Cuts a client's connection at the header of a packet no honest broker sends. The library itself has no limit: it
 * gathers a packet of up to 256 MiB in memory before it tells anybody.
 */
export function guardPackets({ stream }: MqttClient): void {
  let state: ScanState = SCAN_START;
  // Before the library's own listener, and without a part in the flow, which stays the library's to hold back.
  stream.prependListener("data", (chunk: Uint8Array) => {
    if (stream.destroyed) return;
    const scanned = scanPackets(state, chunk, PACKET_BODY_BYTES_MAX);
    if (scanned.ok) state = scanned.value;
    else stream.destroy(new RefusedPacket(scanned.error.code));
  });
}

class RefusedPacket extends Error {
  override readonly name = "RefusedPacket";
  readonly code: string;

  constructor(code: string) {
    super("the broker sent what is not read");
    this.code = code;
  }
}
