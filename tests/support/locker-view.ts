import type { CompartmentStatus, LockerView, RemoteOpenStatus } from "../../src/contract/fleet-api.ts";
import type { LockerHandle, Size } from "../../src/contract/ids.ts";
import { compartment } from "./kiosk-view.ts";

const SIZES: readonly Size[] = ["S", "S", "M", "L", "S", "M", "M", "S", "L", "M", "S", "S"];

/** A locker in good health whose even doors hold parcels, except what a test says otherwise. */
export function lockerView(different: Partial<LockerView> = {}): LockerView {
  return {
    locker: "k7riverside" as LockerHandle,
    name: "Riverside 12",
    link: "online",
    health: "healthy",
    lastContactAt: Date.UTC(2026, 0, 5, 11, 3, 0),
    compartments: SIZES.map((size, index) => compartmentStatus(index + 1, size)),
    remoteOpens: [],
    roster: { made: 3, applied: 3 },
    chainBrokenAt: null,
    ...different,
  };
}

const compartmentStatus = (number: number, size: Size): CompartmentStatus => ({
  compartment: compartment(number),
  size,
  occupancy: number % 2 === 0 ? "occupied" : "available",
  outOfService: number === 11 ? "blocked" : null,
  door: "closed",
});

export function withCompartment(view: LockerView, number: number, different: Partial<CompartmentStatus>): LockerView {
  return {
    ...view,
    compartments: view.compartments.map((each) => (each.compartment === number ? { ...each, ...different } : each)),
  };
}

export function remoteOpen(different: Partial<RemoteOpenStatus> = {}): RemoteOpenStatus {
  return {
    command: "0195f0aa-0000-7000-8000-000000000001",
    compartment: compartment(4),
    state: "asked",
    code: null,
    by: "ops-lin",
    reason: "maintenance",
    askedAt: Date.UTC(2026, 0, 5, 12, 3, 1),
    changedAt: Date.UTC(2026, 0, 5, 12, 3, 1),
    ...different,
  };
}
