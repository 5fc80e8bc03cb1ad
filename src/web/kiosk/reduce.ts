import type { KioskView } from "../../contract/kiosk-api.ts";
import type { Language } from "../ui/language.ts";
import { unreachable } from "../ui/unreachable.ts";
import { type Choice, menuOf } from "./action.ts";
import { answered } from "./answered.ts";
import { choose } from "./choose.ts";
import { idleOf } from "./idle.ts";
import type { Answer, Request } from "./request.ts";
import { scan } from "./scan.ts";
import { seen } from "./seen.ts";
import type { KioskState } from "./state.ts";
import { type Step, startOver, stay } from "./step.ts";
import { acceptTyped, eraseCharacter, typeCharacter } from "./typing.ts";

export type KioskEvent =
  | { readonly kind: "view"; readonly view: KioskView }
  | { readonly kind: "stream_lost" }
  | { readonly kind: "replaced" }
  | { readonly kind: "tick" }
  | { readonly kind: "answered"; readonly request: Request; readonly answer: Answer }
  | PersonEvent;

/** What a person did. */
type PersonEvent =
  | { readonly kind: "touch" }
  | { readonly kind: "character"; readonly character: string }
  | { readonly kind: "erase" }
  | { readonly kind: "accept" }
  | { readonly kind: "escape" }
  | { readonly kind: "help" }
  | { readonly kind: "speak"; readonly language: Language }
  | { readonly kind: "scan"; readonly text: string }
  | { readonly kind: "choose"; readonly choice: Choice };

/** A courier's session is told of their touches, but not of each. */
const TOUCH_EVERY_MS = 5_000;

/** Everything the page does: the state and the event decide, nothing else. */
export function reduce(state: KioskState, event: KioskEvent, nowMs: number): Step {
  switch (event.kind) {
    case "view":
      return stay(seen(state, event.view, nowMs));
    case "stream_lost":
      return stay({ ...state, lostAtMs: state.lostAtMs ?? nowMs });
    case "replaced":
      return stay({ ...state, replaced: true });
    case "tick":
      return idleOf(state, nowMs).kind === "over" ? blank(state, nowMs) : stay(state);
    case "answered":
      return stay(answered(state, event.request, event.answer, nowMs));
    default:
      return touched(personDid(state, event, nowMs), nowMs);
  }
}

/** Nobody is there any more: the next person finds the screen as it was meant, in the locker's own language. */
function blank(state: KioskState, nowMs: number): Step {
  const step = startOver(state, nowMs);
  return { ...step, state: { ...step.state, language: state.defaultLanguage } };
}

function personDid(state: KioskState, event: PersonEvent, nowMs: number): Step {
  switch (event.kind) {
    case "touch":
      return stay(state);
    case "character":
      return typedOrChosen(state, event.character, nowMs);
    case "erase":
      return stay(menuOf(state, nowMs).numbered ? state : eraseCharacter(state));
    case "accept":
      return accept(state, nowMs);
    case "escape":
      return state.helpOpen ? stay({ ...state, helpOpen: false }) : startOver(state, nowMs);
    case "help":
      return stay({ ...state, helpOpen: true });
    case "speak":
      return stay({ ...state, language: event.language });
    case "scan":
      return scan({ ...state, helpOpen: false }, event.text, nowMs);
    case "choose":
      return choose(state, event.choice, nowMs);
    default:
      return unreachable(event);
  }
}

/** A digit is typed where digits are typed; elsewhere it presses the button with that number, and 0 asks for help. */
function typedOrChosen(state: KioskState, character: string, nowMs: number): Step {
  const { numbered, actions } = menuOf(state, nowMs);
  if (!numbered) return stay(typeCharacter(state, character, nowMs));
  if (character === "0") return stay({ ...state, helpOpen: true });
  const action = actions[Number(character) - 1];
  return action === undefined ? stay(state) : choose(state, action.choice, nowMs);
}

function accept(state: KioskState, nowMs: number): Step {
  const { numbered, actions } = menuOf(state, nowMs);
  if (!numbered) return acceptTyped(state, nowMs);
  const primary = actions.find((action) => action.primary === true);
  return primary === undefined ? stay(state) : choose(state, primary.choice, nowMs);
}

function touched({ state, requests }: Step, nowMs: number): Step {
  const present = { ...state, touchedMs: nowMs };
  const { courier } = present;
  if (courier === null || nowMs - courier.touchSentMs < TOUCH_EVERY_MS) return { state: present, requests };
  return {
    state: { ...present, courier: { ...courier, touchSentMs: nowMs } },
    requests: [...requests, { kind: "touch", session: courier.session }],
  };
}
