import { describe, expect, it } from "vitest";
import { Agenda } from "../../sim/agenda.ts";
import { seededRandom } from "../../sim/seeded-random.ts";

describe("agenda", () => {
  it("runs what is due in the order of time, then of insertion, each at its own time", () => {
    const agenda = new Agenda();
    const ran: string[] = [];
    agenda.at(20, () => ran.push(`late at ${agenda.now()}`));
    agenda.at(10, () => ran.push(`first at ${agenda.now()}`));
    agenda.at(10, () => ran.push(`second at ${agenda.now()}`));
    agenda.advance(15);
    expect(ran).toEqual(["first at 10", "second at 10"]);
    expect(agenda.now()).toBe(15);
    expect(agenda.nextAt()).toBe(20);
  });

  it("also runs what an action adds, if that is due", () => {
    const agenda = new Agenda();
    const ran: number[] = [];
    agenda.at(5, () => agenda.after(2, () => ran.push(agenda.now())));
    agenda.advance(10);
    expect(ran).toEqual([7]);
  });

  it("does not run what was cancelled, nor count it as due", () => {
    const agenda = new Agenda();
    const cancel = agenda.at(5, () => expect.unreachable());
    cancel();
    expect(agenda.nextAt()).toBeUndefined();
    agenda.advance(10);
  });

  it("keeps the order with many entries", () => {
    const agenda = new Agenda();
    const random = seededRandom(1);
    const ran: number[] = [];
    for (let count = 0; count < 1_000; count++) agenda.at(Math.floor(random() * 500), () => ran.push(agenda.now()));
    agenda.advance(500);
    expect(ran).toHaveLength(1_000);
    expect(ran).toEqual(ran.toSorted((a, b) => a - b));
  });
});
