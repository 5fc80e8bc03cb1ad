import type { Size } from "../../contract/ids.ts";
import { otherLanguage } from "../ui/language.ts";
import { type Choice, menuOf } from "./action.ts";
import { currentOperation, flowOf, type KioskState } from "./state.ts";
import { ask, dismiss, nextParcel, type Step, startOver, stay, withTask } from "./step.ts";

/** A button was pressed. One that is not on the screen any more, or disabled, does nothing. */
export function choose(state: KioskState, choice: Choice, nowMs: number): Step {
  const action = menuOf(state, nowMs).actions.find((each) => each.choice === choice);
  return action === undefined || action.disabled === true ? stay(state) : perform(state, choice, nowMs);
}

function perform(state: KioskState, choice: Choice, nowMs: number): Step {
  switch (choice) {
    case "stay":
      return stay({ ...state, touchedMs: nowMs });
    case "language":
      return stay({ ...state, language: otherLanguage(state.language) });
    case "closeHelp":
      return stay({ ...state, helpOpen: false });
    case "startOver":
    case "finish":
    case "signOut":
      return startOver(state, nowMs);
    case "someoneElse":
      return startOver(dismiss(state), nowMs);
    case "courier":
      return stay(beginSignIn(state));
    case "back":
      return state.task.kind === "size"
        ? stay(withTask(state, { kind: "parcel", token: "" }))
        : startOver(state, nowMs);
    case "sizeS":
      return startDeposit(state, "S");
    case "sizeM":
      return startDeposit(state, "M");
    case "sizeL":
      return startDeposit(state, "L");
    case "later":
      return stay(skipUnfinished(state));
    case "resume":
    case "giveUp":
      return settleUnfinished(state, choice);
    case "reopen":
    case "dispute":
    case "confirm":
    case "cancel":
    case "another":
      return atDoor(state, choice);
  }
}

function beginSignIn(state: KioskState): KioskState {
  const left = dismiss({ ...state, helpOpen: false });
  return withTask(left, { kind: "sign_in", step: "courier", typed: { courier: "", pin: "", totp: "" } });
}

function startDeposit(state: KioskState, size: Size): Step {
  if (state.task.kind !== "size" || state.courier === null) return stay(state);
  return ask(state, {
    kind: "start_deposit",
    session: state.courier.session,
    parcelToken: state.task.token,
    size,
  });
}

function skipUnfinished(state: KioskState): KioskState {
  if (state.courier === null) return state;
  return nextParcel({ ...state, courier: { ...state.courier, unfinished: state.courier.unfinished.slice(1) } });
}

function settleUnfinished(state: KioskState, choice: "resume" | "giveUp"): Step {
  const [first] = state.courier?.unfinished ?? [];
  if (state.courier === null || first === undefined) return stay(state);
  const named = { session: state.courier.session, ...first };
  return ask(
    state,
    choice === "resume"
      ? { kind: "reopen_deposit", ...named }
      : { kind: "cancel_deposit", sameParcel: false, ...named },
  );
}

function atDoor(state: KioskState, choice: "reopen" | "dispute" | "confirm" | "cancel" | "another"): Step {
  const operation = currentOperation(state);
  if (operation?.deposit == null) return stay(state);
  const { deposit, compartment } = operation;
  if (flowOf(operation) === "pickup") {
    if (choice === "reopen") return ask(state, { kind: "reopen_pickup", deposit });
    return choice === "dispute" ? ask(state, { kind: "dispute_pickup", deposit, compartment }) : stay(state);
  }
  if (state.courier === null) return stay(state);
  const named = { session: state.courier.session, deposit, compartment };
  switch (choice) {
    case "reopen":
      return ask(state, { kind: "reopen_deposit", ...named });
    case "confirm":
      return ask(state, { kind: "confirm_deposit", nextToken: "", ...named });
    case "cancel":
      return ask(state, { kind: "cancel_deposit", sameParcel: false, ...named });
    case "another":
      return operation.depositState === "cancelled"
        ? stay(sameParcelAgain(dismiss(state)))
        : ask(state, { kind: "cancel_deposit", sameParcel: true, ...named });
    case "dispute":
      return stay(state);
  }
}

/** The parcel in the courier's hand, looking for another compartment. */
export function sameParcelAgain(state: KioskState): KioskState {
  const token = state.courier?.parcelToken ?? "";
  return token === "" ? nextParcel(state) : withTask(state, { kind: "size", token });
}
