import { opened } from "./access.ts";
import { doorClosed } from "./door.ts";
import type { Draft } from "./draft.ts";
import type { BusReport } from "./input.ts";
import { outcomes } from "./outcome.ts";

/** After a restart: what the board itself still remembers of the operation that was in doubt. */
export function opEvidence(d: Draft, { op, evidence }: Extract<BusReport, { kind: "op_evidence" }>): void {
  const attempt = d.get("attempt", op);
  const authorisation = attempt && d.get("authorisation", attempt.authorisation);
  if (authorisation?.state !== "in_doubt") return;
  // Whoever came since has an opening of his own there; this one's doubt is no longer the one that counts.
  if (d.compartment(authorisation.compartment).authorisation !== authorisation.id) return;
  const shut = d.get("door", authorisation.compartment)?.door === "closed";
  if (evidence === "opened") {
    opened(d, authorisation);
    if (shut) doorClosed(d, authorisation.compartment);
  }
  if ((evidence === "never_seen" || evidence === "no_change") && shut) {
    d.put("authorisation", { ...authorisation, state: evidence === "no_change" ? "blocked" : "rejected" });
    outcomes[authorisation.purpose].cleared(d, authorisation);
  }
}
