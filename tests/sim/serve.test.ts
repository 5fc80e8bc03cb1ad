import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { SimRefusal, startSim } from "../../sim/client.ts";
import { parseCommand } from "../../sim/control-messages.ts";
import { BodyWriter, type Frame, frameToWire } from "../../sim/fp1/wire.ts";
import { parseLayout } from "../../sim/layout.ts";
import { framesIn, OP_A, opOf, pollOf, unlockBody } from "./fp1-bench.ts";

const layout = {
  boards: [
    { address: 3, channels: [{ channel: 0, compartment: 1 }] },
    { address: 4, channels: [{ channel: 0, compartment: 2 }] },
  ],
};
const folder = mkdtempSync(join(tmpdir(), "lockerd-serve-"));
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Stream = { write(bytes: Uint8Array): unknown; on(event: "data", listener: (bytes: Uint8Array) => void): unknown };

/** A host that asks over a real stream and waits for the answer. */
function hostOn(stream: Stream) {
  const heard: Uint8Array[] = [];
  stream.on("data", (bytes) => heard.push(bytes));
  let seq = 0;
  return async (request: Partial<Frame> & { type: number }): Promise<Frame> => {
    const before = framesIn(heard).length;
    stream.write(frameToWire({ flags: 0, address: 3, seq: ++seq, body: new Uint8Array(0), ...request }));
    const frames = await vi.waitFor(
      () => {
        const all = framesIn(heard);
        if (all.length === before) throw new Error("no reply");
        return all;
      },
      { timeout: 5_000, interval: 2 },
    );
    const reply = frames.at(-1);
    if (reply === undefined) throw new Error("no reply");
    return reply;
  };
}

const poll = { type: 0x02, body: new BodyWriter().u16(0).done() };

async function openSerial(path: string): Promise<SerialPort> {
  const serial = new SerialPort({ path, baudRate: 115_200, autoOpen: false });
  serial.on("error", () => {});
  await new Promise<void>((resolve, reject) => serial.open((error) => (error ? reject(error) : resolve())));
  cleanups.push(() => serial.isOpen && new Promise<void>((resolve) => serial.close(() => resolve())));
  return serial;
}

async function openSim(options: Partial<Parameters<typeof startSim>[0]> = {}) {
  const sim = await startSim({ layout, transport: "pty", ...options });
  cleanups.push(() => sim.stop());
  return sim;
}

