import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCobs } from "../../../firmware-protocol/cobs.ts";
import { type LineFault, lineFaults } from "../../../sim/line.ts";
import { opOf, VirtualBus } from "./virtual-bus.ts";

const BOARDS = 2;
const DOORS_EACH = 4;
const DOORS = BOARDS * DOORS_EACH;
const UNLOCK = 0x10;

type Act =
  | { readonly kind: "unlock"; readonly door: number; readonly forMs: number }
  | { readonly kind: "close" | "force" | "jam" | "free"; readonly door: number }
  | { readonly kind: "reset" | "cut" | "restore" | "sag"; readonly board: number }
  | { readonly kind: "silence"; readonly forMs: number }
  | { readonly kind: "inject"; readonly fault: LineFault }
  | { readonly kind: "replug" | "restart_machine" | "restart_daemon" };

const onDoor = fc.integer({ min: 1, max: DOORS });
const onBoard = fc.integer({ min: 1, max: BOARDS });
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("unlock" as const),
      door: onDoor,
      forMs: fc.constantFrom(100, 1_000, 3_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom("close" as const, "force", "jam", "free"), door: onDoor }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("reset" as const, "cut", "restore", "sag"), board: onBoard }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("silence" as const), forMs: fc.integer({ min: 1, max: 400 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("inject" as const), fault: fc.constantFrom(...lineFaults) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("replug" as const, "restart_machine", "restart_daemon") }),
  },
);
const history = fc.array(fc.tuple(act, fc.integer({ min: 0, max: 600 })), { minLength: 5, maxLength: 40 });

type Run = {
  readonly bus: VirtualBus;
  readonly ops: number[];
  readonly orphans: Set<number>;
  /** The last operation of each door. */
  readonly lastOf: Map<number, { readonly op: number; readonly atMs: number }>;
};

/** How long the daemon waits for a door before it calls its opening over. */
const SETTLED_AFTER_MS = 3_000;

/** Whether the daemon might command this door now: it never does while an earlier opening of it is still open. */
function isCommandable({ bus, lastOf }: Run, door: number): boolean {
  const last = lastOf.get(door);
  if (last === undefined || bus.nowMs - last.atMs >= SETTLED_AFTER_MS) return true;
  const isRejected = bus.resultsOf(last.op).some(({ outcome }) => outcome === "rejected");
  return isRejected || bus.stillClosedCount(last.op) === 1;
}

function perform(run: Run, todo: Act): void {
  const { bus, ops, orphans, lastOf } = run;
  const { cabinet, line } = bus.rig;
  const orphanAll = () => {
    for (const op of ops) if (bus.resultsOf(op).length === 0) orphans.add(op);
  };
  switch (todo.kind) {
    case "unlock":
      if (!isCommandable(run, todo.door)) return;
      ops.push(ops.length + 1);
      lastOf.set(todo.door, { op: ops.length, atMs: bus.nowMs });
      return bus.unlock(todo.door, { op: ops.length, forMs: todo.forMs });
    case "close":
      return void cabinet.close(todo.door);
    case "force":
      return void cabinet.force(todo.door);
    case "jam":
      return void cabinet.setBehaviour(todo.door, "jammed");
    case "free":
      return void cabinet.setBehaviour(todo.door, "spring");
    case "reset":
      return bus.board(todo.board).reset("watchdog");
    case "cut":
      return bus.board(todo.board).cutPower();
    case "restore":
      return bus.board(todo.board).restorePower();
    case "sag":
      return bus.board(todo.board).setSupply({ millivolts: 12_000, sagMillivolts: 6_000 });
    case "silence":
      return line.silence(todo.forMs);
    case "inject":
      return line.inject(todo.fault);
    case "replug":
      bus.closePort();
      bus.runMs(50);
      return bus.openPort();
    case "restart_machine":
    case "restart_daemon":
      orphanAll();
      if (todo.kind === "restart_machine") bus.restartMachine();
      else bus.restartDaemon();
      return bus.openPort();
    default:
      throw new Error(`unreachable: ${JSON.stringify(todo satisfies never)}`);
  }
}

