import { Agenda } from "../../../sim/agenda.ts";
import type { BoardSettings as BoardSimSettings, Fp1Board } from "../../../sim/fp1/board.ts";
import type { LineSettings } from "../../../sim/line.ts";
import { buildRig, type Rig } from "../../../sim/rig.ts";
import { seededRandom } from "../../../sim/seeded-random.ts";
import type { CompartmentId, OpId } from "../../../src/contract/ids.ts";
import { type BusInput, BusMachine, type BusMachineParts } from "../../../src/locker/bus/bus-machine.ts";
import { timingFor } from "../../../src/locker/bus/bus-machine-timing.ts";
import { drivers } from "../../../src/locker/bus/drivers/catalogue.ts";
import type { CommittedEvent } from "../../../src/locker/bus/messages.ts";
import type { BoardSettings, BusSettings } from "../../../src/locker/bus/settings.ts";
import type { BusReport } from "../../../src/locker/domain/input.ts";

/** The compartment with this number. */
export const door = (number: number): CompartmentId => number as CompartmentId;
/** The operation with this number. */
export const opOf = (number: number): OpId => number.toString(16).padStart(16, "0") as OpId;

export const BAUD_RATE = 115_200;

export type VirtualBusOptions = {
  readonly seed?: number;
  readonly boards?: number;
  readonly doorsEach?: number;
  readonly commits?: boolean;
  readonly line?: Partial<LineSettings>;
  readonly board?: Partial<Omit<BoardSimSettings, "address">>;
  readonly drivers?: BusMachineParts["drivers"];
  readonly channel?: (number: number) => Pick<BoardSettings["channels"][number], "feedback">;
};

const boardName = (address: number): string => `board-${address}`;

/**
 * The real bus machine and driver against model boards, on a virtual clock.
 *
 * It stands for the daemon and for the process around the machine: it keeps every report, commits events at once
 * unless told otherwise, and makes a new machine as a restarted process would.
 */
export class VirtualBus {
  readonly agenda = new Agenda();
  readonly rig: Rig;
  readonly #drivers: BusMachineParts["drivers"];
  readonly settings: BusSettings;
  readonly reports: BusReport[] = [];
  readonly writes: { readonly atMs: number; readonly bytes: Uint8Array }[] = [];
  readonly uncommitted: CommittedEvent[] = [];
  commits: boolean;
  reopensCount = 0;
  #machine: BusMachine;
  readonly #doorsNow = new Map<number, string>();
  #isPortOpen = false;
  #cancelTick: () => void = () => {};
  #committed: CommittedEvent[] = [];