describe("the simulator as a process", () => {
  it("moves a real door for an unlock over a real serial port, and tells and logs the truth", async () => {
    const logFile = join(folder, "truth.jsonl");
    const sim = await openSim({ logFile });
    await sim.sendPerson({ kind: "bring", parcel: "parcel-a", compartment: null, reactMs: 20, closeAfterMs: 20 });
    const ask = hostOn(await openSerial(sim.path));
    const { bootId } = pollOf(await ask(poll));
    const reply = opOf(await ask({ type: 0x10, body: unlockBody({ bootId, channel: 0 }) }));
    expect(reply).toMatchObject({ opId: OP_A, result: 0 });
    await sim.waitFor((entry) => entry.kind === "door" && entry.door === "closed", { withinMs: 5_000 });
    const log = await sim.log();
    expect(log.map((entry) => (entry.kind === "door" ? entry.door : entry.kind))).toEqual([
      "pulse",
      "opened",
      "parcel",
      "closed",
    ]);
    expect(sim.truth).toEqual(log);
    await sim.kill();
    const lines = readFileSync(logFile, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(log);
  });

  it("outlives its hosts, and is found again under its link after the plug was pulled", async () => {
    const link = join(folder, "bus0");
    const sim = await openSim({ link });
    for (let round = 0; round < 2; round++) {
      const serial = await openSerial(link);
      expect((await hostOn(serial)(poll)).type).toBe(0x82);
      serial.close();
      await once(serial, "close");
    }
    await sim.tell("unplug", {});
    expect(existsSync(link)).toBe(false);
    await sim.tell("plug", {});
    expect((await hostOn(await openSerial(link))(poll)).type).toBe(0x82);
    await sim.stop();
    expect(existsSync(link)).toBe(false);
  });

  it("serves TCP on the same port again after the plug was pulled, and ends the client's connection", async () => {
    const sim = await openSim({ transport: "tcp" });
    const first = createConnection(sim.port, "127.0.0.1");
    expect((await hostOn(first)({ ...poll, address: 4 })).address).toBe(4);
    const ended = once(first, "close");
    await sim.tell("unplug", {});
    await ended;
    await sim.tell("plug", {});
    const second = createConnection(sim.port, "127.0.0.1");
    cleanups.push(() => second.destroy());
    expect((await hostOn(second)(poll)).type).toBe(0x82);
  });

  it("lets people act, refuses what cannot be done, and shows the state", async () => {
    const sim = await openSim();
    await expect(sim.pull(1)).rejects.toThrow(SimRefusal);
    await expect(sim.close(9)).rejects.toMatchObject({ reason: { code: "no_such_compartment" } });
    await sim.force(1);
    await sim.putParcel(1, "parcel-a");
    await sim.tell("cutPower", { board: 4 });
    expect(await sim.state()).toMatchObject({
      compartments: [
        { compartment: 1, door: "open", parcel: "parcel-a", behaviour: "spring" },
        { compartment: 2, door: "closed", parcel: null },
      ],
      boards: [
        { address: 3, bootId: expect.any(Number) },
        { address: 4, bootId: null },
      ],
    });
    expect(await sim.takeParcel(1)).toBe("parcel-a");
    await expect(sim.tell("reset", { board: 9, reason: "pin" })).rejects.toMatchObject({
      reason: { code: "no_such_board" },
    });
    await expect(sim.tell("cutCoil", { board: 3, channel: 1 })).rejects.toMatchObject({
      reason: { code: "no_such_channel" },
    });
  });

  it("takes at least the time of the wire when paced", async () => {
    const sim = await openSim({ pacedBaud: 1_200 });
    const ask = hostOn(await openSerial(sim.path));
    const askedAt = performance.now();
    await ask(poll);
    // 13 bytes there and at least 24 back, ten bits each.
    expect(performance.now() - askedAt).toBeGreaterThan((37 * 10_000) / 1_200);
  });

  it("does not start with a layout that makes no sense", async () => {
    await expect(startSim({ layout: { boards: [] }, transport: "tcp" })).rejects.toThrow("before it was ready");
  });
});

describe("what the simulator is told", () => {
  it.each([
    [{ kind: "pull", id: 1 }, "compartment"],
    [{ kind: "pull", id: 1, compartment: "1" }, "/compartment"],
    [{ kind: "pull", id: 1, compartment: 1, hard: true }, "additional"],
    [{ kind: "reset", id: 1, board: 3, reason: "boredom" }, "/reason"],
    [{ kind: "setRates", id: 1, rates: { lost_everything: 1 } }, "/rates"],
    [{ kind: "toString", id: 1 }, "/kind"],
    ["pull", "/kind"],
  ])("is refused with its faults: %j", (message, mention) => {
    const parsed = parseCommand(message);
    if (parsed.ok || parsed.error.code !== "bad_command") throw new Error("not refused");
    expect(parsed.error.faults.join("\n")).toContain(mention);
  });

  it.each([
    [{ boards: [{ address: 3, channels: [{ channel: 0, compartment: 1, colour: "red" }] }] }, "/boards/0/channels/0"],
    [{ boards: [{ address: 0, channels: [{ channel: 0, compartment: 1 }] }] }, "/boards/0/address"],
    [{ boards: [...layout.boards, ...layout.boards] }, "board address 3 is there twice"],
  ])("is refused as a layout: %j", (document, mention) => {
    const parsed = parseLayout(document);
    if (parsed.ok) throw new Error("not refused");
    expect(parsed.faults.join("\n")).toContain(mention);
  });
});
