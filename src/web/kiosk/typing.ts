import { CODE_DIGITS, dammDigit, parseTypedCode } from "../../contract/pickup-code.ts";
import { cleanParcelToken, PARCEL_TOKEN_CHARACTERS } from "./parcel-token.ts";
import { digitsWanted, pauseLeftMs } from "./screen.ts";
import { signInDigits } from "./sign-in-fields.ts";
import type { KioskState, SignInStep, Task } from "./state.ts";
import { ask, type Step, stay, withProblem, withTask } from "./step.ts";

/** How long the digits are shown again when one of them is wrong, to be compared with the message. */
const SHOWN_AGAIN_MS = 8_000;

type Typing<Kind extends Task["kind"]> = Extract<Task, { readonly kind: Kind }>;

/** One character from the keypad, the keys on the screen, or a keyboard. What does not belong in the field is ignored. */
export function typeCharacter(state: KioskState, character: string, nowMs: number): KioskState {
  const { task } = state;
  switch (task.kind) {
    case "pickup":
      return /^\d$/.test(character) ? typeCodeDigit(state, task, character, nowMs) : state;
    case "sign_in":
      return /^\d$/.test(character) ? typeSignInDigit(state, task, character) : state;
    case "parcel": {
      const token = (task.token + cleanParcelToken(character)).slice(0, PARCEL_TOKEN_CHARACTERS);
      return withTask(state, { kind: "parcel", token });
    }
    case "disputed":
    case "unfinished":
    case "size":
      return state;
  }
}

function typeCodeDigit(state: KioskState, task: Typing<"pickup">, digit: string, nowMs: number): KioskState {
  if (pauseLeftMs(state, nowMs) > 0 || task.digits.length >= digitsWanted(state)) return state;
  const digits = [...task.digits, { digit, atMs: nowMs }];
  const typed = withTask(state, { ...task, digits });
  // The check digit tells of a slip before anything is asked, so a slip costs no guess.
  const code = digits.map((each) => each.digit).join("");
  const slipped = digits.length === CODE_DIGITS && dammDigit(code) !== "0";
  return slipped ? showSlip(typed, nowMs) : typed;
}

function showSlip(state: KioskState, nowMs: number): KioskState {
  if (state.task.kind !== "pickup") return state;
  return withProblem({ ...state, task: { ...state.task, shownUntilMs: nowMs + SHOWN_AGAIN_MS } }, "bad_check_digit");
}

function typeSignInDigit(state: KioskState, task: Typing<"sign_in">, digit: string): KioskState {
  const before = task.typed[task.step];
  if (before.length >= signInDigits[task.step].max) return state;
  return withTask(state, { ...task, typed: { ...task.typed, [task.step]: before + digit } });
}

export function eraseCharacter(state: KioskState): KioskState {
  const { task } = state;
  switch (task.kind) {
    case "pickup":
      return withTask(state, { ...task, digits: task.digits.slice(0, -1), shownUntilMs: 0 });
    case "sign_in":
      return withTask(state, { ...task, typed: { ...task.typed, [task.step]: task.typed[task.step].slice(0, -1) } });
    case "parcel":
      return withTask(state, { ...task, token: task.token.slice(0, -1) });
    case "disputed":
    case "unfinished":
    case "size":
      return state;
  }
}

/** OK, or Enter: what was typed is taken. With nothing typed it leads to the help. */
export function acceptTyped(state: KioskState, nowMs: number): Step {
  const { task } = state;
  switch (task.kind) {
    case "pickup":
      return acceptCode(state, task, nowMs);
    case "sign_in":
      return acceptSignIn(state, task);
    case "parcel":
      return task.token === "" ? stay({ ...state, helpOpen: true }) : stay(acceptParcelToken(state, task.token));
    case "disputed":
    case "unfinished":
    case "size":
      return stay(state);
  }
}

function acceptCode(state: KioskState, task: Typing<"pickup">, nowMs: number): Step {
  if (task.digits.length === 0) return stay({ ...state, helpOpen: true });
  if (pauseLeftMs(state, nowMs) > 0) return stay(state);
  if (task.digits.length < digitsWanted(state)) return stay(withProblem(state, "bad_length"));
  const code = task.digits.map(({ digit }) => digit).join("");
  const parsed = parseTypedCode(code);
  if (parsed.ok) return ask(state, { kind: "pickup", code });
  return stay(parsed.error.code === "bad_check_digit" ? showSlip(state, nowMs) : withProblem(state, "bad_length"));
}

const nextStep: { readonly [Step in SignInStep]: SignInStep | null } = { courier: "pin", pin: "totp", totp: null };

function acceptSignIn(state: KioskState, task: Typing<"sign_in">): Step {
  if (task.typed[task.step].length < signInDigits[task.step].min) {
    return stay(withProblem(state, "missing_digits"));
  }
  const step = nextStep[task.step];
  return step === null ? ask(state, { kind: "sign_in", ...task.typed }) : stay(withTask(state, { ...task, step }));
}

export function acceptParcelToken(state: KioskState, text: string): KioskState {
  const token = cleanParcelToken(text);
  return token.length === PARCEL_TOKEN_CHARACTERS
    ? withTask(state, { kind: "size", token })
    : withProblem(withTask(state, { kind: "parcel", token: "" }), "bad_token");
}
