import { once } from "node:events";
import { mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { BytePort } from "../../sim/byte-port.ts";
import { openPty } from "../../sim/pty.ts";
import { openTcp } from "../../sim/tcp.ts";

const allBytes = Uint8Array.from({ length: 256 }, (_, value) => value);
const folder = mkdtempSync(join(tmpdir(), "lockerd-sim-"));
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function collector() {
  const bytes: number[] = [];
  return { bytes, take: (chunk: Uint8Array) => void bytes.push(...chunk) };
}

function pathOf(port: BytePort): string {
  if (!("path" in port.at)) throw new Error("this port has no path");
  return port.at.path;
}

async function openSerial(path: string): Promise<SerialPort> {
  const serial = new SerialPort({ path, baudRate: 115_200, autoOpen: false });
  serial.on("error", () => {});
  await new Promise<void>((resolve, reject) => serial.open((error) => (error ? reject(error) : resolve())));
  return serial;
}

async function closeSerial(serial: SerialPort): Promise<void> {
  if (serial.isOpen) await new Promise<void>((resolve) => serial.close(() => resolve()));
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 5_000, interval: 10 });

describe("the bus on a pseudo-terminal", () => {
  it("carries every byte value both ways, unchanged, to a real serial port", async () => {
    const atBoards = collector();
    const atHost = collector();
    const port = openPty({ onBytes: atBoards.take });
    cleanups.push(() => port.close());
    const serial = await openSerial(pathOf(port));
    cleanups.push(() => closeSerial(serial));
    serial.on("data", atHost.take);
    serial.write(allBytes);
    port.write(allBytes);
    await until(() => expect([atBoards.bytes.length, atHost.bytes.length]).toEqual([256, 256]));
    expect(atBoards.bytes).toEqual([...allBytes]);
    expect(atHost.bytes).toEqual([...allBytes]);
  });

  it("survives that the host closes and opens it again", async () => {
    const atBoards = collector();
    const port = openPty({ onBytes: atBoards.take });
    cleanups.push(() => port.close());
    for (let round = 1; round <= 3; round++) {
      const atHost = collector();
      const serial = await openSerial(pathOf(port));
      serial.on("data", atHost.take);
      serial.write(Uint8Array.of(round));
      port.write(Uint8Array.of(100 + round));
      await until(() => expect(atHost.bytes).toEqual([100 + round]));
      await until(() => expect(atBoards.bytes.at(-1)).toBe(round));
      await closeSerial(serial);
    }
    expect(atBoards.bytes).toEqual([1, 2, 3]);
  });

  it("loses bytes rather than blocking when nobody reads", () => {
    const port = openPty({ onBytes: () => {} });
    cleanups.push(() => port.close());
    for (let count = 0; count < 1_000; count++) port.write(allBytes);
  });

  it("can be found under a link of a fixed name, which is gone after closing", async () => {
    const link = join(folder, "bus0");
    const first = openPty({ link, onBytes: () => {} });
    const target = readlinkSync(link);
    expect(pathOf(first)).toBe(link);
    const serial = await openSerial(link);
    await closeSerial(serial);
    await first.close();
    expect(() => readlinkSync(link)).toThrow("ENOENT");
    expect(target).toMatch(/^\/dev\/pts\//);
    rmSync(folder, { recursive: true });
  });
});

describe("the bus on TCP", () => {
  it("carries every byte value both ways, unchanged", async () => {
    const atBoards = collector();
    const atHost = collector();
    const port = await openTcp({ onBytes: atBoards.take });
    cleanups.push(() => port.close());
    if (!("port" in port.at)) throw new Error("no TCP port");
    const socket = createConnection(port.at.port, "127.0.0.1");
    cleanups.push(() => void socket.destroy());
    socket.on("data", atHost.take);
    await once(socket, "connect");
    socket.write(allBytes);
    await until(() => expect(atBoards.bytes).toEqual([...allBytes]));
    port.write(allBytes);
    await until(() => expect(atHost.bytes).toEqual([...allBytes]));
  });

  it("gives the line to the newest client", async () => {
    const port = await openTcp({ onBytes: () => {} });
    cleanups.push(() => port.close());
    if (!("port" in port.at)) throw new Error("no TCP port");
    const first = createConnection(port.at.port, "127.0.0.1");
    await once(first, "connect");
    const ended = once(first, "close");
    const second = createConnection(port.at.port, "127.0.0.1");
    cleanups.push(() => void second.destroy());
    await ended;
    const heard = once(second, "data");
    port.write(Uint8Array.of(7));
    expect([...(await heard)[0]]).toEqual([7]);
  });
});
