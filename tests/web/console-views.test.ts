import { describe, expect, it } from "vitest";
import type { LockerHandle } from "../../src/contract/ids.ts";
import { countsOf, PAGE_LOCKERS, pageOf } from "../../src/web/console/locker-list.ts";
import { trailOf, type Witnessed, witness } from "../../src/web/console/trail.ts";
import { lockerView, remoteOpen, withCompartment } from "../support/locker-view.ts";

const named = (name: string, different: Parameters<typeof lockerView>[0] = {}) =>
  lockerView({ locker: name.toLowerCase() as LockerHandle, name, ...different });

describe("the list of lockers", () => {
  const wish = { filter: "", order: "sortTrouble", page: 1 } as const;
  const names = (lockers: Parameters<typeof pageOf>[0], different: object = {}) =>
    pageOf(lockers, { ...wish, ...different }).lockers.map(({ name }) => name);

  it("puts first what needs somebody first", () => {
    const quiet = withCompartment(named("Quiet"), 11, { outOfService: null });
    const lockers = [
      quiet,
      named("Offline", { link: "offline" }),
      named("Forged", { chainBrokenAt: 7 }),
      named("Degraded", { health: "degraded" }),
      named("Dead", { link: "offline", health: "silent" }),
    ];
    expect(names(lockers)).toEqual(["Forged", "Dead", "Offline", "Degraded", "Quiet"]);
    expect(names(lockers, { order: "sortName" })).toEqual(["Dead", "Degraded", "Forged", "Offline", "Quiet"]);
  });

  it("sorts by how full they are", () => {
    const full = named("Full", {
      compartments: lockerView().compartments.map((each) => ({ ...each, occupancy: "occupied" })),
    });
    expect(names([named("Half"), full], { order: "sortFill" })).toEqual(["Full", "Half"]);
  });

  it("filters by name and by handle, whatever the case", () => {
    expect(names([named("North"), named("South")], { filter: " sOu" })).toEqual(["South"]);
  });

  it("pages, and never beyond the last page", () => {
    const many = Array.from({ length: PAGE_LOCKERS + 1 }, (_, index) => named(`L${String(index).padStart(3, "0")}`));
    expect(pageOf(many, wish)).toMatchObject({ page: 1, pages: 2, lockers: { length: PAGE_LOCKERS } });
    expect(pageOf(many, { ...wish, page: 9 })).toMatchObject({ page: 2, pages: 2, lockers: { length: 1 } });
  });

  it("counts occupancy, service and doors apart", () => {
    const view = withCompartment(withCompartment(lockerView(), 1, { occupancy: "unknown" }), 3, { door: "open" });
    expect(countsOf(view)).toEqual({
      allCount: 12,
      freeCount: 4,
      usedCount: 7,
      occupiedCount: 6,
      openCount: 1,
      outOfServiceCount: 1,
    });
  });
});

describe("what became of a remote open", () => {
  const statuses = (["asked", "challenged", "accepted", "opened"] as const).map((state, index) =>
    remoteOpen({ state, changedAt: remoteOpen().askedAt + index * 700 }),
  );

  it("is told step by step with the times that were seen", () => {
    let seen: Witnessed | undefined;
    for (const status of statuses) seen = witness(seen, status);
    const start = remoteOpen().askedAt;
    expect(trailOf(statuses[3] ?? remoteOpen(), seen ?? new Map())).toEqual([
      { state: "asked", atMs: start },
      { state: "challenged", atMs: start + 700 },
      { state: "accepted", atMs: start + 1_400 },
      { state: "opened", atMs: start + 2_100 },
    ]);
  });

  it("claims no time for a step nobody saw", () => {
    const opened = remoteOpen({ state: "opened", changedAt: remoteOpen().askedAt + 2_000 });
    expect(trailOf(opened, witness(undefined, opened)).map(({ atMs }) => atMs !== null)).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it("claims no step that need not have happened", () => {
    const expired = remoteOpen({ state: "expired" });
    expect(trailOf(expired, witness(undefined, expired)).map(({ state }) => state)).toEqual(["asked", "expired"]);
    const refused = remoteOpen({ state: "refused", code: "stale" });
    const seen = witness(witness(undefined, remoteOpen({ state: "challenged" })), refused);
    expect(trailOf(refused, seen).map(({ state }) => state)).toEqual(["asked", "challenged", "refused"]);
  });

  it("keeps accepted and opened apart when the door stays shut", () => {
    const blocked = remoteOpen({ state: "blocked" });
    expect(trailOf(blocked, witness(undefined, blocked)).map(({ state }) => state)).toEqual([
      "asked",
      "challenged",
      "accepted",
      "blocked",
    ]);
  });
});
