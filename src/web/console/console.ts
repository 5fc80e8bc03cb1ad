import type { RemoteOpenStatus } from "../../contract/fleet-api.ts";
import type { CompartmentId, LockerHandle } from "../../contract/ids.ts";
import { LANGUAGES, type Language, preferredLanguage } from "../ui/language.ts";
import { send } from "../ui/post.ts";
import { speak } from "../ui/translate.ts";
import { createFeed, type Feed } from "./feed.ts";

export type Console = Pick<Feed, "session" | "lockers" | "witnessed" | "lostAtMs"> & {
  readonly signIn: (key: string) => Promise<void>;
  readonly signOut: () => Promise<void>;
  /** Asks for a door. @returns the code of a refusal, or null: the outcome comes by the stream. */
  readonly openDoor: (locker: LockerHandle, compartment: CompartmentId, reason: string) => Promise<string | null>;
  readonly chooseLanguage: (language: Language) => void;
};

const LANGUAGE_KEY = "lockerd.language";

/** Connects the page to the fleet. */
export function startConsole(): Console {
  const kept = LANGUAGES.find((language) => language === localStorage.getItem(LANGUAGE_KEY));
  speak(kept ?? preferredLanguage(navigator.languages));
  const feed = createFeed();
  void feed.resume();
  return {
    ...feed,
    async signIn(key) {
      const answer = await send("POST", "/console/session", { body: { key } });
      if (answer.ok) feed.enter(answer.body);
      else feed.leave(answer.status === 0 ? "unreachable" : "wrong");
    },
    async signOut() {
      await send("DELETE", "/console/session");
      feed.leave(null);
    },
    async openDoor(locker, compartment, reason) {
      const path = `/v1/lockers/${locker}/compartments/${compartment}/open`;
      const answer = await send("POST", path, { body: { reason } });
      if (!answer.ok) return answer.problem.code;
      feed.note([answer.body as RemoteOpenStatus]);
      return null;
    },
    chooseLanguage(language) {
      localStorage.setItem(LANGUAGE_KEY, language);
      speak(language);
    },
  };
}
