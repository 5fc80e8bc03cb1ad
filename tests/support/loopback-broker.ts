import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Aedes } from "aedes";

type Published = { readonly topic: string; readonly text: string; readonly retain: boolean };

export type LoopbackBroker = {
  readonly url: string;
  /** Everything published by clients, in order. */
  readonly published: readonly Published[];
  /** Called with each of them in the very turn in which it arrives. */
  onPublish: (message: Published) => void;
  /** Throws every connection away; clients have to come back by themselves. */
  readonly dropConnections: () => void;
  readonly close: () => Promise<void>;
};

/** A real broker on a free loopback port. A port can be given to come back under the former address. */
export async function openLoopbackBroker(port = 0): Promise<LoopbackBroker> {
  const aedes = await Aedes.createBroker();
  const published: Published[] = [];
  aedes.on("publish", (packet, client) => {
    if (client === null) return;
    const message = { topic: packet.topic, text: packet.payload.toString(), retain: packet.retain };
    published.push(message);
    broker.onPublish(message);
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    aedes.handle(socket);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  const dropConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const broker: LoopbackBroker = {
    url: `mqtt://127.0.0.1:${address.port}`,
    published,
    onPublish: () => undefined,
    dropConnections,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      dropConnections();
      await closed;
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    },
  };
  return broker;
}
