import type { AuthorisationId, CompartmentId, DepositId, Size } from "../../src/contract/ids.ts";
import type { KioskView, OperationView } from "../../src/contract/kiosk-api.ts";

export const DEPOSIT = "0123456789abcdef0123456789abcdef" as DepositId;
export const OPERATION = "0123456789abcd" as AuthorisationId;
export const SESSION = "fedcba9876543210fedcba9876543210";

/** The door numbers of a small locker, in module order, with their sizes. */
const SIZES: readonly Size[] = ["S", "S", "M", "L", "S", "M", "M", "S", "L", "M", "S", "S", "M", "L", "S", "S"];

export const compartment = (number: number): CompartmentId => number as CompartmentId;

/** A locker where all is well and nobody is there, except what a test says otherwise. */
export function kioskView(different: Partial<KioskView> = {}): KioskView {
  return {
    locker: "Riverside 12",
    doors: SIZES.map((size, index) => ({
      compartment: compartment(index + 1),
      size,
      door: "closed",
      outOfService: index === 11,
    })),
    free: { S: 4, M: 2, L: 0 },
    link: "up",
    boards: "ok",
    clockTrust: "synced",
    pausedMs: 0,
    extensionNeeded: false,
    courierSignedIn: false,
    operation: null,
    ...different,
  };
}

export function operationView(different: Partial<OperationView> = {}): OperationView {
  return {
    operation: OPERATION,
    purpose: "pickup",
    compartment: compartment(7),
    deposit: DEPOSIT,
    state: "opening",
    depositState: "collecting",
    mayReopen: false,
    ...different,
  };
}

/** A view with an operation, and its door as the operation's state says it stands. */
export function viewWith(operation: OperationView, different: Partial<KioskView> = {}): KioskView {
  const view = kioskView(different);
  const door = operation.state === "open" ? "open" : "closed";
  return {
    ...view,
    operation,
    doors: view.doors.map((each) => (each.compartment === operation.compartment ? { ...each, door } : each)),
  };
}
