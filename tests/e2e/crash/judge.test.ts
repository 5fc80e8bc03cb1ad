import { describe, expect, it } from "vitest";
import type { Happening, TruthEntry } from "../../../sim/cabinet.ts";
import type { LockerView, ParcelView } from "../../../src/contract/fleet-api.ts";
import type { CompartmentRow, DepositRow, LockerDatabase } from "../support/locker-database.ts";
import { judgeFleet, judgeOpenings, judgeParcels, judgePulses } from "./judge.ts";
import { pointOf } from "./points.ts";

const PARCEL = "a".repeat(32);
const [PUT_IN, TAKEN_OUT] = ["11111111111111", "22222222222222"];

const pulse = (id: string, attempt: 1 | 2 = 1, compartment = 1): Happening => ({
  ...{ kind: "pulse", board: 1, channel: 0, compartment, pulseMs: 300 },
  opId: `${id}0${attempt}`,
});
const opens = (id: string): Happening => ({
  ...{ kind: "door", compartment: 1, door: "opened" },
  cause: { by: "pulse", opId: `${id}01` },
});
const shuts: Happening = { kind: "door", compartment: 1, door: "closed" };
const parcel = (moved: "in" | "out"): Happening => ({ kind: "parcel", compartment: 1, parcel: PARCEL, moved });

/** One happening a second. */
const truthOf = (...happenings: readonly Happening[]): readonly TruthEntry[] =>
  happenings.map((happening, index) => ({ index, at: index * 1_000, ...happening }));

const PUTTING_IN = [pulse(PUT_IN), opens(PUT_IN), parcel("in"), shuts] as const;
const TAKING_OUT = [pulse(TAKEN_OUT), opens(TAKEN_OUT), parcel("out"), shuts] as const;

const compartment: CompartmentRow = {
  ...{ id: 1, occupancy: "occupied", out_of_service: null, door: "closed", deposit: "d" },
};
const stored: DepositRow = {
  ...{ id: "d", compartment: 1, verifier: PARCEL, state: "stored", doubted_by: null, code: "live" },
};

const database = (different: Partial<LockerDatabase> = {}): LockerDatabase => ({
  compartments: [compartment],
  deposits: [stored],
  authorisations: [
    { id: PUT_IN, purpose: "deposit", compartment: 1, deposit: "d", state: "closed" },
    { id: TAKEN_OUT, purpose: "pickup", compartment: 1, deposit: "d", state: "closed" },
  ],
  attempts: [],
  ackedSeq: 0,
  facts: [],
  ...different,
});
const emptied = database({
  compartments: [{ ...compartment, occupancy: "available", deposit: null }],
  deposits: [{ ...stored, state: "collected" }],
});

describe("the judge of pulses", () => {
  const judge = (happenings: readonly Happening[], from?: number) =>
    judgePulses(
      truthOf(...happenings),
      database(),
      from === undefined ? [] : [{ ofWhom: "locker", fromIndex: from, authorised: new Set([PUT_IN]) }],
    );

  it("has nothing against one pulse, one retry at once, and what was authorised after a restart", () => {
    expect(judge([pulse(PUT_IN), pulse(PUT_IN, 2)])).toEqual([]);
    expect(judge([pulse(PUT_IN), pulse(TAKEN_OUT)], 1)).toEqual([]);
  });

  it.each([
    ["nobody authorised it", [pulse("33333333333333")], undefined],
    ["another compartment was meant", [pulse(PUT_IN, 1, 2)], undefined],
    ["the same attempt pulsed before", [pulse(PUT_IN), pulse(PUT_IN)], undefined],
    ["the retry comes too late", [pulse(PUT_IN), shuts, pulse(PUT_IN, 2)], undefined],
    ["it is the third", [pulse(PUT_IN), pulse(PUT_IN, 2), pulse(PUT_IN, 2)], undefined],
    ["it was authorised before a restart", [pulse(PUT_IN)], 0],
  ])("speaks of a pulse when %s", (_why, happenings, from) => {
    expect(judge(happenings, from)).not.toEqual([]);
  });
});

