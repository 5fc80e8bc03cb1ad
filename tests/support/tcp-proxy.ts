import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type TcpProxy = AsyncDisposable & {
  readonly port: number;
  /** Connections taken since the start. */
  readonly connectionsCount: () => number;
  /** From now on nothing is forwarded and nothing is closed: what a vanished host looks like. */
  readonly swallow: () => void;
  /** Forwards again; connections that were swallowed stay dead. */
  readonly forward: () => void;
  /** Resets every connection. */
  readonly cut: () => void;
};

/**
 * Stands between a client and a server on loopback, and fails as networks do.
 *
 * @param tap Sees everything that comes through, with a name of its own for each direction of each connection.
 */
export async function startTcpProxy(
  targetPort: () => number,
  tap: (stream: string, bytes: Buffer) => void = () => undefined,
): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let swallowing = false;
  let connectionsCount = 0;
  const keep = (socket: Socket, partner: () => Socket): void => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      if (!swallowing) partner().destroy();
    });
  };
  const server = createServer((near) => {
    connectionsCount += 1;
    let isDead = swallowing;
    const far = connect({ host: "127.0.0.1", port: targetPort() });
    const name = `connection ${connectionsCount}`;
    const pass = (to: Socket) => (bytes: Buffer) => {
      isDead ||= swallowing;
      tap(`${name} ${to === far ? "up" : "down"}`, bytes);
      if (!isDead) to.write(bytes);
    };
    keep(near, () => far);
    keep(far, () => near);
    near.on("data", pass(far));
    far.on("data", pass(near));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    connectionsCount: () => connectionsCount,
    swallow: () => {
      swallowing = true;
    },
    forward: () => {
      swallowing = false;
    },
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
