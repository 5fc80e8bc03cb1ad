import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChild } from "../../../src/cli/demo/children.ts";
import { findTool } from "../../support/tools.ts";
import { eventually } from "./eventually.ts";

/** Below where the system takes the ports of outgoing connections from: nobody else gets one of these by chance. */
const PORT_FIRST = 20_000;
const PORTS_COUNT = 10_000;

/** A free TCP port, for a server that has to come back where it was. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORT_FIRST + Math.floor(Math.random() * PORTS_COUNT);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Mosquitto where it is installed, with the settings lockerd ships; otherwise the embedded broker. */
export async function startBroker({ folder, port }: { folder: string; port: number }): Promise<ChildProcess> {
  const mosquitto = findTool("mosquitto");
  if (mosquitto === undefined) {
    const script = fileURLToPath(new URL("run-aedes.ts", import.meta.url));
    return (await startChild({ name: "broker", script, args: [String(port)], folder })).process;
  }
  const shipped = readFileSync(new URL("../../../systemd/mosquitto-lockerd.conf", import.meta.url), "utf8");
  const conf = join(folder, "mosquitto.conf");
  const own = [`user ${userInfo().username}`, `persistence_location ${folder}/`, `listener ${port} 127.0.0.1`];
  writeFileSync(conf, [shipped, ...own, "allow_anonymous true", ""].join("\n"));
  const child = spawn(mosquitto, ["-v", "-c", conf], { stdio: ["ignore", "pipe", "pipe"] });
  const log = createWriteStream(join(folder, "broker.log"), { flags: "a" });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log);
  try {
    await eventually("the broker listens", () => isListening(port));
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return child;
}

function isListening(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(undefined));
    socket.once("connect", () => socket.destroy());
  });
}

export const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Sends the signal and waits for the end. */
export async function end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit", { signal: AbortSignal.timeout(15_000) });
  child.kill(signal);
  await ended;
}

type Process = { readonly pid: number; readonly parent: number; readonly group: number };

/** Processes that run now, zombies left out. Source: proc(5). */
export function runningProcesses(): readonly Process[] {
  return readdirSync("/proc").flatMap((name) => {
    const stat = /^\d+$/.test(name) ? readStat(name) : undefined;
    const [state, parent, group] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
    return state === undefined || state === "Z" || state === "X"
      ? []
      : [{ pid: Number(name), parent: Number(parent), group: Number(group) }];
  });
}

function readStat(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

/** Its direct children, found fast enough to aim by. Source: proc_pid_task(5). */
export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return [...text.matchAll(/\d+/g)].map(([child]) => Number(child));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