describe("the judge of openings", () => {
  it("has nothing against one opening for each permission", () => {
    expect(judgeOpenings(truthOf(...PUTTING_IN, ...TAKING_OUT))).toEqual([]);
  });

  it("speaks of a second opening, and of force", () => {
    expect(judgeOpenings(truthOf(opens(PUT_IN), shuts, opens(PUT_IN)))).toHaveLength(1);
    const forced: Happening = { kind: "door", compartment: 1, door: "opened", cause: { by: "force" } };
    expect(judgeOpenings(truthOf(forced))).toHaveLength(1);
  });
});

describe("the judge of parcels", () => {
  it("has nothing against a parcel that lies where the locker thinks, or went to its recipient", () => {
    expect(judgeParcels(truthOf(...PUTTING_IN), database())).toEqual([]);
    expect(judgeParcels(truthOf(...PUTTING_IN, ...TAKING_OUT), emptied)).toEqual([]);
  });

  it("has nothing against a locker that says it does not know", () => {
    const doubted = database({ deposits: [{ ...stored, state: "collecting", doubted_by: TAKEN_OUT }] });
    expect(judgeParcels(truthOf(...PUTTING_IN, ...TAKING_OUT), doubted)).toEqual([]);
  });

  it("speaks of a parcel in a compartment that is called free", () => {
    expect(judgeParcels(truthOf(...PUTTING_IN), emptied)).not.toEqual([]);
  });

  it("speaks of a compartment that is called occupied and is empty", () => {
    expect(judgeParcels(truthOf(...PUTTING_IN, ...TAKING_OUT), database())).not.toEqual([]);
  });

  it("speaks of a parcel that another permission gave away", () => {
    const byCourier = truthOf(...PUTTING_IN, pulse(PUT_IN), opens(PUT_IN), parcel("out"), shuts);
    expect(judgeParcels(byCourier, emptied)).toEqual([expect.stringContaining("somebody else")]);
    const another = database({ ...emptied, deposits: [{ ...stored, state: "collected", verifier: "b".repeat(32) }] });
    expect(judgeParcels(truthOf(...PUTTING_IN, ...TAKING_OUT), another)).not.toEqual([]);
  });
});

describe("the judge of the fleet", () => {
  const seen = { ...compartment, compartment: 1, size: "S", outOfService: null };
  const view = (different: object = {}) =>
    ({ chainBrokenAt: null, compartments: [{ ...seen, ...different }] }) as unknown as LockerView;
  const known = (different: object = {}) =>
    ({
      ...{ verifier: PARCEL, deposit: "d", compartment: 1, state: "stored", maybeCollected: false },
      ...different,
    }) as unknown as ParcelView;

  it("has nothing against the same picture", () => {
    expect(judgeFleet(database(), view(), [known()])).toEqual([]);
    const unseen = known({ verifier: "c".repeat(32), deposit: null, state: "announced" });
    expect(judgeFleet(database(), view(), [unseen])).toEqual([]);
  });

  it.each([
    ["a compartment's occupancy", view({ occupancy: "available" }), known()],
    ["a compartment's service", view({ outOfService: "blocked" }), known()],
    ["a door", view({ door: "open" }), known()],
    ["a chain", { ...view(), chainBrokenAt: 7 }, known()],
    ["a parcel's state", view(), known({ state: "collected" })],
    ["a doubt", view(), known({ maybeCollected: true })],
    ["a deposit it has not heard of", view(), known({ deposit: null, state: "announced" })],
  ])("speaks of %s it sees otherwise", (_what, seenView, parcelView) => {
    expect(judgeFleet(database(), seenView, [parcelView])).toHaveLength(1);
  });
});

describe("the point of a kill", () => {
  const left = (state: "commanded" | "opened" | "rejected") =>
    database({ authorisations: [{ id: PUT_IN, purpose: "deposit", compartment: 1, deposit: "d", state }] });

  it.each([
    ["beforeCommit", database({ authorisations: [] }), []],
    ["beforeUnlock", left("commanded"), []],
    ["afterPulse", left("commanded"), [pulse(PUT_IN)]],
    ["afterOpening", left("opened"), [pulse(PUT_IN), opens(PUT_IN)]],
    ["other", left("rejected"), []],
  ] as const)("is told to be %s", (hit, leftBehind, happenings) => {
    expect(pointOf(leftBehind, new Set(), truthOf(...happenings)).hit).toBe(hit);
  });

  it("is not told by what was authorised before", () => {
    expect(pointOf(left("commanded"), new Set([PUT_IN]), []).hit).toBe("beforeCommit");
  });
});
