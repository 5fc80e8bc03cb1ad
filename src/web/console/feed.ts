import { type Signal, signal } from "@preact/signals";
import type { ConsoleSession, LockerList, LockerView, RemoteOpenStatus } from "../../contract/fleet-api.ts";
import type { LockerHandle } from "../../contract/ids.ts";
import { listen } from "../ui/event-stream.ts";
import { send } from "../ui/post.ts";
import { type Witnessed, witness } from "./trail.ts";

export type Session =
  | { readonly kind: "checking" }
  | { readonly kind: "signed_out"; readonly problem: "wrong" | "unreachable" | null }
  | { readonly kind: "signed_in"; readonly operator: string };

export type Feed = {
  readonly session: Signal<Session>;
  /** Null until the fleet has told of its lockers. */
  readonly lockers: Signal<ReadonlyMap<LockerHandle, LockerView> | null>;
  readonly witnessed: Signal<ReadonlyMap<string, Witnessed>>;
  /** Since when the fleet has not been heard, or null. */
  readonly lostAtMs: Signal<number | null>;
  /** Goes on with the session of the cookie, if there is one. */
  readonly resume: () => Promise<void>;
  /** Begins with the session the fleet has just answered. */
  readonly enter: (session: unknown) => void;
  readonly leave: (problem: "wrong" | "unreachable" | null) => void;
  readonly note: (statuses: readonly RemoteOpenStatus[]) => void;
};

/** What the fleet tells the page. Signed out, it knows of nothing. */
export function createFeed(): Feed {
  const session = signal<Session>({ kind: "checking" });
  const lockers = signal<ReadonlyMap<LockerHandle, LockerView> | null>(null);
  const witnessed = signal<ReadonlyMap<string, Witnessed>>(new Map());
  const lostAtMs = signal<number | null>(null);
  let stop = (): void => undefined;

  const note = (statuses: readonly RemoteOpenStatus[]): void => {
    const next = new Map(witnessed.peek());
    for (const status of statuses) next.set(status.command, witness(next.get(status.command), status));
    witnessed.value = next;
  };
  const seen = (views: readonly LockerView[]): void => {
    lostAtMs.value = null;
    const next = new Map(lockers.peek());
    for (const view of views) next.set(view.locker, view);
    lockers.value = next;
    note(views.flatMap(({ remoteOpens }) => remoteOpens));
  };
  const leave: Feed["leave"] = (problem) => {
    stop();
    lockers.value = null;
    lostAtMs.value = null;
    session.value = { kind: "signed_out", problem };
  };
  const renew = async (): Promise<"open" | "wait" | "stop"> => {
    const answer = await send("GET", "/console/session");
    if (answer.ok) return "open";
    if (answer.status !== 401 && answer.status !== 403) return "wait";
    leave(null);
    return "stop";
  };
  const onLost = (): void => {
    lostAtMs.value = lostAtMs.peek() ?? Date.now();
  };
  const enter: Feed["enter"] = (body) => {
    stop();
    session.value = { kind: "signed_in", operator: (body as ConsoleSession).operator };
    // A fleet without lockers has nothing to stream: the list tells that it is empty, not slow.
    void listLockers().then((views) => views !== null && seen(views));
    stop = listen("/v1/stream", { events: { locker: (view) => seen([view as LockerView]) }, onLost, renew });
  };
  const resume = async (): Promise<void> => {
    const answer = await send("GET", "/console/session");
    if (answer.ok) enter(answer.body);
    else leave(answer.status === 0 ? "unreachable" : null);
  };
  return { session, lockers, witnessed, lostAtMs, resume, enter, leave, note };
}

async function listLockers(): Promise<readonly LockerView[] | null> {
  const answer = await send("GET", "/v1/lockers");
  return answer.ok ? (answer.body as LockerList).lockers : null;
}