/** How often the frame of an operation was written, retransmissions of the line aside. */
function unlocksWritten(bus: VirtualBus, op: number): number {
  return bus.writes.filter(({ bytes }) => {
    const content = decodeCobs(bytes.subarray(1, -1));
    return content.ok && content.value[3] === UNLOCK && hex(content.value.subarray(4, 12)) === opOf(op);
  }).length;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function expectAtMostOnce({ bus, ops, orphans }: Run): void {
  for (const op of ops) {
    const results = bus.resultsOf(op);
    const pulsesCount = bus.pulsesOf(op);
    expect(pulsesCount, `pulses of ${op}`).toBeLessThanOrEqual(1);
    expect(unlocksWritten(bus, op), `frames of ${op}`).toBeLessThanOrEqual(1);
    expect(results.length, `results of ${op}`).toBe(orphans.has(op) ? 0 : 1);
    if (results.some(({ outcome }) => outcome === "rejected")) expect(pulsesCount, `rejected ${op}`).toBe(0);
    expect(bus.stillClosedCount(op)).toBeLessThanOrEqual(1);
  }
}

/** Shorter than this a door cannot be seen open: the board waits for its switch to come to rest. */
const SEEN_MS_MIN = 25;

function expectNoFalseStillClosed({ bus, ops }: Run): void {
  const doors = bus.rig.cabinet.log.filter((entry) => entry.kind === "door");
  for (const op of ops.filter((one) => bus.stillClosedCount(one) === 1)) {
    const opening = doors.find(
      (entry) => entry.door === "opened" && entry.cause.by === "pulse" && entry.cause.opId === opOf(op),
    );
    const closing = doors.find(
      ({ index, compartment }) => opening !== undefined && index > opening.index && compartment === opening.compartment,
    );
    const openMs = opening === undefined ? 0 : (closing?.at ?? Number.POSITIVE_INFINITY) - opening.at;
    expect(openMs, `${op} was called still closed and had opened`).toBeLessThan(SEEN_MS_MIN);
  }
}

/** Faults end, power is on, the port is open: what is believed has to become true. */
function heal({ bus }: Run): void {
  bus.rig.line.silence(0);
  for (let address = 1; address <= BOARDS; address++) {
    bus.board(address).setSupply({ millivolts: 12_000, sagMillivolts: 1_000 });
    bus.board(address).restorePower();
  }
  bus.runMs(20_000);
}

describe("whatever fails", () => {
  it("no operation pulses twice, every one gets one true answer, and the doors are seen as they are", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), history, (seed, acts) => {
        const bus = new VirtualBus({ seed, boards: BOARDS, doorsEach: DOORS_EACH });
        const run: Run = { bus, ops: [], orphans: new Set(), lastOf: new Map() };
        bus.start();
        for (const [todo, thenMs] of acts) {
          perform(run, todo);
          bus.runMs(thenMs);
        }
        heal(run);
        expectAtMostOnce(run);
        expectNoFalseStillClosed(run);
        for (const { compartment, door } of bus.rig.cabinet.truth()) expect(bus.doorNow(compartment)).toBe(door);
      }),
      { numRuns: 150 },
    );
  });

  it("no operation pulses twice on a line that spoils a fifth of everything", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const bus = new VirtualBus({ seed, boards: BOARDS, doorsEach: DOORS_EACH, line: { lateMs: 80 } });
      const run: Run = { bus, ops: [], orphans: new Set(), lastOf: new Map() };
      bus.start();
      bus.rig.line.setRates(Object.fromEntries(lineFaults.map((fault) => [fault, 0.02])));
      for (let count = 0; count < 20; count++) {
        perform(run, { kind: "unlock", door: 1 + (count % DOORS), forMs: 2_000 });
        bus.runMs(1_000);
        perform(run, { kind: "close", door: 1 + (count % DOORS) });
      }
      bus.rig.line.setRates({});
      heal(run);
      expectAtMostOnce(run);
      expectNoFalseStillClosed(run);
      const acceptedCount = run.ops.filter((op) =>
        bus.resultsOf(op).some(({ outcome }) => outcome === "accepted"),
      ).length;
      expect(acceptedCount).toBeGreaterThan(10);
    }
  });
});
