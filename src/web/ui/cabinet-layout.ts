import type { Size } from "../../contract/ids.ts";

/** Doors to scale, in centimetres: the usual heights of small, medium and large compartments, and their one width. */
const HEIGHT_CM: { readonly [S in Size]: number } = { S: 11, M: 22, L: 44 };
const WIDTH_CM = 42;
/** Nobody reaches higher. */
const COLUMN_CM_MAX = 176;
const GAP_CM = 1.6;
const FRAME_CM = 4;
const PLINTH_CM = 8;
/** A cabinet is about as wide as it is high, or wider; never a chimney. */
const ASPECT_WANTED = 1.25;

export type Rectangle = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

export type CabinetLayout<Door> = {
  readonly width: number;
  readonly height: number;
  readonly doors: readonly (Rectangle & { readonly door: Door })[];
  /** Panels below columns that are shorter than the highest. */
  readonly panels: readonly Rectangle[];
};

/**
 * Stands doors in columns, in their order, to scale. Which doors share a module is not known, so the columns are made as
 * even as the order allows.
 */
export function layOutCabinet<Door extends { readonly size: Size }>(doors: readonly Door[]): CabinetLayout<Door> {
  const columns = splitIntoColumns(doors);
  const heights = columns.map(columnHeight);
  const inner = Math.max(...heights, HEIGHT_CM.L);
  const placed = columns.flatMap((column, index) => placeColumn(column, FRAME_CM + index * (WIDTH_CM + GAP_CM)));
  const panels = heights.flatMap((height, index) =>
    inner - height > GAP_CM * 2
      ? [
          {
            x: FRAME_CM + index * (WIDTH_CM + GAP_CM),
            y: FRAME_CM + height + GAP_CM,
            width: WIDTH_CM,
            height: inner - height - GAP_CM,
          },
        ]
      : [],
  );
  return {
    width: 2 * FRAME_CM + columns.length * (WIDTH_CM + GAP_CM) - GAP_CM,
    height: FRAME_CM + inner + PLINTH_CM,
    doors: placed,
    panels,
  };
}

const heightOf = ({ size }: { readonly size: Size }): number => HEIGHT_CM[size] + GAP_CM;

const columnHeight = (column: readonly { readonly size: Size }[]): number =>
  column.reduce((sum, door) => sum + heightOf(door), -GAP_CM);

function placeColumn<Door extends { readonly size: Size }>(column: readonly Door[], x: number) {
  let y = FRAME_CM;
  return column.map((door) => {
    const rectangle = { door, x, y, width: WIDTH_CM, height: HEIGHT_CM[door.size] };
    y += heightOf(door);
    return rectangle;
  });
}

/** More columns than needed are tried up to here. */
const COLUMNS_TRIED = 8;

function splitIntoColumns<Door extends { readonly size: Size }>(doors: readonly Door[]): readonly Door[][] {
  const total = doors.reduce((sum, door) => sum + heightOf(door), 0);
  const countMin = Math.max(1, Math.ceil(total / COLUMN_CM_MAX));
  const tried = Array.from({ length: COLUMNS_TRIED }, (_, more) => fillColumns(doors, total, countMin + more));
  const [first = [], ...others] = tried;
  return others.reduce((best, columns) => (flaw(columns) < flaw(best) ? columns : best), first);
}

/** The modules of one cabinet are equally high, so an even split is most likely the real one; its shape comes second. */
function flaw<Door extends { readonly size: Size }>(columns: readonly Door[][]): number {
  const heights = columns.map(columnHeight);
  const highest = Math.max(...heights, 1);
  const area = highest * columns.length;
  const blank = (area - heights.reduce((sum, height) => sum + height, 0)) / area;
  return 12 * blank + Math.abs(Math.log((columns.length * WIDTH_CM) / highest / ASPECT_WANTED));
}

/** A door goes where its middle falls, were all columns one above the other. */
function fillColumns<Door extends { readonly size: Size }>(doors: readonly Door[], total: number, count: number) {
  const columns: Door[][] = Array.from({ length: count }, () => []);
  let above = 0;
  for (const door of doors) {
    const index = Math.min(count - 1, Math.floor(((above + heightOf(door) / 2) / total) * count));
    columns[index]?.push(door);
    above += heightOf(door);
  }
  return columns.filter((column) => column.length > 0);
}
