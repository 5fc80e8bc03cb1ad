import { describe, expect, it } from "vitest";
import { Agenda } from "../../sim/agenda.ts";
import { Cabinet } from "../../sim/cabinet.ts";
import { type Errand, sendPerson } from "../../sim/people.ts";

function openPlace() {
  const agenda = new Agenda();
  const cabinet = new Cabinet(agenda, [1, 2]);
  const pulse = (compartment: number) => cabinet.pulse({ board: 3, channel: 0, compartment, opId: "op", pulseMs: 300 });
  const pass = (ms: number) => agenda.advance(agenda.now() + ms);
  const send = (errand: Partial<Errand>) =>
    sendPerson(agenda, cabinet, { kind: "look", compartment: null, reactMs: 100, closeAfterMs: 200, ...errand });
  const story = () => cabinet.log.map((entry) => (entry.kind === "door" ? entry.door : entry.kind));
  return { cabinet, pulse, pass, send, story };
}

describe("people before the cabinet", () => {
  it("bring a parcel to the door that opens, close it, and come once", () => {
    const { cabinet, pulse, pass, send, story } = openPlace();
    send({ kind: "bring", parcel: "parcel-a" });
    pulse(2);
    pass(1_000);
    expect(cabinet.truthOf(2)).toMatchObject({ door: "closed", parcel: "parcel-a" });
    pulse(2);
    pass(1_000);
    expect(story()).toEqual(["pulse", "opened", "parcel", "closed", "pulse", "opened"]);
  });

  it("fetch from their own door only, also when it is already open", () => {
    const { cabinet, pulse, pass, send } = openPlace();
    send({ kind: "bring", parcel: "parcel-a", compartment: 1, closeAfterMs: null });
    pulse(1);
    pass(1_000);
    send({ kind: "fetch", compartment: 1 });
    pass(1_000);
    expect(cabinet.truthOf(1)).toMatchObject({ door: "closed", parcel: null });
    expect(cabinet.log.at(-2)).toMatchObject({ kind: "parcel", parcel: "parcel-a", moved: "out" });
  });

  it("pull at a sticky door when its lock clicks", () => {
    const { cabinet, pulse, pass, send, story } = openPlace();
    cabinet.setBehaviour(1, "sticky");
    send({ compartment: 1 });
    pulse(1);
    pass(1_000);
    expect(story()).toEqual(["pulse", "opened", "closed"]);
  });

  it("leave a door open when they walk away, and do nothing once called off", () => {
    const { cabinet, pulse, pass, send } = openPlace();
    send({ compartment: 1, closeAfterMs: null });
    const callOff = send({ kind: "bring", parcel: "parcel-b", compartment: 2 });
    callOff();
    pulse(1);
    pulse(2);
    pass(60_000);
    expect(cabinet.truthOf(1)?.door).toBe("open");
    expect(cabinet.truthOf(2)).toMatchObject({ door: "open", parcel: null });
  });
});
