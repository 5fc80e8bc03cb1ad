import { type Signal, signal } from "@preact/signals";
import type { LockerList, LockerView, RemoteOpenStatus } from "../../contract/fleet-api.ts";
import type { CompartmentId, LockerHandle } from "../../contract/ids.ts";
import { listen } from "../ui/event-stream.ts";
import { LANGUAGES, type Language, preferredLanguage } from "../ui/language.ts";
import { send } from "../ui/post.ts";
import { speak } from "../ui/translate.ts";
import { type Witnessed, witness } from "./trail.ts";

export type Session =
  | { readonly kind: "checking" }
  | { readonly kind: "signed_out"; readonly problem: string | null }
  | { readonly kind: "signed_in"; readonly operator: string };

export type Console = {
  readonly session: Signal<Session>;
  /** Null until the fleet has told of the first. */
  readonly lockers: Signal<ReadonlyMap<LockerHandle, LockerView> | null>;
  readonly witnessed: Signal<ReadonlyMap<string, Witnessed>>;
  /** Since when the fleet has not been heard, or null. */
  readonly lostAtMs: Signal<number | null>;
  readonly signIn: (key: string) => Promise<void>;
  readonly signOut: () => Promise<void>;
  /** Asks for a door. @returns the code of a refusal, or null: the outcome comes by the stream. */
  readonly openDoor: (locker: LockerHandle, compartment: CompartmentId, reason: string) => Promise<string | null>;
  readonly chooseLanguage: (language: Language) => void;
};

const LANGUAGE_KEY = "lockerd.language";

/** Connects the page to the fleet. Signed out, it knows of nothing. */
export function startConsole(): Console {
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
  const seen = (view: LockerView): void => {
    lostAtMs.value = null;
    lockers.value = new Map(lockers.peek()).set(view.locker, view);
    note(view.remoteOpens);
  };
  const leave = (problem: string | null): void => {
    stop();
    lockers.value = null;
    lostAtMs.value = null;
    session.value = { kind: "signed_out", problem };
  };
  const check = async (): Promise<"open" | "wait" | "stop"> => {
    const answer = await send("GET", "/console/session");
    if (answer.ok) return enter((answer.body as { readonly operator: string }).operator);
    if (answer.status !== 401 && answer.status !== 403) return "wait";
    leave(null);
    return "stop";
  };
  const enter = (operator: string): "open" => {
    session.value = { kind: "signed_in", operator };
    return "open";
  };
  const load = async (): Promise<void> => {
    const answer = await send("GET", "/v1/lockers");
    if (answer.ok) for (const view of (answer.body as LockerList).lockers) seen(view);
    // A fleet without lockers has nothing to stream: it is empty, not slow.
    if (answer.ok) lockers.value = lockers.peek() ?? new Map();
  };
  const follow = (): void => {
    stop();
    void load();
    stop = listen("/v1/stream", {
      events: { locker: (view) => seen(view as LockerView) },
      onLost: () => {
        lostAtMs.value = lostAtMs.peek() ?? Date.now();
      },
      renew: check,
    });
  };

  void startSession(check, follow);
  return {
    session,
    lockers,
    witnessed,
    lostAtMs,
    async signIn(key) {
      const answer = await send("POST", "/console/session", { body: { key } });
      if (!answer.ok) return leave(answer.status === 0 ? "unreachable" : "wrong");
      enter((answer.body as { readonly operator: string }).operator);
      follow();
    },
    async signOut() {
      await send("DELETE", "/console/session");
      leave(null);
    },
    async openDoor(locker, compartment, reason) {
      const path = `/v1/lockers/${locker}/compartments/${compartment}/open`;
      const answer = await send("POST", path, { body: { reason } });
      if (!answer.ok) return answer.problem.code;
      note([answer.body as RemoteOpenStatus]);
      return null;
    },
    chooseLanguage(language) {
      localStorage.setItem(LANGUAGE_KEY, language);
      speak(language);
    },
  };
}

async function startSession(check: () => Promise<"open" | "wait" | "stop">, follow: () => void): Promise<void> {
  const kept = LANGUAGES.find((language) => language === localStorage.getItem(LANGUAGE_KEY));
  speak(kept ?? preferredLanguage(navigator.languages));
  if ((await check()) === "stop") return;
  follow();
}
