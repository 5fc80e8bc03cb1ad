import { Agenda } from "../../sim/agenda.ts";
import type { Cabinet } from "../../sim/cabinet.ts";
import { requestType } from "../../sim/fp1/names.ts";
import { toHex, WireReader } from "../../sim/fp1/wire.ts";
import type { Layout } from "../../sim/layout.ts";
import { openPty } from "../../sim/pty.ts";
import { monotonicMs, RealTime } from "../../sim/real-time.ts";
import { buildRig } from "../../sim/rig.ts";
import { seededRandom } from "../../sim/seeded-random.ts";

/** From a request's last byte to the reply's first: that of a quick board, and always the same. */
const LATENCY_MS = 0.5;
const OP_ID_BYTES = 8;

/** Doors that were opened are closed after this, by somebody quick. */
const CLOSE_AFTER_MS = 60;
const CLOSED_MS_MAX = 5_000;

/**
 * The simulated cabinet behind a real pseudo-terminal, in this process, which notes when each UNLOCK frame is whole on
 * the line. Bytes take no time on it: whatever a real wire adds, it adds to both sides.
 */
export class RigOnPty implements AsyncDisposable {
  readonly path: string;
  /** When each operation's UNLOCK frame was on the line, by its id; monotonic milliseconds. Twice is a fault. */
  readonly unlockedAtMs = new Map<string, number>();
  readonly #port: ReturnType<typeof openPty>;
  readonly #realTime: RealTime;
  readonly #reader = new WireReader();
  readonly #waiting = new Map<number, () => void>();

  constructor(layout: Layout) {
    const agenda = new Agenda(monotonicMs());
    const rig = buildRig({
      agenda,
      random: seededRandom(1),
      layout,
      toHost: (bytes) => this.#port.write(bytes),
      boardSettings: { latencyMsMin: LATENCY_MS, latencyMsMax: LATENCY_MS },
    });
    this.#realTime = new RealTime(agenda);
    this.#port = openPty({
      onBytes: (bytes) => {
        this.#note(bytes, monotonicMs());
        this.#realTime.run(() => rig.line.fromHost(bytes));
      },
    });
    if (!("path" in this.#port.at)) throw new Error("a pseudo-terminal without a path");
    this.path = this.#port.at.path;
    this.#haveDoorsClosed(agenda, rig.cabinet);
  }

  /** Resolves when the door has been open and is closed again; rejects when that takes longer than 5 s. */
  closed(compartment: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = () => reject(new Error(`door ${compartment} was not opened and closed within ${CLOSED_MS_MAX} ms`));
    const timer = setTimeout(late, CLOSED_MS_MAX);
    this.#waiting.set(compartment, resolve);
    return promise.finally(() => clearTimeout(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#realTime.stop();
    await this.#port.close();
  }

  #note(bytes: Uint8Array, atMs: number): void {
    for (const received of this.#reader.read(bytes)) {
      if (received.kind !== "frame" || received.frame.type !== requestType.unlock) continue;
      const op = toHex(received.frame.body.subarray(0, OP_ID_BYTES));
      if (this.unlockedAtMs.has(op)) throw new Error(`the UNLOCK frame of operation ${op} was written twice`);
      this.unlockedAtMs.set(op, atMs);
    }
  }

  #haveDoorsClosed(agenda: Agenda, cabinet: Cabinet): void {
    cabinet.watch((entry) => {
      if (entry.kind !== "door") return;
      if (entry.door === "opened") agenda.after(CLOSE_AFTER_MS, () => cabinet.close(entry.compartment));
      else this.#waiting.get(entry.compartment)?.();
    });
  }
}
