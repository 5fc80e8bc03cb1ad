import type { AuthorisationId } from "../../contract/ids.ts";
import type { Draft } from "./draft.ts";
import type { Deposit } from "./model.ts";

/** From now on nobody knows whether this parcel is still inside. Its code goes on opening, its compartment stays taken. */
export function raiseDoubt(d: Draft, deposit: Deposit, by: NonNullable<Deposit["doubtedBy"]>): void {
  if (deposit.state !== "stored" && deposit.state !== "collecting") return;
  const code = deposit.code === "claimed" ? "live" : deposit.code;
  d.put("deposit", { ...deposit, state: "collecting", code, doubtedBy: deposit.doubtedBy ?? by });
  d.fact("pickup.in_doubt", { deposit: deposit.id, compartment: deposit.compartment });
}

/** What raised the doubt turned out not to have opened the door: the parcel is there. An older doubt stays. */
export function settleDoubt(d: Draft, deposit: Deposit, by: AuthorisationId): void {
  if (deposit.doubtedBy !== by || deposit.code === "burned") return;
  d.put("deposit", { ...deposit, state: "stored", doubtedBy: null });
  d.fact("pickup.rearmed", { deposit: deposit.id, compartment: deposit.compartment });
}
