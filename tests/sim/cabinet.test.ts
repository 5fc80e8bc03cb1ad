import { describe, expect, it } from "vitest";
import { Agenda } from "../../sim/agenda.ts";
import { Cabinet } from "../../sim/cabinet.ts";

const refused = (code: string) => ({ ok: false, error: { code } });

function openCabinet() {
  const agenda = new Agenda();
  const cabinet = new Cabinet(agenda, [1, 2]);
  const pass = (ms: number) => agenda.advance(agenda.now() + ms);
  const pulse = (compartment = 1) => cabinet.pulse({ board: 3, channel: 0, compartment, opId: "op", pulseMs: 300 });
  const story = () => cabinet.log.map((entry) => (entry.kind === "door" ? entry.door : entry.kind));
  return { agenda, cabinet, pass, pulse, story };
}

describe("the model cabinet", () => {
  it("writes the truth of a deposit in its order, with times and causes", () => {
    const { cabinet, pass, pulse } = openCabinet();
    pulse();
    pass(1_000);
    expect(cabinet.putParcel(1, "parcel-a")).toEqual({ ok: true });
    pass(500);
    expect(cabinet.close(1)).toEqual({ ok: true });
    expect(cabinet.log).toEqual([
      { index: 0, at: 0, kind: "pulse", board: 3, channel: 0, compartment: 1, opId: "op", pulseMs: 300 },
      { index: 1, at: 30, kind: "door", compartment: 1, door: "opened", cause: { by: "pulse", opId: "op" } },
      { index: 2, at: 1_000, kind: "parcel", compartment: 1, parcel: "parcel-a", moved: "in" },
      { index: 3, at: 1_500, kind: "door", compartment: 1, door: "closed" },
    ]);
  });

  it("keeps a closed door and its parcel from people without a pulse", () => {
    const { cabinet, story } = openCabinet();
    expect(cabinet.pull(1)).toEqual(refused("locked"));
    expect(cabinet.putParcel(1, "parcel-a")).toEqual(refused("door_closed"));
    expect(cabinet.takeParcel(1)).toEqual(refused("door_closed"));
    expect(story()).toEqual([]);
  });

  it("holds one parcel a compartment and gives it back by name", () => {
    const { cabinet } = openCabinet();
    cabinet.force(1);
    cabinet.putParcel(1, "parcel-a");
    expect(cabinet.putParcel(1, "parcel-b")).toEqual(refused("occupied"));
    expect(cabinet.takeParcel(1)).toEqual({ ok: true, value: "parcel-a" });
    expect(cabinet.takeParcel(1)).toEqual(refused("empty"));
  });

  it("opens by force without a pulse and says so", () => {
    const { cabinet } = openCabinet();
    cabinet.force(2);
    expect(cabinet.log).toMatchObject([{ kind: "door", compartment: 2, door: "opened", cause: { by: "force" } }]);
  });

  it("leaves a jammed door shut, pulse and pull or not, until it is free again", () => {
    const { cabinet, pass, pulse, story } = openCabinet();
    cabinet.setBehaviour(1, "jammed");
    pulse();
    expect(cabinet.pull(1)).toEqual(refused("jammed"));
    pass(10_000);
    expect(story()).toEqual(["pulse"]);
    cabinet.setBehaviour(1, "spring");
    pulse();
    pass(100);
    expect(story()).toEqual(["pulse", "pulse", "opened"]);
  });

  it("opens a slow door seconds after the pulse", () => {
    const { cabinet, pass, pulse } = openCabinet();
    cabinet.setBehaviour(1, "slow");
    pulse();
    pass(3_999);
    expect(cabinet.truthOf(1)?.door).toBe("closed");
    pass(1);
    expect(cabinet.truthOf(1)?.door).toBe("open");
  });

  it("opens a sticky door only for a pull while the latch is released", () => {
    const { cabinet, pass, pulse, story } = openCabinet();
    cabinet.setBehaviour(1, "sticky");
    pulse();
    pass(900);
    expect(cabinet.pull(1)).toEqual(refused("locked"));
    pulse();
    pass(700);
    expect(cabinet.pull(1)).toEqual({ ok: true });
    expect(story()).toEqual(["pulse", "pulse", "opened"]);
  });

  it("tells its watchers after the entry is in the log", () => {
    const { cabinet, pulse, pass } = openCabinet();
    const seen: number[] = [];
    cabinet.watch((entry) => {
      expect(cabinet.log.at(-1)).toBe(entry);
      seen.push(entry.index);
    });
    pulse();
    pass(100);
    expect(seen).toEqual([0, 1]);
  });
});
