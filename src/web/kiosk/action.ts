import { idleOf } from "./idle.ts";
import { type DoorScene, type Screen, screenOf } from "./screen.ts";
import { currentOperation, type KioskState } from "./state.ts";

/** What a button does. Its words are `choice.<name>` of the catalogue. */
export type Choice =
  | "reopen"
  | "dispute"
  | "finish"
  | "someoneElse"
  | "confirm"
  | "cancel"
  | "another"
  | "resume"
  | "giveUp"
  | "later"
  | "signOut"
  | "back"
  | "courier"
  | "language"
  | "closeHelp"
  | "stay"
  | "startOver"
  | "sizeS"
  | "sizeM"
  | "sizeL";

export type Action = { readonly choice: Choice; readonly primary?: true; readonly disabled?: true };

export type Menu = {
  readonly actions: readonly Action[];
  /** Digits choose the buttons; where digits are typed they cannot. */
  readonly numbered: boolean;
};

/** The buttons of what lies on top, in the order of their numbers. */
export function menuOf(state: KioskState, nowMs: number): Menu {
  if (idleOf(state, nowMs).kind === "warning") {
    return { numbered: true, actions: [{ choice: "stay", primary: true }, { choice: "startOver" }] };
  }
  if (state.helpOpen) return { numbered: true, actions: helpActions(state) };
  return screenMenu(state, screenOf(state, nowMs));
}

function helpActions(state: KioskState): readonly Action[] {
  return [
    { choice: "closeHelp", primary: true },
    { choice: "language" },
    { choice: state.courier === null ? "courier" : "signOut" },
  ];
}

/** The buttons of a screen itself, whatever lies on top of it. */
export function screenMenu(state: KioskState, screen: Screen): Menu {
  switch (screen.kind) {
    case "connecting":
    case "replaced":
      return { numbered: true, actions: [] };
    case "code":
      return { numbered: false, actions: [{ choice: "courier" }] };
    case "paused":
      return { numbered: true, actions: [{ choice: "courier" }] };
    case "door":
      return { numbered: true, actions: doorActions(state, screen.scene, screen.abandoned) };
    case "disputed":
      return { numbered: true, actions: [{ choice: "finish", primary: true }] };
    case "sign_in":
      return { numbered: false, actions: [{ choice: "back" }] };
    case "unfinished":
      return {
        numbered: true,
        actions: [{ choice: "resume", primary: true }, { choice: "giveUp" }, { choice: "later" }],
      };
    case "parcel":
      return { numbered: false, actions: [{ choice: "signOut" }] };
    case "size":
      return { numbered: true, actions: [...sizeActions(screen.free), { choice: "back" }] };
  }
}

function sizeActions(free: { readonly S: number; readonly M: number; readonly L: number }): readonly Action[] {
  const sizes = [
    { choice: "sizeS", count: free.S },
    { choice: "sizeM", count: free.M },
    { choice: "sizeL", count: free.L },
  ] as const;
  return sizes.map(({ choice, count }) => (count > 0 ? { choice } : { choice, disabled: true }));
}

/** Nobody left at an open door but somebody else: all that is offered is to go on without it. */
function doorActions(state: KioskState, scene: DoorScene, abandoned: boolean): readonly Action[] {
  const mayReopen = currentOperation(state)?.mayReopen === true;
  const reopen: readonly Action[] = mayReopen ? [{ choice: "reopen" }] : [];
  const finish: Action = { choice: "finish", primary: true };
  switch (scene) {
    case "opening":
      return [];
    case "pickupOpen":
      return abandoned ? [{ choice: "someoneElse" }] : [{ choice: "dispute" }];
    case "pickupDisputed":
    case "depositCancelled":
    case "remoteOpen":
      return abandoned ? [{ choice: "someoneElse" }] : [];
    case "pickupClosed":
    case "pickupClosedFinal":
      return [finish, ...reopen, { choice: "dispute" }];
    case "pickupBlocked":
    case "pickupRejected":
    case "pickupInDoubt":
    case "remoteClosed":
    case "remoteFailed":
      return [finish];
    case "depositOpen":
    case "depositClosed":
    case "depositBlocked":
    case "depositRejected":
    case "depositInDoubt":
      return state.courier === null ? strandedActions(scene) : depositActions(scene, reopen);
  }
}

/** The courier who opened the door is signed out: they sign in again, or leave. */
function strandedActions(scene: DoorScene): readonly Action[] {
  return [{ choice: "courier", primary: true }, { choice: scene === "depositOpen" ? "someoneElse" : "finish" }];
}

function depositActions(scene: DoorScene, reopen: readonly Action[]): readonly Action[] {
  if (scene === "depositOpen") {
    return [{ choice: "confirm", disabled: true }, { choice: "reopen", disabled: true }, { choice: "cancel" }];
  }
  if (scene === "depositClosed") return [{ choice: "confirm", primary: true }, ...reopen, { choice: "cancel" }];
  return [{ choice: "another", primary: true }, ...reopen, { choice: "cancel" }];
}

/** Whether digits are typed into a field now. */
export function isTyping(state: KioskState, nowMs: number): boolean {
  return !menuOf(state, nowMs).numbered;
}
