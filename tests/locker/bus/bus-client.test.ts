import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type SimClient, startSim } from "../../../sim/client.ts";
import { monoMs } from "../../../src/contract/time.ts";
import { type BusClient, createBusClient } from "../../../src/locker/bus/bus-client.ts";
import { createLockBus } from "../../../src/locker/bus/lock-bus.ts";
import type { BusSettings, TransportSettings } from "../../../src/locker/bus/settings.ts";
import type { BusReport } from "../../../src/locker/domain/input.ts";
import type { Log } from "../../../src/locker/ports.ts";
import { door, opOf } from "./virtual-bus.ts";

const layout = {
  boards: [
    {
      address: 1,
      channels: [
        { channel: 0, compartment: 1 },
        { channel: 1, compartment: 2 },
      ],
    },
  ],
};

const settingsFor = (transport: TransportSettings): BusSettings => ({
  name: "bus0",
  transport,
  boards: [
    {
      name: "board-1",
      protocol: "fp1",
      address: 1,
      unlockPulseMs: 200,
      channels: [
        { channel: 0, compartment: door(1) },
        { channel: 1, compartment: door(2) },
      ],
    },
  ],
});

const overSerial = (path: string): BusSettings => settingsFor({ kind: "serial", path, baudRate: 115_200 });

const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const monoNow = () => monoMs(performance.now());

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

type Locker = { readonly sim: SimClient; readonly bus: BusClient; readonly reports: BusReport[] };

async function sim(transport: "pty" | "tcp"): Promise<SimClient> {
  const started = await startSim({ layout, transport, seed: 1 });
  cleanUps.push(() => started.stop());
  return started;
}

function client(settings: BusSettings): Pick<Locker, "bus" | "reports"> {
  const reports: BusReport[] = [];
  const bus = createBusClient(settings, { log: silentLog, monoNow });
  cleanUps.push(() => bus.stop());
  bus.start((report) => reports.push(report));
  return { bus, reports };
}

const soon = { timeout: 8_000, interval: 5 };

const lastDoor = (reports: readonly BusReport[], number: number) =>
  reports.filter((report) => report.kind === "door").findLast(({ compartment }) => compartment === number)?.door;

const lastHealth = (reports: readonly BusReport[]) => reports.findLast((report) => report.kind === "board")?.health;

const resultOf = (reports: readonly BusReport[], op: number) =>
  reports.find((report) => report.kind === "unlock_result" && report.op === opOf(op));

const untilKnown = ({ reports }: Pick<Locker, "reports">) =>
  vi.waitFor(() => expect([lastDoor(reports, 1), lastDoor(reports, 2)]).toEqual(["closed", "closed"]), soon);

async function workingLocker(): Promise<Locker> {
  const running = await sim("pty");
  const locker = { sim: running, ...client(overSerial(running.path)) };
  await untilKnown(locker);
  return locker;
}

function unlock({ bus }: Pick<Locker, "bus">, number: number, op: number, forMs = 3_000): void {
  bus.unlock({ op: opOf(op), compartment: door(number), notAfter: monoMs(monoNow() + forMs) });
}

const pulsesOf = async ({ sim: running }: Pick<Locker, "sim">, op: number): Promise<number> =>
  (await running.log()).filter((entry) => entry.kind === "pulse" && entry.opId === opOf(op)).length;

