import { describe, expect, it } from "vitest";
import type { DepositId } from "../../src/contract/ids.ts";
import { compartment, DEPOSIT, kioskView, OPERATION, operationView, SESSION, viewWith } from "../support/kiosk-view.ts";
import { Person, TOKEN } from "./kiosk-person.ts";

const OTHER_DEPOSIT = "ffffffffffffffffffffffffffffffff" as DepositId;
const own = { session: SESSION, deposit: DEPOSIT, compartment: 7 };

const opening = {
  kind: "opening",
  opening: { operation: OPERATION, compartment: compartment(7), deposit: DEPOSIT },
} as const;

function signedIn(): Person {
  const person = new Person(kioskView());
  person.signsIn();
  person.sees(kioskView({ courierSignedIn: true }));
  return person;
}

function seesDoor(person: Person, different: Parameters<typeof operationView>[0]): void {
  const operation = operationView({ purpose: "deposit", depositState: "depositing", ...different });
  person.sees(viewWith(operation, { courierSignedIn: true }));
}

/** A courier who has given a parcel a door, which stands as a test says. */
function atDoor(different: Parameters<typeof operationView>[0]): Person {
  const person = signedIn();
  person.does({ kind: "scan", text: TOKEN });
  person.chooses("sizeS");
  person.hears(opening);
  seesDoor(person, different);
  return person;
}

describe("signing in", () => {
  it("takes number, PIN and authenticator digits one after the other", () => {
    const person = signedIn();
    expect(person.requests[0]).toEqual({ kind: "sign_in", courier: "10012", pin: "123456", totp: "654321" });
    expect(person.screen).toEqual({ kind: "parcel", token: "", free: { S: 4, M: 2, L: 0 } });
  });

  it("never shows a PIN", () => {
    const person = new Person(kioskView());
    person.chooses("courier");
    person.types("10012");
    person.accepts();
    person.types("1234");
    expect(person.screen).toMatchObject({ step: "pin", shown: "••••", typedCount: 4 });
    expect(JSON.stringify(person.screen)).not.toContain("1234");
  });

  it("does not go on with digits missing", () => {
    const person = new Person(kioskView());
    person.chooses("courier");
    person.types("123");
    person.accepts();
    expect(person.problem).toBe("missing_digits");
    expect(person.screen).toMatchObject({ step: "courier" });
  });

  it("asks for the PIN again, and new digits, when something was wrong", () => {
    const person = new Person(kioskView());
    person.chooses("courier");
    for (const field of ["10012", "123456", "654321"]) {
      person.types(field);
      person.accepts();
    }
    person.isRefused("wrong_credentials");
    expect(person.screen).toMatchObject({ kind: "sign_in", step: "pin", typedCount: 0 });
    expect(person.problem).toBe("wrong_credentials");
  });
});

describe("unfinished deposits", () => {
  const unfinished = [
    { deposit: DEPOSIT, compartment: compartment(4) },
    { deposit: OTHER_DEPOSIT, compartment: compartment(9) },
  ];

  it("come first, one after the other", () => {
    const person = new Person(kioskView());
    person.signsIn(unfinished);
    expect(person.screen).toEqual({ kind: "unfinished", compartment: 4, count: 2 });
    person.chooses("later");
    expect(person.screen).toEqual({ kind: "unfinished", compartment: 9, count: 1 });
    person.chooses("giveUp");
    expect(person.asked).toMatchObject({ kind: "cancel_deposit", deposit: OTHER_DEPOSIT, compartment: 9 });
    person.hears({ kind: "done" });
    expect(person.screen).toMatchObject({ kind: "parcel" });
    expect(person.state.flash).toEqual({ kind: "cancelled", compartment: 9 });
  });

  it("are opened to be finished", () => {
    const person = new Person(kioskView());
    person.signsIn(unfinished);
    person.chooses("resume");
    expect(person.asked).toEqual({ kind: "reopen_deposit", session: SESSION, ...unfinished[0] });
    person.hears(opening);
    seesDoor(person, { purpose: "reopen", state: "closed", mayReopen: true });
    person.chooses("confirm");
    person.hears({ kind: "done" });
    expect(person.screen).toEqual({ kind: "unfinished", compartment: 9, count: 1 });
  });
});

describe("a parcel", () => {
  it("is taken from a scanner, and its size asked for", () => {
    const person = signedIn();
    person.does({ kind: "scan", text: TOKEN });
    expect(person.screen).toMatchObject({ kind: "size" });
    person.chooses("sizeM");
    expect(person.asked).toEqual({ kind: "start_deposit", session: SESSION, parcelToken: TOKEN, size: "M" });
  });

  it("is typed in any way people write its characters", () => {
    const person = signedIn();
    person.types(`${TOKEN.slice(0, 13).toLowerCase()}- ${TOKEN.slice(13).replaceAll("0", "O").replaceAll("1", "l")}`);
    person.accepts();
    expect(person.state.task).toEqual({ kind: "size", token: TOKEN });
  });

  it("is refused when its label is of another kind", () => {
    const person = signedIn();
    person.does({ kind: "scan", text: "RB123456789CN" });
    expect(person.problem).toBe("bad_token");
    expect(person.screen).toMatchObject({ kind: "parcel", token: "" });
  });

  it("cannot get a size of which none is free", () => {
    const person = signedIn();
    person.does({ kind: "scan", text: TOKEN });
    expect(person.choices).toEqual(["sizeS", "sizeM", "back"]);
    person.chooses("sizeL");
    person.types("3");
    expect(person.state.inFlight).toBeNull();
  });

  it("stays in hand when its size has just run out", () => {
    const person = signedIn();
    person.does({ kind: "scan", text: TOKEN });
    person.chooses("sizeS");
    person.isRefused("no_compartment_free");
    expect(person.state.task).toEqual({ kind: "size", token: TOKEN });
  });

  it("makes way for the next when its label is used up", () => {
    const person = signedIn();
    person.does({ kind: "scan", text: TOKEN });
    person.chooses("sizeS");
    person.isRefused("parcel_finished");
    expect(person.screen).toMatchObject({ kind: "parcel", token: "" });
    expect(person.problem).toBe("parcel_finished");
  });
});

