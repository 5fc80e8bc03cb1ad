import type { Purpose } from "../../contract/events.ts";
import { depositClosed, depositFailed, depositInDoubt, depositOpened, reopenFailed } from "./deposit.ts";
import type { Draft } from "./draft.ts";
import type { Authorisation } from "./model.ts";
import { pickupCleared, pickupClosed, pickupFailed, pickupInDoubt, pickupOpened } from "./pickup.ts";
import { remoteCleared, remoteInDoubt, remoteOpened } from "./remote.ts";

type Reaction = (d: Draft, authorisation: Authorisation) => void;

const nothing: Reaction = () => undefined;

/** What becomes of an opening means to the flow that asked for it. */
export const outcomes = {
  deposit: {
    opened: depositOpened,
    closed: depositClosed,
    failed: depositFailed,
    inDoubt: depositInDoubt,
    cleared: nothing,
  },
  reopen: {
    opened: depositOpened,
    closed: depositClosed,
    failed: reopenFailed,
    inDoubt: depositInDoubt,
    cleared: nothing,
  },
  pickup: {
    opened: pickupOpened,
    closed: pickupClosed,
    failed: pickupFailed,
    inDoubt: pickupInDoubt,
    cleared: pickupCleared,
  },
  remote: {
    opened: remoteOpened,
    closed: nothing,
    failed: nothing,
    inDoubt: remoteInDoubt,
    cleared: remoteCleared,
  },
} as const satisfies Record<
  Purpose,
  {
    /** Its door was sensed open. */
    readonly opened: Reaction;
    /** Its door was sensed closed after having been open. */
    readonly closed: Reaction;
    /** Its door certainly did not open. */
    readonly failed: Reaction;
    /** Nobody knows whether its door opened. */
    readonly inDoubt: Reaction;
    /** A doubt is over: the board remembers that nothing moved. */
    readonly cleared: Reaction;
  }
>;
