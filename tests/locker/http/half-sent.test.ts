import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { soon } from "../../support/soon.ts";
import { KioskWorld } from "./kiosk-world.ts";

/** More than the server takes at a time. */
const CONNECTIONS_COUNT = 70;

/** Opens connections, each of which says this much and no more. */
async function occupy(world: KioskWorld, text: string): Promise<Disposable> {
  const port = Number(new URL(world.url).port);
  const sockets = Array.from({ length: CONNECTIONS_COUNT }, () => connect(port, "127.0.0.1"));
  await Promise.all(
    sockets.map(async (socket) => {
      socket.on("error", () => socket.destroy());
      await once(socket, "connect");
      socket.write(text);
    }),
  );
  return {
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

const isAnswered = (world: KioskWorld): Promise<boolean> =>
  world.ask("GET", "/livez").then(
    ({ status }) => status === 200,
    () => false,
  );

describe("requests that are begun and never ended", () => {
  it.each([
    ["in the headers", "POST /kiosk/v1/pickup HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "],
    ["before the first byte", ""],
  ])("give the kiosk back within seconds: %s", async (_, text) => {
    await using world = await KioskWorld.open();
    using _held = await occupy(world, text);
    expect(await isAnswered(world)).toBe(false);
    await soon(async () => expect(await isAnswered(world)).toBe(true));
  });
});