function pidOf({ bus }: Pick<Locker, "bus">): number {
  const { pid } = bus.status();
  if (pid === undefined) throw new Error("the bus has no process");
  return pid;
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("a bus process", () => {
  it("opens a door over a real serial port, and tells when it is shut", async () => {
    const locker = await workingLocker();
    unlock(locker, 1, 1);
    await vi.waitFor(() => expect(lastDoor(locker.reports, 1)).toBe("open"), soon);
    expect(resultOf(locker.reports, 1)).toMatchObject({ outcome: "accepted" });
    await locker.sim.close(1);
    await vi.waitFor(() => expect(lastDoor(locker.reports, 1)).toBe("closed"), soon);
    expect(await pulsesOf(locker, 1)).toBe(1);
    expect(locker.bus.status()).toMatchObject({ port: "opened", restartsCount: 0 });
  });

  it("opens a door over TCP", async () => {
    const running = await sim("tcp");
    const locker = { sim: running, ...client(settingsFor({ kind: "tcp", host: "127.0.0.1", port: running.port })) };
    await untilKnown(locker);
    unlock(locker, 2, 7);
    await vi.waitFor(() => expect(lastDoor(locker.reports, 2)).toBe("open"), soon);
    expect(await pulsesOf(locker, 7)).toBe(1);
  });

  it("refuses a command whose time was over when it arrived", async () => {
    const locker = await workingLocker();
    unlock(locker, 1, 1, -1);
    await vi.waitFor(() => expect(resultOf(locker.reports, 1)).toBeDefined(), soon);
    expect(resultOf(locker.reports, 1)).toMatchObject({ outcome: "rejected", reason: "expired" });
    expect(await pulsesOf(locker, 1)).toBe(0);
  });

  it("asks a board what it remembers of an operation", async () => {
    const locker = await workingLocker();
    unlock(locker, 1, 1);
    await vi.waitFor(() => expect(lastDoor(locker.reports, 1)).toBe("open"), soon);
    locker.bus.queryOp({ op: opOf(1), compartment: door(1), ageMs: 500 });
    const evidence = () => locker.reports.find(({ kind }) => kind === "op_evidence");
    await vi.waitFor(() => expect(evidence()).toMatchObject({ evidence: "opened" }), soon);
  });

  it("is not taken for dead because the daemon itself was held up", async () => {
    const locker = await workingLocker();
    const pid = pidOf(locker);
    const { promise: released, resolve } = Promise.withResolvers<void>();
    // From an immediate, so that the timers are looked at before the channel is.
    setImmediate(() => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_600);
      resolve();
    });
    await released;
    // What was said before is read first; only a heartbeat of long after shows that nobody was killed.
    const releasedAt = monoNow();
    await vi.waitFor(() => expect(locker.bus.status().heartbeatAt).toBeGreaterThan(releasedAt + 1_000), soon);
    expect(locker.bus.status()).toMatchObject({ pid, restartsCount: 0 });
  });

  it("finds the boards again when the adapter was pulled and comes back", async () => {
    const running = await sim("tcp");
    const locker = { sim: running, ...client(settingsFor({ kind: "tcp", host: "127.0.0.1", port: running.port })) };
    await untilKnown(locker);
    await running.tell("unplug", {});
    await vi.waitFor(() => expect(lastHealth(locker.reports)).toBe("silent"), soon);
    expect(lastDoor(locker.reports, 1)).toBe("unknown");
    await running.tell("plug", {});
    await vi.waitFor(() => expect(lastHealth(locker.reports)).toBe("ok"), soon);
    unlock(locker, 1, 5);
    await vi.waitFor(() => expect(lastDoor(locker.reports, 1)).toBe("open"), soon);
    expect(locker.bus.status().restartsCount).toBe(0);
  });

  it("keeps trying a port that is not there, and calls its boards silent", async () => {
    const { reports } = client(overSerial("/dev/lockerd-not-there"));
    await vi.waitFor(() => expect(lastHealth(reports)).toBe("silent"), soon);
  });

  it("connects anew when a gateway takes bytes and answers nothing", async () => {
    let connectionsCount = 0;
    const gateway = createServer((socket) => {
      connectionsCount++;
      socket.on("error", () => {});
      socket.resume();
    });
    gateway.listen(0, "127.0.0.1");
    await once(gateway, "listening");
    cleanUps.push(async () => gateway.close());
    const address = gateway.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    client(settingsFor({ kind: "tcp", host: "127.0.0.1", port: address.port }));
    await vi.waitFor(() => expect(connectionsCount).toBeGreaterThan(1), { ...soon, timeout: 12_000 });
  });
});

