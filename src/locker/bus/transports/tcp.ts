import { connect } from "node:net";
import type { Transport, TransportListener } from "./transport.ts";

/** A gateway that went away without a word is noticed by this, should the boards behind it have nothing to say. */
const KEEP_ALIVE_MS = 10_000;

/** Connects to a serial-over-TCP gateway (raw bytes) once. */
export function openTcp(
  { host, port }: { readonly host: string; readonly port: number },
  listener: TransportListener,
): Transport {
  // One request in flight: waiting to fill a packet would only delay it.
  const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
  let isOver = false;
  let reason = "closed";
  socket.on("connect", () => listener.onOpened());
  socket.on("data", (bytes: Uint8Array) => {
    if (!isOver) listener.onBytes(bytes);
  });
  socket.on("error", (error) => {
    reason = error.message;
  });
  socket.on("end", () => socket.resetAndDestroy());
  socket.on("close", () => {
    isOver = true;
    listener.onClosed(reason);
  });
  return {
    write: (bytes) => {
      if (socket.readyState === "open") socket.write(bytes);
    },
    // A reset, not a goodbye: what a gateway or the kernel still holds back is thrown away, not delivered late.
    close: () => {
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
    },
  };
}
