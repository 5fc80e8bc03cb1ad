import type { KioskView, OperationView } from "../../contract/kiosk-api.ts";
import type { Instants } from "../../contract/time.ts";
import { freeCounts } from "./allocation.ts";
import type { Authorisation, Compartment, State } from "./model.ts";

const operationState = {
  commanded: "opening",
  opened: "open",
  closed: "closed",
  blocked: "blocked",
  rejected: "rejected",
  in_doubt: "in_doubt",
} as const satisfies Record<Authorisation["state"], OperationView["state"]>;

/** What the kiosk's page may know: doors, counts and the one opening it follows. Never whose parcel lies where. */
export function kioskView(state: State, locker: string, now: Instants): KioskView {
  const runtime = state.runtime.get(1);
  return {
    locker,
    doors: Array.from(state.compartment.values(), (compartment) => doorView(state, compartment)),
    free: freeCounts(state),
    link: runtime?.link ?? "down",
    boards: boardsHealth(state),
    clockTrust: runtime?.clockTrust ?? "unset",
    pausedMs: Math.max(0, Math.ceil((runtime?.codePausedUntil ?? 0) - now.mono)),
    extensionNeeded: (state.budget.get("code")?.level ?? 0) < 1,
    courierSignedIn: state.session.size > 0,
    operation: operationView(state),
  };
}

function doorView(state: State, { id, size, outOfService }: Compartment): KioskView["doors"][number] {
  return {
    compartment: id,
    size,
    door: state.door.get(id)?.door ?? "unknown",
    outOfService: outOfService !== null,
  };
}

/** One silent board makes the locker `silent`: some of its doors cannot be believed. */
export function boardsHealth(state: State): "ok" | "silent" | "unknown" {
  if (state.board.size === 0) return "unknown";
  return [...state.board.values()].every((board) => board.health === "ok") ? "ok" : "silent";
}

function operationView(state: State): OperationView | null {
  const operation = state.operation.get("kiosk");
  const authorisation = operation && state.authorisation.get(operation.authorisation);
  if (authorisation === undefined) return null;
  const deposit = authorisation.deposit === null ? undefined : state.deposit.get(authorisation.deposit);
  const shut = state.door.get(authorisation.compartment)?.door === "closed";
  const inGrace = deposit?.state === "collected" && state.timer.has(`reopen:${authorisation.compartment}`);
  return {
    operation: authorisation.id,
    purpose: authorisation.purpose,
    compartment: authorisation.compartment,
    deposit: authorisation.deposit,
    state: operationState[authorisation.state],
    depositState: deposit?.state ?? null,
    mayReopen: shut && authorisation.state !== "commanded" && (inGrace || deposit?.state === "depositing"),
  };
}
