import type { Agenda } from "./agenda.ts";
import { Cabinet, type CabinetSettings } from "./cabinet.ts";
import { type BoardSettings, Fp1Board } from "./fp1/board.ts";
import { Harness } from "./harness.ts";
import { type Layout, wiresOf } from "./layout.ts";
import { Line, type LineSettings } from "./line.ts";

/** A cabinet with its cables, boards and bus line, put together and switched on. */
export type Rig = {
  readonly cabinet: Cabinet;
  readonly harness: Harness;
  readonly boards: ReadonlyMap<number, Fp1Board>;
  readonly line: Line;
};

export type RigParts = {
  readonly agenda: Agenda;
  readonly random: () => number;
  readonly layout: Layout;
  /** Takes the bytes that reach the host. */
  readonly toHost: (bytes: Uint8Array) => void;
  readonly cabinetSettings?: Partial<CabinetSettings>;
  readonly boardSettings?: Partial<Omit<BoardSettings, "address">>;
  readonly lineSettings?: Partial<LineSettings>;
};

/** Builds everything a layout describes. Pure: time comes from the agenda, chance from `random`. */
export function buildRig(parts: RigParts): Rig {
  const { agenda, random, layout, toHost } = parts;
  const wires = wiresOf(layout);
  const compartments = new Set(wires.map(({ compartment }) => compartment));
  const cabinet = new Cabinet(agenda, compartments, parts.cabinetSettings);
  const harness = new Harness(agenda, cabinet, wires);
  const line = new Line({ agenda, random, toHost }, parts.lineSettings);
  const send = (bytes: Uint8Array) => line.fromNode(bytes);
  const boards = new Map<number, Fp1Board>();
  for (const { address } of layout.boards) {
    const io = harness.ioOf(address);
    const board = new Fp1Board({ agenda, random, io, send }, { ...parts.boardSettings, address });
    line.attach(board);
    boards.set(address, board);
  }
  return { cabinet, harness, boards, line };
}