describe("a bus process that dies", () => {
  it.each(["SIGKILL", "SIGSTOP"] as const)("by %s is replaced, and what it left open is unknown", async (signal) => {
    const locker = await workingLocker();
    const oldPid = pidOf(locker);
    await locker.sim.tell("inject", { fault: "lost_request" });
    unlock(locker, 1, 1);
    await vi.waitFor(() => expect(locker.bus.status().counters.unlocksWrittenCount).toBe(1), soon);
    locker.reports.length = 0;
    const killedAt = performance.now();
    process.kill(oldPid, signal);
    await vi.waitFor(() => expect(resultOf(locker.reports, 1)).toMatchObject({ outcome: "unknown" }), soon);
    expect(lastDoor(locker.reports, 1)).toBe("unknown");
    expect(lastHealth(locker.reports)).toBe("silent");
    expect(isAlive(oldPid)).toBe(false);
    await vi.waitFor(() => expect(lastHealth(locker.reports)).toBe("ok"), soon);
    expect(performance.now() - killedAt).toBeLessThan(6_000);
    await untilKnown(locker);
    unlock(locker, 1, 2);
    await vi.waitFor(() => expect(lastDoor(locker.reports, 1)).toBe("open"), soon);
    expect([await pulsesOf(locker, 1), await pulsesOf(locker, 2)]).toEqual([0, 1]);
    expect(locker.bus.status().restartsCount).toBe(1);
  });

  it("after a pulse gives no second one, and its successor tells no committed event twice", async () => {
    const locker = await workingLocker();
    unlock(locker, 1, 1);
    await vi.waitFor(() => expect(lastDoor(locker.reports, 1)).toBe("open"), soon);
    await locker.sim.close(1);
    await vi.waitFor(() => expect(lastDoor(locker.reports, 1)).toBe("closed"), soon);
    locker.reports.length = 0;
    process.kill(pidOf(locker), "SIGKILL");
    await vi.waitFor(() => expect(lastHealth(locker.reports)).toBe("silent"), soon);
    await vi.waitFor(() => expect(lastHealth(locker.reports)).toBe("ok"), soon);
    await untilKnown(locker);
    const told = locker.reports.flatMap((report) =>
      report.kind === "door" && report.compartment === 1 ? [report.door] : [],
    );
    expect(told).toEqual(["unknown", "closed"]);
    expect(await pulsesOf(locker, 1)).toBe(1);
  });

  it("is not there to write: a command in the gap is refused, and a question unknown", async () => {
    const locker = await workingLocker();
    process.kill(pidOf(locker), "SIGKILL");
    await vi.waitFor(() => expect(locker.bus.status().pid).toBeUndefined(), { ...soon, interval: 1 });
    unlock(locker, 1, 1);
    locker.bus.queryOp({ op: opOf(2), compartment: door(1), ageMs: null });
    expect(resultOf(locker.reports, 1)).toBeUndefined();
    await vi.waitFor(() => expect(resultOf(locker.reports, 1)).toMatchObject({ reason: "bus_restarting" }), soon);
    expect(locker.reports).toContainEqual({ kind: "op_evidence", op: opOf(2), evidence: "unknown" });
  });
});

describe("the end of a bus", () => {
  it("comes on stop, with its process gone", async () => {
    const locker = await workingLocker();
    const pid = pidOf(locker);
    await locker.bus.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it("comes on stop even when the process is wedged", async () => {
    const locker = await workingLocker();
    const pid = pidOf(locker);
    process.kill(pid, "SIGSTOP");
    await locker.bus.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it("comes for a process whose parent is gone, signals of a terminal notwithstanding", async () => {
    const running = await sim("pty");
    const child: ChildProcess = fork(new URL("../../../src/locker/bus/bus-process.ts", import.meta.url), [], {
      execArgv: [],
    });
    cleanUps.push(async () => child.kill("SIGKILL"));
    let heartbeatsCount = 0;
    child.on("message", (message: { kind: string }) => {
      if (message.kind === "heartbeat") heartbeatsCount++;
    });
    child.send({ kind: "configure", generation: 1, settings: overSerial(running.path), committed: [] });
    await vi.waitFor(() => expect(heartbeatsCount).toBeGreaterThan(0), soon);
    child.kill("SIGINT");
    child.kill("SIGTERM");
    const beforeCount = heartbeatsCount;
    await vi.waitFor(() => expect(heartbeatsCount).toBeGreaterThan(beforeCount + 1), soon);
    const exited = once(child, "exit");
    child.disconnect();
    expect(await exited).toEqual([0, null]);
  });

  it("comes for a process that is told something it does not understand", async () => {
    const child = fork(new URL("../../../src/locker/bus/bus-process.ts", import.meta.url), [], {
      execArgv: [],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    cleanUps.push(async () => child.kill("SIGKILL"));
    const exited = once(child, "exit");
    child.send({ kind: "configure", generation: 1, settings: overSerial("/dev/x"), committed: [], verbose: true });
    expect(await exited).toEqual([1, null]);
  });
});

describe("several buses", () => {
  it("are one, each compartment on its own", async () => {
    const [first, second] = await Promise.all([sim("pty"), sim("pty")]);
    const one = overSerial(first.path);
    const [board] = overSerial(second.path).boards;
    if (board === undefined) throw new Error("no board");
    const channels = [{ channel: 0, compartment: door(11) }];
    const two = { ...overSerial(second.path), name: "bus1", boards: [{ ...board, name: "board-2", channels }] };
    const reports: BusReport[] = [];
    const bus = createLockBus([one, two], { log: silentLog, monoNow });
    cleanUps.push(() => bus.stop());
    bus.start((report) => reports.push(report));
    await vi.waitFor(() => expect(lastDoor(reports, 11)).toBe("closed"), soon);
    bus.unlock({ op: opOf(1), compartment: door(11), notAfter: monoMs(monoNow() + 3_000) });
    await vi.waitFor(() => expect(lastDoor(reports, 11)).toBe("open"), soon);
    expect([await pulsesOf({ sim: first }, 1), await pulsesOf({ sim: second }, 1)]).toEqual([0, 1]);
  });
});
