import { unreachable } from "../../../firmware-protocol/unreachable.ts";
import { type BusInput, BusMachine } from "./bus-machine.ts";
import { timingFor } from "./bus-machine-timing.ts";
import { drivers } from "./drivers/catalogue.ts";
import { type FromBusProcess, isToBusProcess, type ToBusProcess } from "./messages.ts";
import { PortKeeper } from "./port-keeper.ts";
import type { TransportSettings } from "./settings.ts";
import { openSerial } from "./transports/serial.ts";
import { openTcp } from "./transports/tcp.ts";
import type { Transport, TransportListener } from "./transports/transport.ts";

/*
 * The process of one bus, forked by `bus-client.ts`: a port, the bus machine, and messages. It holds nothing that is
 * missed when it dies, and ends by itself as soon as its parent is gone.
 */

const HEARTBEAT_MS = 500;
/** Node's timers are a millisecond coarse: a wait shorter than this is spent turning the event loop. */
const TIMER_COARSE_MS = 1;
const NS_PER_MS = 1e6;

type Configuration = Extract<ToBusProcess, { kind: "configure" }>;

/** The monotonic clock that all processes of the machine share, in milliseconds. */
const nowMs = (): number => Number(process.hrtime.bigint()) / NS_PER_MS;

function say(message: FromBusProcess): void {
  if (process.connected) process.send?.(message);
}

function openTransport(settings: TransportSettings, listener: TransportListener): Transport {
  return settings.kind === "serial" ? openSerial(settings, listener) : openTcp(settings, listener);
}

class BusProcess {
  readonly #generation: number;
  readonly #machine: BusMachine;
  readonly #port: PortKeeper;
  #heartbeatDueMs = nowMs();
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor({ generation, settings, committed }: Configuration) {
    this.#generation = generation;
    const timing = timingFor(settings.transport);
    this.#machine = new BusMachine({ settings, drivers, timing, committed }, nowMs());
    this.#port = new PortKeeper({
      open: (listener) => openTransport(settings.transport, listener),
      listener: {
        onOpened: () => {
          say({ kind: "port", state: "opened" });
          this.#handle({ kind: "port_opened" });
        },
        onBytes: (bytes) => this.#handle({ kind: "bytes", bytes }),
        onClosed: (reason) => {
          say({ kind: "port", state: "closed", reason: reason.slice(0, 200) });
          this.#handle({ kind: "port_closed" });
        },
      },
      onStuck: (what) => {
        throw new Error(what);
      },
    });
    say({ kind: "ready", generation });
    this.#port.open();
    this.#handle({ kind: "tick" });
  }

  obey(message: Exclude<ToBusProcess, Configuration>): void {
    switch (message.kind) {
      case "unlock":
        // One meant for a former process has been answered for it.
        if (message.generation !== this.#generation) return;
        return this.#handle({
          kind: "unlock",
          op: message.op,
          compartment: message.compartment,
          notAfterMs: Number(BigInt(message.notAfterHrtimeNs)) / NS_PER_MS,
        });
      case "query_op":
      case "event_committed":
        return this.#handle(message);
      default:
        return unreachable(message);
    }
  }

  #handle(input: BusInput): void {
    const atMs = nowMs();
    for (const output of this.#machine.handle(input, atMs)) {
      switch (output.kind) {
        case "write":
          this.#port.write(output.bytes);
          break;
        case "report":
          say(output);
          break;
        case "reopen_port":
          this.#port.close();
          break;
        default:
          return unreachable(output);
      }
    }
    if (atMs >= this.#heartbeatDueMs) {
      this.#heartbeatDueMs = atMs + HEARTBEAT_MS;
      say({ kind: "heartbeat", counters: this.#machine.counters });
    }
    this.#armTick();
  }

  #armTick(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    const tick = () => this.#handle({ kind: "tick" });
    const waitMs = Math.min(this.#machine.dueAtMs(), this.#heartbeatDueMs) - nowMs();
    if (waitMs < TIMER_COARSE_MS) this.#immediate = setImmediate(tick);
    else this.#timer = setTimeout(tick, Math.ceil(waitMs));
  }
}

if (!process.connected) throw new Error("this process is started by the daemon, with a channel to it");
process.on("disconnect", () => process.exit(0));
// A Ctrl-C or the service manager's signal reaches the whole group; when to end is the daemon's decision.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

let bus: BusProcess | undefined;
process.on("message", (message) => {
  if (!isToBusProcess(message)) throw new Error("the daemon sent a message of another version");
  if (message.kind !== "configure") {
    if (bus === undefined) throw new Error(`"${message.kind}" came before "configure"`);
    bus.obey(message);
  } else if (bus === undefined) bus = new BusProcess(message);
  else throw new Error('"configure" came twice');
});
