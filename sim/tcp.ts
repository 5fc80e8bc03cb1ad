import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { BytePort } from "./byte-port.ts";

/**
 * Serves the bus as raw bytes on a TCP port of the loopback interface, as a serial gateway does.
 *
 * One client at a time: a new one takes the place of the old one, whose death the gateway may not have noticed.
 */
export async function openTcp(options: { port?: number; onBytes: (bytes: Uint8Array) => void }): Promise<BytePort> {
  let client: Socket | null = null;
  const server = createServer({ noDelay: true }, (socket) => {
    client?.destroy();
    client = socket;
    socket.on("data", (bytes) => options.onBytes(bytes));
    // A client that vanishes resets the connection; "close" follows and is all that matters.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (client === socket) client = null;
    });
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the TCP server has no port");

  return {
    at: { port: address.port },
    write: (bytes) => {
      client?.write(bytes);
    },
    close: async () => {
      client?.destroy();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}
