import { describe, expect, it } from "vitest";
import { compartment, DEPOSIT, kioskView, OPERATION, operationView, viewWith } from "../support/kiosk-view.ts";
import { GOOD_CODE, Person, SLIPPED_CODE } from "./kiosk-person.ts";

const opening = {
  kind: "opening",
  opening: { operation: OPERATION, compartment: compartment(7), deposit: DEPOSIT },
} as const;

/** A recipient whose code was accepted, and whose door the locker shows in a state. */
function atDoor(different: Parameters<typeof operationView>[0]): Person {
  const person = new Person(kioskView());
  person.types(GOOD_CODE);
  person.accepts();
  person.hears(opening);
  person.sees(viewWith(operationView(different)));
  return person;
}

describe("typing a code", () => {
  it("sends nine digits that fit, and no more than once", () => {
    const person = new Person(kioskView());
    person.types(`${GOOD_CODE}1`);
    person.accepts();
    person.accepts();
    expect(person.requests).toEqual([{ kind: "pickup", code: GOOD_CODE }]);
  });

  it("tells of a wrong digit at the ninth, before anything is asked", () => {
    const person = new Person(kioskView());
    person.types(SLIPPED_CODE.slice(0, 8));
    expect(person.problem).toBeUndefined();
    person.types(SLIPPED_CODE.slice(8));
    expect(person.problem).toBe("bad_check_digit");
    person.accepts();
    expect(person.requests).toEqual([]);
  });

  it("shows the digits again to be compared when one is wrong", () => {
    const person = new Person(kioskView());
    person.types(SLIPPED_CODE.slice(0, 8));
    person.waits(3_000);
    expect(person.screen).toMatchObject({ slots: [..."••••••••", ""] });
    person.types(SLIPPED_CODE.slice(8));
    expect(person.screen).toMatchObject({ slots: [...SLIPPED_CODE] });
  });

  it("masks each digit two seconds after it was typed", () => {
    const person = new Person(kioskView());
    person.types("4");
    person.waits(1_500);
    person.types("8");
    expect(person.screen).toMatchObject({ slots: ["4", "8", "", "", "", "", "", "", ""] });
    person.waits(500);
    expect(person.screen).toMatchObject({ slots: ["•", "8", "", "", "", "", "", "", ""] });
  });

  it("deletes the last digit, and with it the complaint", () => {
    const person = new Person(kioskView());
    person.types(SLIPPED_CODE);
    person.does({ kind: "erase" });
    expect(person.problem).toBeUndefined();
    expect(person.screen).toMatchObject({ typedCount: 8 });
  });

  it("asks for thirteen digits when the locker does", () => {
    const person = new Person(kioskView({ extensionNeeded: true }));
    person.types(GOOD_CODE);
    person.accepts();
    expect(person.problem).toBe("bad_length");
    person.types("1234");
    person.accepts();
    expect(person.asked).toEqual({ kind: "pickup", code: `${GOOD_CODE}1234` });
  });

  it("keeps the code and asks for the rest when a reply wants the extension", () => {
    const person = new Person(kioskView());
    person.types(GOOD_CODE);
    person.accepts();
    person.isRefused("extension_needed");
    expect(person.screen).toMatchObject({ kind: "code", typedCount: 9, slots: { length: 13 } });
  });

  it("empties the field after a code that opens nothing", () => {
    const person = new Person(kioskView());
    person.types(GOOD_CODE);
    person.accepts();
    person.isRefused("unknown_code");
    expect(person.screen).toMatchObject({ kind: "code", typedCount: 0 });
    expect(person.problem).toBe("unknown_code");
  });

  it("leads to the help when nothing is typed", () => {
    const person = new Person(kioskView());
    person.accepts();
    expect(person.choices).toEqual(["closeHelp", "language", "courier"]);
  });
});

describe("a pause", () => {
  it("is shown before anything is typed, counts down, and ends", () => {
    const person = new Person(kioskView({ pausedMs: 30_000 }));
    expect(person.screen).toEqual({ kind: "paused", remainingMs: 30_000 });
    person.waits(29_000);
    expect(person.screen).toEqual({ kind: "paused", remainingMs: 1_000 });
    person.waits(1_000);
    expect(person.screen).toMatchObject({ kind: "code" });
  });

  it("begins with the reply, without waiting for the next view", () => {
    const person = new Person(kioskView());
    person.types(GOOD_CODE);
    person.accepts();
    person.isRefused("paused", { remainingMs: 5_000 });
    expect(person.screen).toEqual({ kind: "paused", remainingMs: 5_000 });
  });

  it("lets a QR code through", () => {
    const person = new Person(kioskView({ pausedMs: 30_000 }));
    person.does({ kind: "scan", text: "AbCdEfGhIjKlMnOpQrStUv" });
    expect(person.asked).toEqual({ kind: "pickup_qr", token: "AbCdEfGhIjKlMnOpQrStUv" });
  });
});

