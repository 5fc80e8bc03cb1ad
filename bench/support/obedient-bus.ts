import type { CompartmentId, OpId } from "../../src/contract/ids.ts";
import type { BusReport } from "../../src/locker/domain/input.ts";
import type { LockBus } from "../../src/locker/ports.ts";

/** Boards that cost nothing: what they report is up to the bench. */
export class ObedientBus implements LockBus {
  #order: { readonly op: OpId; readonly compartment: CompartmentId } | undefined;
  #report: (report: BusReport) => void = () => undefined;

  start(onReport: (report: BusReport) => void): void {
    this.#report = onReport;
  }

  unlock(order: { readonly op: OpId; readonly compartment: CompartmentId }): void {
    this.#order = order;
  }

  queryOp(): void {}

  async stop(): Promise<void> {}

  closed(compartments: readonly CompartmentId[]): void {
    for (const compartment of compartments) this.#report({ kind: "door", compartment, door: "closed" });
  }

  /** The board takes the last order, the door springs open, and somebody closes it. */
  obey(): void {
    if (this.#order === undefined) throw new Error("no unlock was ordered");
    const { op, compartment } = this.#order;
    this.#order = undefined;
    this.#report({ kind: "unlock_result", op, outcome: "accepted" });
    this.#report({ kind: "door", compartment, door: "open" });
    this.#report({ kind: "door", compartment, door: "closed" });
  }
}
