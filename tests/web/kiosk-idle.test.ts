import { describe, expect, it } from "vitest";
import { idleOf } from "../../src/web/kiosk/idle.ts";
import { kioskView, operationView, viewWith } from "../support/kiosk-view.ts";
import { Person, TOKEN } from "./kiosk-person.ts";

const idle = (person: Person) => idleOf(person.state, person.nowMs).kind;

describe("a screen nobody touches", () => {
  it("warns after 20 s and starts over after another 20", () => {
    const person = new Person(kioskView());
    person.types("482");
    person.waits(19_750);
    expect(idle(person)).toBe("busy");
    person.waits(250);
    expect(idle(person)).toBe("warning");
    expect(person.choices).toEqual(["stay", "startOver"]);
    person.waits(20_000);
    expect(person.screen).toMatchObject({ kind: "code", typedCount: 0 });
  });

  it("is kept by one tap, as often as somebody likes", () => {
    const person = new Person(kioskView());
    person.types("482");
    for (let times = 0; times < 12; times += 1) {
      person.waits(25_000);
      expect(idle(person)).toBe("warning");
      person.chooses("stay");
    }
    expect(person.screen).toMatchObject({ typedCount: 3 });
  });

  it("takes Enter for that tap", () => {
    const person = new Person(kioskView());
    person.types("482");
    person.waits(25_000);
    person.accepts();
    expect(idle(person)).toBe("busy");
    expect(person.screen).toMatchObject({ typedCount: 3 });
  });

  it("goes back to the locker's own language without a warning", () => {
    const person = new Person(kioskView());
    person.does({ kind: "speak", language: "zh-CN" });
    person.waits(30_000);
    expect(idle(person)).toBe("busy");
    expect(person.state.language).toBe("zh-CN");
    person.waits(10_000);
    expect(person.state.language).toBe("en");
  });

  it("signs a courier out after a minute", () => {
    const person = new Person(kioskView());
    person.signsIn();
    person.does({ kind: "scan", text: TOKEN });
    person.waits(39_750);
    expect(idle(person)).toBe("busy");
    person.waits(250);
    expect(idle(person)).toBe("warning");
    person.waits(20_000);
    expect(person.asked).toMatchObject({ kind: "sign_out" });
    expect(JSON.stringify(person.state)).not.toContain(TOKEN);
  });
});

describe("an open door", () => {
  it.each(["opening", "open"] as const)("never times out while %s", (state) => {
    const person = new Person(viewWith(operationView({ state })));
    person.waits(600_000);
    expect(person.screen).toMatchObject({ kind: "door" });
    expect(idle(person)).toBe("busy");
  });

  it("is not hidden by starting over", () => {
    const person = new Person(viewWith(operationView({ state: "open" })));
    person.does({ kind: "escape" });
    expect(person.screen).toMatchObject({ kind: "door", scene: "pickupOpen" });
  });

  it("belongs to nobody after a minute, and lets somebody else go on", () => {
    const person = new Person(viewWith(operationView({ state: "open" })));
    person.waits(59_750);
    expect(person.choices).toEqual(["dispute"]);
    person.waits(250);
    expect(person.choices).toEqual(["someoneElse"]);
    person.chooses("someoneElse");
    expect(person.screen).toMatchObject({ kind: "code" });
  });

  it("is followed by a screen that does time out", () => {
    const person = new Person(viewWith(operationView({ state: "closed", mayReopen: true })));
    person.waits(40_000);
    expect(person.screen).toMatchObject({ kind: "code" });
  });
});

describe("keys where nothing is typed", () => {
  it("press the button of their number", () => {
    const person = new Person(viewWith(operationView({ state: "closed", mayReopen: true })));
    person.types("2");
    expect(person.asked).toMatchObject({ kind: "reopen_pickup" });
  });

  it("do nothing when there is no such button", () => {
    const person = new Person(viewWith(operationView({ state: "closed", mayReopen: true })));
    person.types("9");
    expect(person.requests).toEqual([]);
    expect(person.screen).toMatchObject({ kind: "door" });
  });

  it("press the chief button with Enter, and ask for help with 0", () => {
    const person = new Person(viewWith(operationView({ state: "closed", mayReopen: true })));
    person.types("0");
    expect(person.choices).toEqual(["closeHelp", "language", "courier"]);
    person.accepts();
    person.accepts();
    expect(person.screen).toMatchObject({ kind: "code" });
  });

  it("leave a button alone that is not on the screen any more", () => {
    const person = new Person(kioskView());
    person.chooses("confirm");
    person.chooses("sizeS");
    expect(person.requests).toEqual([]);
  });
});
