import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { topicOf } from "../../../src/contract/topics.ts";
import { describeWithTools } from "../../support/describe-with-tools.ts";
import { soon } from "../../support/soon.ts";
import { answerTo, packet, publishHead } from "./packets.ts";
import { HANDLE, UplinkWorld } from "./uplink-world.ts";

const MIB = 1_048_576;
const HUGE_BYTES = 200 * MIB;

let world: UplinkWorld;
beforeEach(() => {
  world = new UplinkWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

/** A broker that takes the locker in and then says one thing to it, on every connection. */
class HostileBroker implements AsyncDisposable {
  port = 0;
  /** Bytes each connection took before the locker ended it. */
  readonly takenBytes: number[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(speech: () => Iterable<Uint8Array>, listen: (serve: (socket: Socket) => void) => Server) {
    this.#server = listen((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        this.takenBytes.push(socket.bytesWritten - socket.writableLength);
      });
      socket.on("data", (chunk) => {
        const { answer, isSubscribed } = answerTo(chunk);
        socket.write(answer);
        if (isSubscribed) void say(socket, speech());
      });
    });
  }

  async start(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

async function say(socket: Socket, chunks: Iterable<Uint8Array>): Promise<void> {
  for (const chunk of chunks) {
    if (socket.destroyed) return;
    if (!socket.write(chunk)) await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => undefined);
  }
}

/** One PUBLISH of 200 MiB. */
function* hugePublish(): Generator<Uint8Array> {
  const head = publishHead(topicOf(HANDLE, "down/command"));
  yield packet(0x32, head, head.length + HUGE_BYTES);
  const chunk = Buffer.alloc(MIB, "A");
  for (let sentBytes = 0; sentBytes < HUGE_BYTES; sentBytes += MIB) yield chunk;
}

/** A packet the library cannot parse, long enough to hide the header of a huge one from who merely counts. */
function* hugeBehindMalformed(): Generator<Uint8Array> {
  yield packet(0x4f, new Uint8Array(0), 2 * MIB);
  yield* hugePublish();
}

const failures = () =>
  world.logged.filter(({ message }) => message === "broker connection failed").map(({ fields }) => fields["errorCode"]);

async function expectCut(broker: HostileBroker): Promise<void> {
  await soon(() => expect(broker.takenBytes.length).toBeGreaterThan(1));
  // What the kernel's buffers of both sides hold, and no more.
  expect(Math.max(...broker.takenBytes)).toBeLessThan(HUGE_BYTES / 4);
  expect(world.logged.map(({ message }) => message)).not.toContain("message refused");
  expect(world.fatal).toEqual([]);
}

describe("a broker", () => {
  it("that sends one huge packet is cut off at its header, and tried again later", async () => {
    await using broker = await new HostileBroker(hugePublish, createServer).start();
    world.connect({ port: broker.port, speed: 20 });
    await expectCut(broker);
    expect(new Set(failures())).toEqual(new Set(["packet_too_large"]));
  });

  it("that hides a huge packet behind a malformed one is cut off at the malformed one", async () => {
    await using broker = await new HostileBroker(hugeBehindMalformed, createServer).start();
    world.connect({ port: broker.port, speed: 20 });
    await expectCut(broker);
    expect(new Set(failures())).toEqual(new Set(["Error"]));
  });

  it("that sends at a QoS nobody asked for is cut off, since the library keeps such packets", async () => {
    const body = Buffer.concat([publishHead(topicOf(HANDLE, "down/command")), Buffer.from("x")]);
    await using broker = await new HostileBroker(() => [packet(0x34, body)], createServer).start();
    world.connect({ port: broker.port, speed: 20 });
    await soon(() => expect(broker.takenBytes.length).toBeGreaterThan(1));
    expect(new Set(failures())).toEqual(new Set(["qos_not_asked_for"]));
  });
});

describeWithTools(["openssl"], "a broker behind TLS", ({ openssl }) => {
  it("that sends one huge packet is cut off at its header as well", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lockerd-tls-"));
    const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const request = ["req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "1", "-subj", "/CN=localhost"];
    const names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", keyFile, "-out", certFile];
    execFileSync(openssl, [...request, ...names], { stdio: "ignore" });
    const identity = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    await using broker = await new HostileBroker(hugePublish, (serve) => createTlsServer(identity, serve)).start();
    world.connect({ port: broker.port, speed: 20, credentials: { tls: { caFile: certFile, certFile, keyFile } } });
    await expectCut(broker);
    expect(new Set(failures())).toEqual(new Set(["packet_too_large"]));
    rmSync(folder, { recursive: true });
  });
});