describe("the courier's door", () => {
  it.each([
    ["open", false, "depositOpen", ["cancel"]],
    ["closed", true, "depositClosed", ["confirm", "reopen", "cancel"]],
    ["closed", false, "depositClosed", ["confirm", "cancel"]],
    ["blocked", false, "depositBlocked", ["another", "cancel"]],
    ["rejected", false, "depositRejected", ["another", "cancel"]],
    ["in_doubt", true, "depositInDoubt", ["another", "reopen", "cancel"]],
  ] as const)("%s (reopen: %s) shows %s", (state, mayReopen, scene, choices) => {
    const person = atDoor({ state, mayReopen });
    expect(person.screen).toMatchObject({ kind: "door", scene, compartment: 7 });
    expect(person.choices).toEqual(choices);
  });

  it("leads to the next parcel when the deposit is confirmed", () => {
    const person = atDoor({ state: "closed" });
    person.chooses("confirm");
    expect(person.asked).toEqual({ kind: "confirm_deposit", nextToken: "", ...own });
    person.hears({ kind: "done" });
    expect(person.screen).toMatchObject({ kind: "parcel", token: "" });
    expect(person.state.flash).toEqual({ kind: "stored", compartment: 7 });
  });

  it("takes the next label for a confirmation, and goes on with it", () => {
    const person = atDoor({ state: "closed" });
    const next = `${TOKEN.slice(0, 25)}Z`;
    person.does({ kind: "scan", text: next });
    expect(person.asked).toEqual({ kind: "confirm_deposit", nextToken: next, ...own });
    person.hears({ kind: "done" });
    expect(person.state.task).toEqual({ kind: "size", token: next });
  });

  it("has to be shut before the next label", () => {
    const person = atDoor({ state: "open" });
    person.does({ kind: "scan", text: TOKEN });
    expect(person.problem).toBe("door_not_closed");
    expect(person.state.inFlight).toBeNull();
  });

  it("goes on by itself when the locker has taken silence for a confirmation", () => {
    const person = atDoor({ state: "closed" });
    seesDoor(person, { state: "closed", depositState: "stored" });
    expect(person.screen).toMatchObject({ kind: "parcel" });
    expect(person.state.flash).toEqual({ kind: "stored", compartment: 7 });
  });

  it("stays on the screen while open after a cancellation", () => {
    const person = atDoor({ state: "open" });
    person.chooses("cancel");
    person.hears({ kind: "done" });
    seesDoor(person, { state: "open", depositState: "cancelled" });
    expect(person.screen).toMatchObject({ scene: "depositCancelled" });
    seesDoor(person, { state: "closed", depositState: "cancelled" });
    expect(person.screen).toMatchObject({ kind: "parcel" });
    expect(person.state.flash).toEqual({ kind: "cancelled", compartment: 7 });
  });

  it("that stayed shut is changed for another, for the same parcel", () => {
    const person = atDoor({ state: "blocked" });
    person.chooses("another");
    expect(person.asked).toEqual({ kind: "cancel_deposit", sameParcel: true, ...own });
    person.hears({ kind: "done" });
    expect(person.state.task).toEqual({ kind: "size", token: TOKEN });
  });

  it("needs no cancelling when the locker has done it", () => {
    const person = atDoor({ state: "blocked", depositState: "cancelled" });
    person.chooses("another");
    expect(person.state.inFlight).toBeNull();
    expect(person.state.task).toEqual({ kind: "size", token: TOKEN });
  });

  it("offers to sign in again to a courier whose page was loaded anew", () => {
    const operation = operationView({ purpose: "deposit", depositState: "depositing", state: "closed" });
    const person = new Person(viewWith(operation));
    expect(person.choices).toEqual(["courier", "finish"]);
    person.chooses("courier");
    expect(person.screen).toMatchObject({ kind: "sign_in" });
  });
});

describe("the courier's session", () => {
  it("is kept alive by touches, a few seconds apart", () => {
    const person = signedIn();
    person.requests.length = 0;
    person.does({ kind: "touch" });
    person.waits(6_000);
    person.does({ kind: "touch" });
    person.does({ kind: "touch" });
    expect(person.requests).toEqual([{ kind: "touch", session: SESSION }]);
  });

  it("ends when the locker says so, and says why", () => {
    const person = signedIn();
    person.sees(kioskView({ courierSignedIn: false }));
    expect(person.screen).toMatchObject({ kind: "sign_in", step: "courier" });
    expect(person.problem).toBe("no_session");
  });

  it("is not taken for ended by a view that was under way at the sign-in", () => {
    const person = new Person(kioskView());
    person.signsIn();
    person.sees(kioskView({ courierSignedIn: false }));
    expect(person.screen).toMatchObject({ kind: "parcel" });
  });

  it("ends at the locker too when the courier leaves", () => {
    const person = signedIn();
    person.chooses("signOut");
    expect(person.asked).toEqual({ kind: "sign_out", session: SESSION });
    expect(person.state.courier).toBeNull();
    expect(person.screen).toMatchObject({ kind: "code" });
  });
});
