import { openSync, readFileSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { Agenda } from "./agenda.ts";
import type { BytePort } from "./byte-port.ts";
import { type Outcome, perform } from "./control.ts";
import { type FromSim, parseCommand } from "./control-messages.ts";
import { type Layout, parseLayout } from "./layout.ts";
import { openPty } from "./pty.ts";
import { monotonicMs, RealTime } from "./real-time.ts";
import { buildRig } from "./rig.ts";
import { seededRandom } from "./seeded-random.ts";
import { openTcp } from "./tcp.ts";

const USAGE = `node sim/serve.ts --layout FILE (--pty [--link PATH] | --tcp) [--paced-baud N] [--log FILE] [--seed N]

  --layout FILE      JSON: {"boards":[{"address":3,"channels":[{"channel":0,"compartment":1}]}]}
  --pty              serve the bus on a new pseudo-terminal
  --link PATH        symbolic link to the pseudo-terminal, for a name that stays
  --tcp              serve the bus on a TCP port of 127.0.0.1
  --paced-baud N     let bytes take the time they take on a line of N baud
  --log FILE         append what truly happens to FILE, one JSON object a line
  --seed N           seed of latencies and line faults`;

type Options = {
  readonly layout: Layout;
  readonly transport: "pty" | "tcp";
  readonly link: string | undefined;
  readonly pacedBaud: number | null;
  readonly logFile: string | undefined;
  readonly seed: number;
};

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      layout: { type: "string" },
      pty: { type: "boolean", default: false },
      tcp: { type: "boolean", default: false },
      link: { type: "string" },
      "paced-baud": { type: "string" },
      log: { type: "string" },
      seed: { type: "string" },
    },
  });
  if (values.layout === undefined || values.pty === values.tcp) throw new Error(USAGE);
  if (values.tcp && values.link !== undefined) throw new Error("--link belongs to --pty");
  const parsed = parseLayout(JSON.parse(readFileSync(values.layout, "utf8")));
  if (!parsed.ok) throw new Error(`${values.layout} is no layout:\n  ${parsed.faults.join("\n  ")}`);
  return {
    layout: parsed.value,
    transport: values.pty ? "pty" : "tcp",
    link: values.link,
    pacedBaud: values["paced-baud"] === undefined ? null : positiveInteger("--paced-baud", values["paced-baud"]),
    logFile: values.log,
    seed: values.seed === undefined ? process.pid : positiveInteger("--seed", values.seed),
  };
}

function positiveInteger(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`${option} takes a positive whole number, not "${text}"`);
  return Number(text);
}

async function serve(options: Options): Promise<void> {
  const agenda = new Agenda(monotonicMs());
  let port: BytePort | null = null;
  const rig = buildRig({
    agenda,
    random: seededRandom(options.seed),
    layout: options.layout,
    toHost: (bytes) => port?.write(bytes),
    lineSettings: { baud: options.pacedBaud },
  });
  if (options.logFile !== undefined) {
    const logFd = openSync(options.logFile, "a");
    rig.cabinet.watch((entry) => writeSync(logFd, `${JSON.stringify(entry)}\n`));
  }
  rig.cabinet.watch((entry) => tell({ kind: "event", entry }));
  const realTime = new RealTime(agenda);
  const onBytes = (bytes: Uint8Array) => realTime.run(() => rig.line.fromHost(bytes));
  let tcpPort = 0;
  const plug = async () => {
    if (port !== null) return;
    port =
      options.transport === "pty"
        ? openPty({ link: options.link, onBytes })
        : await openTcp({ port: tcpPort, onBytes });
    if ("port" in port.at) tcpPort = port.at.port;
    rig.line.plug();
  };
  const unplug = async () => {
    rig.line.unplug();
    const closing = port;
    port = null;
    await closing?.close();
  };
  const obey = async (message: unknown): Promise<void> => {
    const parsed = parseCommand(message);
    if (!parsed.ok) return tell({ kind: "reply", id: idOf(message), ...parsed });
    const command = parsed.value;
    let outcome: Outcome = { ok: true };
    if (command.kind === "plug") await plug();
    else if (command.kind === "unplug") await unplug();
    else outcome = realTime.run(() => perform({ agenda, rig }, command));
    tell({ kind: "reply", id: command.id, ...outcome });
  };

  // One after the other: what is said after "unplug" happens after it.
  let obeyed = Promise.resolve();
  process.on("message", (message) => {
    obeyed = obeyed.then(() => obey(message)).catch(fail);
  });
  await plug();
  announce(port);
  await untilToldToStop();
  realTime.stop();
  await unplug();
  process.exit(0);
}

function announce(port: BytePort | null): void {
  if (port === null) throw new Error("the port was closed before it was announced");
  tell({ kind: "ready", ...port.at });
  if (!process.connected) console.log("path" in port.at ? port.at.path : `127.0.0.1:${port.at.port}`);
}

function tell(message: FromSim): void {
  if (process.connected) process.send?.(message);
}

function idOf(message: unknown): number | null {
  const id = typeof message === "object" && message !== null && "id" in message ? message.id : null;
  return typeof id === "number" ? id : null;
}

/** With a parent, its end or its wish is ours; a Ctrl-C, which the terminal sends to both, is its business first. */
async function untilToldToStop(): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = () => resolve();
    process.on("disconnect", stop);
    process.on("SIGTERM", stop);
    process.on("SIGINT", () => {
      if (!process.connected) stop();
    });
  });
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

try {
  await serve(readOptions());
} catch (error) {
  fail(error);
}
