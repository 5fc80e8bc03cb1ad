import type { LockerView } from "../../contract/fleet-api.ts";

export const ORDERS = ["sortTrouble", "sortName", "sortFill"] as const;
export type Order = (typeof ORDERS)[number];

export const PAGE_LOCKERS = 24;

export type ListWish = { readonly filter: string; readonly order: Order; readonly page: number };

export type ListPage = {
  readonly lockers: readonly LockerView[];
  /** From 1; never beyond the last. */
  readonly page: number;
  readonly pages: number;
};

/** Filters, sorts and pages the lockers as an operator wishes. */
export function pageOf(lockers: readonly LockerView[], { filter, order, page }: ListWish): ListPage {
  const wanted = filter.trim().toLowerCase();
  const matching = lockers.filter(({ name, locker }) => name.toLowerCase().includes(wanted) || locker.includes(wanted));
  const sorted = matching.toSorted((a, b) => rank(b, order) - rank(a, order) || a.name.localeCompare(b.name));
  const pages = Math.max(1, Math.ceil(sorted.length / PAGE_LOCKERS));
  const shown = Math.min(Math.max(1, page), pages);
  return { lockers: sorted.slice((shown - 1) * PAGE_LOCKERS, shown * PAGE_LOCKERS), page: shown, pages };
}

function rank(locker: LockerView, order: Order): number {
  switch (order) {
    case "sortName":
      return 0;
    case "sortFill": {
      const { usedCount, allCount } = countsOf(locker);
      return allCount === 0 ? 0 : usedCount / allCount;
    }
    case "sortTrouble":
      return troubleOf(locker);
  }
}

/** How much a locker wants somebody: what it says cannot be trusted, it says nothing, or something in it is wrong. */
export function troubleOf({ link, health, chainBrokenAt, compartments }: LockerView): number {
  const doors = compartments.some(({ door, outOfService }) => door !== "closed" || outOfService !== null) ? 1 : 0;
  const links = { offline: 8, never_seen: 2, online: 0 }[link];
  const healths = { silent: 8, degraded: 4, healthy: 0 }[health];
  return (chainBrokenAt === null ? 0 : 32) + links + healths + doors;
}

export type Counts = {
  readonly allCount: number;
  readonly freeCount: number;
  /** Anything that is not free: taken, expected, or nobody knows. */
  readonly usedCount: number;
  readonly occupiedCount: number;
  readonly openCount: number;
  readonly outOfServiceCount: number;
};

export function countsOf({ compartments }: LockerView): Counts {
  const count = (is: (compartment: LockerView["compartments"][number]) => boolean): number =>
    compartments.filter(is).length;
  const freeCount = count(({ occupancy, outOfService }) => occupancy === "available" && outOfService === null);
  return {
    allCount: compartments.length,
    freeCount,
    usedCount: count(({ occupancy }) => occupancy !== "available"),
    occupiedCount: count(({ occupancy }) => occupancy === "occupied"),
    openCount: count(({ door }) => door === "open"),
    outOfServiceCount: count(({ outOfService }) => outOfService !== null),
  };
}
