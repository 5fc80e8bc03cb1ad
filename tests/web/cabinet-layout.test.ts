import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Size } from "../../src/contract/ids.ts";
import { layOutCabinet } from "../../src/web/ui/cabinet-layout.ts";

const doorsOf = (sizes: readonly Size[]) => sizes.map((size, index) => ({ size, number: index + 1 }));

describe("the cabinet's drawing", () => {
  it("keeps doors in order, to scale, inside, and apart", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Size>("S", "M", "L"), { minLength: 1, maxLength: 120 }), (sizes) => {
        const { doors, panels, width, height } = layOutCabinet(doorsOf(sizes));
        expect(doors.map(({ door }) => door.number)).toEqual(sizes.map((_, index) => index + 1));
        for (const { door, height: high } of doors) expect(high).toBe({ S: 11, M: 22, L: 44 }[door.size]);
        const all = [...doors, ...panels];
        for (const [index, one] of all.entries()) {
          expect(one.x + one.width).toBeLessThan(width);
          expect(one.y + one.height).toBeLessThan(height);
          for (const other of all.slice(index + 1)) {
            const beside = one.x + one.width <= other.x || other.x + other.width <= one.x;
            const above = one.y + one.height <= other.y || other.y + other.height <= one.y;
            expect(beside || above).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("finds the modules of a cabinet by their equal height", () => {
    const modules: readonly (readonly Size[])[] = [
      ["S", "S", "M", "M", "S", "L"],
      ["S", "M", "S", "S", "M", "L"],
    ];
    const { doors, panels } = layOutCabinet(doorsOf(modules.flat()));
    const columns = Map.groupBy(doors, ({ x }) => x);
    expect([...columns.values()].map((column) => column.map(({ door }) => door.size))).toEqual(modules);
    expect(panels).toEqual([]);
  });

  it("is never higher than people reach", () => {
    const { height } = layOutCabinet(doorsOf(Array.from({ length: 1_000 }, () => "S")));
    expect(height).toBeLessThan(230);
  });

  it("draws a locker without doors as an empty cabinet", () => {
    expect(layOutCabinet([])).toMatchObject({ doors: [], panels: [] });
  });
});
