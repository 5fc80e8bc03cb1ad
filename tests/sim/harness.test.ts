import { describe, expect, it } from "vitest";
import { openBench } from "./fp1-bench.ts";

describe("the cable between board and doors", () => {
  it("with crossed coils opens the other door, and the switches tell the truth about it", () => {
    const bench = openBench();
    bench.harness.crossCoils(3, 0, 1);
    bench.unlock({ channel: 0 });
    bench.pass(500);
    expect(bench.pulses()).toMatchObject([{ channel: 0, compartment: 2 }]);
    expect(bench.poll().doors.slice(0, 2)).toEqual(["closed", "open"]);
  });

  it.each([
    ["inverted", "closed", "open"],
    ["stuck_open", "open", "open"],
    ["stuck_closed", "closed", "closed"],
    ["none", "unknown", "unknown"],
    ["bouncing", "open", "closed"],
  ] as const)(
    "with %s feedback shows an open door as %s and a closed one as %s",
    (feedback, shownOpen, shownClosed) => {
      const bench = openBench();
      bench.harness.setFeedback(3, 0, feedback);
      bench.cabinet.force(1);
      bench.pass(100);
      expect(bench.poll().doors[0]).toBe(shownOpen);
      bench.cabinet.close(1);
      bench.pass(100);
      expect(bench.poll().doors[0]).toBe(shownClosed);
    },
  );
});
