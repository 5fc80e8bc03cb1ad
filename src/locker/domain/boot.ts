import type { CompartmentId } from "../../contract/ids.ts";
import { doubt } from "./access.ts";
import { metaOf } from "./courier.ts";
import { interruptDeposit } from "./deposit.ts";
import type { Draft } from "./draft.ts";
import { freshBudget, pausesAtBoot } from "./guessing.ts";
import type { Input, Layout } from "./input.ts";
import { isLive, type State } from "./model.ts";
import { opIdOf } from "./opening.ts";
import type { Effect } from "./output.ts";
import { HOUSEKEEPING_EVERY_MS } from "./policy.ts";

/**
 * First input of every run. Nothing that was commanded before is ever sent again: what is uncertain is called so, and
 * the boards are asked what they remember.
 */
export function boot(d: Draft, input: Extract<Input, { kind: "boot" }>): void {
  const meta = metaOf(d);
  const firstStart = [...d.all("compartment")].length === 0;
  for (const name of ["code", "pin", "remote_occupied"] as const) {
    if (d.get("budget", name) === undefined) d.put("budget", freshBudget(name));
  }
  d.put("runtime", {
    id: 1,
    clockTrust: input.clockTrust,
    link: "down",
    ...pausesAtBoot(d),
    refilledAt: d.now.mono,
    guessTimes: [],
    remoteOpenTimes: [],
  });
  d.setTimer("prune", "all", HOUSEKEEPING_EVERY_MS);
  d.setTimer("refill", "all", HOUSEKEEPING_EVERY_MS);
  const isRelaid = layOut(d, input.layout, input.opened === "after_quarantine");
  if (isRelaid) snapshot(d);
  d.fact("locker.started", { after: firstStart ? "first_start" : meta.cleanStop ? "clean_stop" : "crash" });
  d.put("meta", { ...meta, cleanStop: false });
  for (const { id } of [...d.all("compartment")]) settleAfterCrash(d, id);
  for (const effect of resume(d)) d.effect(effect);
}

const newCompartment = { outOfService: null, door: "unknown", deposit: null, authorisation: null } as const;

/** Compartments the configuration added, resized or removed; says whether there were any. A parcel's is never removed. */
function layOut(d: Draft, layout: Layout, afterQuarantine: boolean): boolean {
  let isRelaid = false;
  const wanted = new Set(layout.map(({ id }) => id));
  const occupancy = afterQuarantine ? "unknown" : "available";
  for (const compartment of [...d.all("compartment")]) {
    if (wanted.has(compartment.id) || compartment.deposit !== null) continue;
    d.del("compartment", compartment.id);
    isRelaid = true;
  }
  for (const { id, size } of layout) {
    const known = d.get("compartment", id);
    if (known?.size === size) continue;
    d.put("compartment", known === undefined ? { ...newCompartment, id, size, occupancy } : { ...known, size });
    isRelaid = true;
  }
  return isRelaid;
}

/** Compartments that hold a parcel and are missing from the configuration: the daemon must not start like this. */
export function missingFromLayout(state: Pick<State, "compartment">, layout: Layout): readonly CompartmentId[] {
  const wanted = new Set(layout.map(({ id }) => id));
  return [...state.compartment.values()].filter((c) => c.deposit !== null && !wanted.has(c.id)).map(({ id }) => id);
}

/** First row of an epoch, and after every change of the layout: the fleet starts from here. */
function snapshot(d: Draft): void {
  d.fact("locker.snapshot", {
    compartments: Array.from(d.all("compartment"), ({ id, size, occupancy, outOfService, door }) => ({
      compartment: id,
      size,
      occupancy,
      outOfService,
      door,
    })),
    deposits: [...d.all("deposit")].flatMap(({ id, compartment, verifier, state, doubtedBy }) =>
      state === "depositing" || state === "stored" || state === "collecting"
        ? [{ deposit: id, compartment, verifier, state, maybeCollected: doubtedBy !== null }]
        : [],
    ),
  });
}

/** What was under way when the power went. */
function settleAfterCrash(d: Draft, compartment: CompartmentId): void {
  const authorisation = d.authorisationAt(compartment);
  if (authorisation?.state === "commanded") doubt(d, authorisation);
  const { deposit: id } = d.compartment(compartment);
  if (id === null || d.deposit(id).state !== "depositing") return;
  // What was commanded has been called interrupted together with its doubt.
  if (d.compartment(compartment).occupancy !== "unknown") interruptDeposit(d, d.deposit(id));
}

/** Effects that a restart must do again, derived from what is written down alone. */
function* resume(d: Draft): Generator<Effect> {
  for (const deposit of d.all("deposit")) {
    if (deposit.code !== "pending" || !isLive(deposit)) continue;
    yield { kind: "prepare_code", deposit: deposit.id, verifier: deposit.verifier, compartment: deposit.compartment };
  }
  for (const compartment of d.all("compartment")) {
    const authorisation = d.authorisationAt(compartment.id);
    if (authorisation?.state !== "in_doubt") continue;
    const second = opIdOf(authorisation.id, 2);
    const op = d.get("attempt", second) === undefined ? opIdOf(authorisation.id, 1) : second;
    // Only a clock that can be believed, and that nobody has set back since, tells whether the board has been running
    // since before the operation.
    const isKnown = d.runtime.clockTrust === "synced" && d.now.wall >= authorisation.at;
    const ageMs = isKnown ? d.now.wall - authorisation.at : null;
    yield { kind: "query_op", op, compartment: compartment.id, ageMs };
  }
}

/** A stop that was asked for: the next start need not suspect anything. */
export function stop(d: Draft): void {
  const meta = metaOf(d);
  const wallFloor = d.runtime.clockTrust === "synced" ? d.now.wall : meta.wallFloor;
  d.put("meta", { ...meta, cleanStop: true, wallFloor });
}
