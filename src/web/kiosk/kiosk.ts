import { type Signal, signal } from "@preact/signals";
import type { KioskView } from "../../contract/kiosk-api.ts";
import { listen } from "../ui/event-stream.ts";
import { preferredLanguage } from "../ui/language.ts";
import { send } from "../ui/post.ts";
import { speak } from "../ui/translate.ts";
import { isTyping } from "./action.ts";
import { listenToKeys } from "./keyboard.ts";
import { type KioskEvent, reduce } from "./reduce.ts";
import { type Answer, answerOf, callOf, type Request } from "./request.ts";
import { initialState, type KioskState } from "./state.ts";

export type Kiosk = {
  readonly state: Signal<KioskState>;
  readonly nowMs: Signal<number>;
  readonly dispatch: (event: KioskEvent) => void;
};

/** How often the screen looks at the clock: digits are masked and pauses counted down by it. */
const TICK_MS = 250;

/** Reads as wall time and never jumps. */
const clockMs = (): number => performance.timeOrigin + performance.now();

/** Connects the pure machine to the locker, the keyboard and the clock. */
export function startKiosk(): Kiosk {
  const nowMs = signal(clockMs());
  const state = signal(initialState(preferredLanguage(navigator.languages), nowMs.value));

  const dispatch = (event: KioskEvent): void => {
    nowMs.value = clockMs();
    const step = reduce(state.peek(), event, nowMs.peek());
    state.value = step.state;
    if (step.state.language !== document.documentElement.lang) speak(step.state.language);
    for (const request of step.requests) void carryOut(request).then(dispatch);
  };

  speak(state.peek().language);
  const stop = listen("/kiosk/v1/events", {
    events: {
      view: (view) => dispatch({ kind: "view", view: view as KioskView }),
      // A newer page has taken the stream over. Taking it back would set the two against each other for ever.
      problem: () => {
        stop();
        dispatch({ kind: "replaced" });
      },
    },
    onLost: () => dispatch({ kind: "stream_lost" }),
    renew: renewPage,
  });
  listenToKeys({ nowMs: clockMs, isTyping: () => isTyping(state.peek(), clockMs()), dispatch });
  setInterval(() => dispatch({ kind: "tick" }), TICK_MS);
  return { state, nowMs, dispatch };
}

/** A locker that has started anew no longer knows this page: asking for it again brings its cookie, or a newer page. */
async function renewPage(): Promise<"open" | "wait"> {
  try {
    const response = await fetch("/", { cache: "no-store" });
    const name = new URL(import.meta.url).pathname.split("/").pop() ?? "";
    if (response.ok && !(await response.text()).includes(name)) location.reload();
    return response.ok ? "open" : "wait";
  } catch {
    return "wait";
  }
}

async function carryOut(request: Request): Promise<KioskEvent> {
  const { path, body, session } = callOf(request);
  const posted = await send("POST", path, { body, ...(session && { headers: { "x-courier-session": session } }) });
  const answer: Answer = posted.ok ? answerOf(request, posted.body) : { kind: "problem", problem: posted.problem };
  return { kind: "answered", request, answer };
}