  constructor(options: VirtualBusOptions = {}) {
    const { seed = 1, boards = 1, doorsEach = 8 } = options;
    this.#drivers = options.drivers ?? drivers;
    this.commits = options.commits ?? true;
    const addresses = Array.from({ length: boards }, (_, index) => index + 1);
    const wiring = addresses.map((address) => ({
      address,
      channels: Array.from({ length: doorsEach }, (_, channel) => ({
        channel,
        compartment: door((address - 1) * doorsEach + channel + 1),
      })),
    }));
    this.rig = buildRig({
      agenda: this.agenda,
      random: seededRandom(seed),
      layout: { boards: wiring },
      toHost: (bytes) => {
        if (this.#isPortOpen) this.#handle({ kind: "bytes", bytes });
      },
      boardSettings: options.board ?? {},
      lineSettings: { baud: BAUD_RATE, ...options.line },
    });
    this.settings = {
      name: "bus0",
      transport: { kind: "serial", path: "/dev/lockerd-bus0", baudRate: BAUD_RATE },
      boards: wiring.map(({ address, channels }) => ({
        name: boardName(address),
        protocol: "fp1",
        address,
        unlockPulseMs: 300,
        channels: channels.map((channel) => ({ ...channel, ...options.channel?.(channel.compartment) })),
      })),
    };
    this.#machine = this.#newMachine();
  }

  get machine(): BusMachine {
    return this.#machine;
  }

  get nowMs(): number {
    return this.agenda.now();
  }

  board(address = 1): Fp1Board {
    const found = this.rig.boards.get(address);
    if (found === undefined) throw new Error(`there is no board ${address}`);
    return found;
  }

  /** The process is killed and a new one takes its place, knowing what the daemon has committed. */
  restartMachine(): void {
    this.#isPortOpen = false;
    this.#machine = this.#newMachine();
    this.#armTick();
  }

  /** The daemon itself is restarted: what it had committed it no longer tells. */
  restartDaemon(): void {
    this.#committed = [];
    this.restartMachine();
  }

  openPort(): void {
    this.#isPortOpen = true;
    this.#handle({ kind: "port_opened" });
  }

  closePort(): void {
    this.#isPortOpen = false;
    this.#handle({ kind: "port_closed" });
  }

  unlock(number: number, { op = number, forMs = 3_000 }: { op?: number; forMs?: number } = {}): void {
    const notAfterMs = this.nowMs + forMs;
    this.#handle({ kind: "unlock", op: opOf(op), compartment: door(number), notAfterMs });
  }

  queryOp(number: number, { op = number, ageMs }: { op?: number; ageMs: number | null }): void {
    this.#handle({ kind: "query_op", op: opOf(op), compartment: door(number), ageMs });
  }

  commit(event: CommittedEvent): void {
    this.#committed = [...this.#committed.filter(({ board }) => board !== event.board), event];
    this.#handle({ kind: "event_committed", event });
  }

  /** Bytes that no board sent. */
  noise(bytes: Uint8Array): void {
    this.#handle({ kind: "bytes", bytes });
  }

  runMs(durationMs: number): void {
    this.agenda.advance(this.nowMs + durationMs);
  }

  /** Lets time pass until `isTrue`, at most `withinMs`. Returns how long it took. */
  until(isTrue: () => boolean, withinMs = 5_000): number {
    const beganMs = this.nowMs;
    while (!isTrue()) {
      const nextMs = this.agenda.nextAt();
      if (nextMs === undefined || nextMs > beganMs + withinMs) {
        const seen = JSON.stringify(this.reports.slice(-8));
        throw new Error(`not within ${withinMs} ms: ${isTrue.toString()}; last reports ${seen}`);
      }
      this.agenda.advance(nextMs);
    }
    return this.nowMs - beganMs;
  }

  /** Opens the port and waits until every board is polled and every door has been told. */
  start(): void {
    this.openPort();
    this.until(() => this.settings.boards.every(({ channels }) => channels.every((c) => this.doorOf(c.compartment))));
    this.reports.length = 0;
  }

  resultsOf(op: number) {
    return this.reports.filter((report) => report.kind === "unlock_result").filter((report) => report.op === opOf(op));
  }

  evidenceOf(op: number) {
    return this.reports.flatMap((report) =>
      report.kind === "op_evidence" && report.op === opOf(op) ? [report.evidence] : [],
    );
  }

  /** Every state of a door that was reported, in order. */
  doorsOf(number: number) {
    return this.reports.flatMap((report) =>
      report.kind === "door" && report.compartment === number ? [report.door] : [],
    );
  }

  doorOf = (number: number) => this.doorsOf(number).at(-1);

  /** The door as last reported, reports from before `start` returned included. */
  doorNow = (number: number) => this.#doorsNow.get(number);

  stillClosedCount = (op: number): number =>
    this.reports.filter((report) => report.kind === "still_closed" && report.op === opOf(op)).length;

  healthOf = (address = 1) =>
    this.reports
      .filter((report) => report.kind === "board")
      .filter(({ board }) => board === boardName(address))
      .at(-1)?.health;

  /** Pulses the cabinet really felt because of an operation. */
  pulsesOf = (op: number): number =>
    this.rig.cabinet.log.filter((entry) => entry.kind === "pulse" && entry.opId === opOf(op)).length;

  /** The types of the requests written since the start, by FP1's table; the block is stuffed, so zeros are restored. */
  requestTypesSince(atMs: number): number[] {
    return this.writes.filter((write) => write.atMs >= atMs).map(({ bytes }) => requestTypeOf(bytes));
  }

  #newMachine(): BusMachine {
    const { settings } = this;
    const parts = {
      settings,
      drivers: this.#drivers,
      timing: timingFor(settings.transport),
      committed: this.#committed,
    };
    return new BusMachine(parts, this.nowMs);
  }

  #handle(input: BusInput): void {
    const outputs = this.#machine.handle(input, this.nowMs);
    for (const output of outputs) {
      if (output.kind === "write") {
        if (!this.#isPortOpen) throw new Error("the machine wrote to a closed port");
        this.writes.push({ atMs: this.nowMs, bytes: output.bytes });
        this.rig.line.fromHost(output.bytes);
      } else if (output.kind === "reopen_port") {
        this.reopensCount++;
        this.#isPortOpen = false;
        this.agenda.after(100, () => this.openPort());
      } else this.#reported(output.report, output.event);
    }
    this.#armTick();
  }

  #reported(report: BusReport, event: CommittedEvent | null): void {
    this.reports.push(report);
    if (report.kind === "door") this.#doorsNow.set(report.compartment, report.door);
    if (event === null) return;
    if (this.commits) this.agenda.after(1, () => this.commit(event));
    else this.uncommitted.push(event);
  }

  #armTick(): void {
    this.#cancelTick();
    const dueMs = this.#machine.dueAtMs();
    if (dueMs === Number.POSITIVE_INFINITY) return;
    // A real timer is never early and always a little late.
    this.#cancelTick = this.agenda.at(Math.max(dueMs, this.nowMs + 0.01), () => this.#handle({ kind: "tick" }));
  }
}

/** TYPE of the first frame in these wire bytes. */
function requestTypeOf(wire: Uint8Array): number {
  const content: number[] = [];
  for (let at = 1; at < wire.length && content.length < 4; ) {
    const code = wire[at] ?? 0;
    content.push(...wire.subarray(at + 1, at + code), 0);
    at += code;
  }
  return content[3] ?? -1;
}
