import type { Fact } from "../contract/events.ts";
import type { AuthorisationId } from "../contract/ids.ts";
import type { EpochMs } from "../contract/time.ts";
import type { FoldChange, LockerState, RemoteOpen, RemoteOpenState } from "./fold-model.ts";

/** States in which no door has moved yet. A blocked or doubtful door may still spring open later. */
const BEFORE_OPENING: readonly RemoteOpenState[] = ["accepted", "blocked", "rejected", "in_doubt"];
/** `expired` is only the fleet's impatience: a locker that answers late is believed. */
const BEFORE_ACCEPTING: readonly RemoteOpenState[] = ["asked", "challenged", "expired"];

/** Moves remote opens by what the locker says became of them. The fleet alone never moves one to a door's state. */
export function foldRemoteOpen(state: LockerState, fact: Fact, at: EpochMs): readonly FoldChange[] {
  const { name, data } = fact;
  switch (name) {
    case "challenge.issued": {
      const open = state.remoteOpen.get(data.command);
      if (open?.state !== "asked" || open.compartment !== data.compartment) return [];
      return become(open, at, { state: "challenged", challenge: data.challenge });
    }
    case "command.accepted": {
      const open = byCommand(state, data.command);
      if (open === undefined || !BEFORE_ACCEPTING.includes(open.state)) return [];
      return become(open, at, { state: "accepted", authorisation: data.authorisation });
    }
    case "command.refused": {
      const open = byCommand(state, data.command);
      if (open === undefined || !BEFORE_ACCEPTING.includes(open.state)) return [];
      return become(open, at, { state: "refused", code: data.code });
    }
    case "door.opened":
      return unlockEnded(state, data.authorisation, at, { state: "opened" });
    case "unlock.blocked":
      return unlockEnded(state, data.authorisation, at, { state: "blocked" });
    case "unlock.rejected":
      return unlockEnded(state, data.authorisation, at, { state: "rejected", code: data.reason });
    case "unlock.in_doubt":
      return unlockEnded(state, data.authorisation, at, { state: "in_doubt" });
    case "door.closed":
      return [...state.remoteOpen.values()]
        .filter((open) => open.compartment === data.compartment && open.state === "opened")
        .flatMap((open) => become(open, at, { state: "closed" }));
    default:
      return [];
  }
}

const byCommand = (state: LockerState, command: string): RemoteOpen | undefined =>
  [...state.remoteOpen.values()].find((open) => open.command === command || open.openCommand === command);

function unlockEnded(
  state: LockerState,
  authorisation: AuthorisationId | null,
  at: EpochMs,
  next: Partial<RemoteOpen>,
): readonly FoldChange[] {
  if (authorisation === null) return [];
  const open = [...state.remoteOpen.values()].find((each) => each.authorisation === authorisation);
  return open === undefined || !BEFORE_OPENING.includes(open.state) ? [] : become(open, at, next);
}

/** What was known of an attempt before is dropped, unless the next state says it again. */
const become = (open: RemoteOpen, at: EpochMs, next: Partial<RemoteOpen>): readonly FoldChange[] => [
  { table: "remoteOpen", put: { ...open, code: null, ...next, changedAt: at } },
];