describe("the recipient's door", () => {
  it("is on the screen from the reply on, before the locker's view shows it", () => {
    const person = new Person(kioskView());
    person.types(GOOD_CODE);
    person.accepts();
    person.hears(opening);
    expect(person.screen).toMatchObject({ kind: "door", scene: "opening", compartment: 7 });
    person.sees(kioskView());
    expect(person.screen).toMatchObject({ kind: "door", scene: "opening" });
  });

  it("comes without what was said before it", () => {
    const person = new Person(kioskView());
    person.types(SLIPPED_CODE);
    person.sees(viewWith(operationView({ purpose: "remote", state: "open" })));
    expect(person.problem).toBeUndefined();
  });

  it("is given up when the locker does not show it in time", () => {
    const person = new Person(kioskView());
    person.types(GOOD_CODE);
    person.accepts();
    person.hears(opening);
    person.waits(3_250);
    person.sees(kioskView());
    expect(person.screen).toMatchObject({ kind: "code" });
  });

  it.each([
    ["opening", false, "opening", []],
    ["open", false, "pickupOpen", ["dispute"]],
    ["closed", true, "pickupClosed", ["finish", "reopen", "dispute"]],
    ["closed", false, "pickupClosedFinal", ["finish", "dispute"]],
    ["blocked", false, "pickupBlocked", ["finish"]],
    ["rejected", false, "pickupRejected", ["finish"]],
    ["in_doubt", false, "pickupInDoubt", ["finish"]],
  ] as const)("%s (reopen: %s) shows %s", (state, mayReopen, scene, choices) => {
    const person = atDoor({ state, mayReopen });
    expect(person.screen).toMatchObject({ kind: "door", scene, compartment: 7 });
    expect(person.choices).toEqual(choices);
  });

  it("opens again on demand", () => {
    const person = atDoor({ state: "closed", depositState: "collected", mayReopen: true });
    person.chooses("reopen");
    expect(person.asked).toEqual({ kind: "reopen_pickup", deposit: DEPOSIT });
  });

  it("makes way for the next person, and stays away", () => {
    const person = atDoor({ state: "closed", mayReopen: true });
    person.chooses("finish");
    expect(person.screen).toMatchObject({ kind: "code", typedCount: 0 });
    person.sees(viewWith(operationView({ state: "closed", mayReopen: false })));
    expect(person.screen).toMatchObject({ kind: "code" });
  });

  it("stays on the screen while it is open, though it was disputed", () => {
    const person = atDoor({ state: "open" });
    person.chooses("dispute");
    expect(person.asked).toEqual({ kind: "dispute_pickup", deposit: DEPOSIT, compartment: 7 });
    person.hears({ kind: "done" });
    expect(person.screen).toMatchObject({ kind: "door", scene: "pickupDisputed" });
    person.sees(viewWith(operationView({ state: "closed" })));
    expect(person.screen).toEqual({ kind: "disputed", compartment: 7 });
  });

  it("says at once what follows a dispute when it is shut", () => {
    const person = atDoor({ state: "closed", mayReopen: true });
    person.chooses("dispute");
    person.hears({ kind: "done" });
    expect(person.screen).toEqual({ kind: "disputed", compartment: 7 });
  });

  it("is shown after a reload, for it belongs to whoever opened it", () => {
    const person = new Person(viewWith(operationView({ state: "open" })));
    expect(person.screen).toMatchObject({ kind: "door", scene: "pickupOpen" });
  });

  it.each([
    ["open", "remoteOpen"],
    ["closed", "remoteClosed"],
    ["blocked", "remoteFailed"],
  ] as const)("opened by the operator and %s shows %s", (state, scene) => {
    const remote = operationView({ purpose: "remote", state, deposit: null, depositState: null });
    expect(new Person(viewWith(remote)).screen).toMatchObject({ kind: "door", scene });
  });
});

describe("what comes from a scanner on the first screen", () => {
  it("is refused by name when it is no QR code of a notice", () => {
    const person = new Person(kioskView());
    person.does({ kind: "scan", text: "https://example.org/x?<script>" });
    expect(person.problem).toBe("unknown_scan");
    expect(person.requests).toEqual([]);
  });

  it("is taken like typing when it is digits, which stand in the field already", () => {
    const person = new Person(kioskView());
    person.types(GOOD_CODE);
    person.does({ kind: "scan", text: GOOD_CODE.slice(3) });
    expect(person.asked).toEqual({ kind: "pickup", code: GOOD_CODE });
  });
});

describe("the page's connection", () => {
  it("says that it waits for the locker, and since when it has lost it", () => {
    const person = new Person(null);
    expect(person.screen).toEqual({ kind: "connecting" });
    person.does({ kind: "stream_lost" });
    const since = person.nowMs;
    person.waits(1_000);
    person.does({ kind: "stream_lost" });
    expect(person.state.lostAtMs).toBe(since);
    person.sees(kioskView());
    expect(person.state.lostAtMs).toBeNull();
  });

  it("stops for good when a newer page has taken over", () => {
    const person = new Person(viewWith(operationView({ state: "open" })));
    person.does({ kind: "replaced" });
    expect(person.screen).toEqual({ kind: "replaced" });
  });
});
