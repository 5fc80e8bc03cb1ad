import { cleanParcelToken, PARCEL_TOKEN_CHARACTERS } from "./parcel-token.ts";
import { currentOperation, EMPTY_PICKUP, flowOf, type KioskState } from "./state.ts";
import { ask, type Step, stay, withProblem, withTask } from "./step.ts";
import { acceptParcelToken, acceptTyped } from "./typing.ts";

/** The QR code of a notice: 128 bits in base64url. */
const QR_TOKEN = /^[A-Za-z0-9_-]{22}$/;

const isParcelToken = (text: string): boolean => cleanParcelToken(text).length === PARCEL_TOKEN_CHARACTERS;

/** Text of a form some screen waits for, whole even without the Enter most scanners end with. */
export const isWholeScan = (text: string): boolean => QR_TOKEN.test(text) || isParcelToken(text);

/**
 * Text that arrived as fast as a scanner types. Each screen takes the one form it waits for and refuses the rest. Bare
 * digits may come from quick fingers as well; they stand in the field already.
 */
export function scan(state: KioskState, text: string, nowMs: number): Step {
  if (currentOperation(state) !== null) return scanAtDoor(state, text);
  const { task } = state;
  switch (task.kind) {
    case "pickup":
    case "disputed":
      return /^\d+$/.test(text) ? acceptTyped(state, nowMs) : scanPickup(withTask(state, EMPTY_PICKUP), text);
    case "sign_in":
      return acceptTyped(state, nowMs);
    case "parcel":
      return stay(acceptParcelToken(state, isParcelToken(text) ? text : task.token));
    case "size":
      return stay(isParcelToken(text) ? acceptParcelToken(state, text) : state);
    case "unfinished":
      return stay(state);
  }
}

const scanPickup = (home: KioskState, text: string): Step =>
  QR_TOKEN.test(text) ? ask(home, { kind: "pickup_qr", token: text }) : stay(withProblem(home, "unknown_scan"));

/** The next parcel's label, scanned at a door that has been shut, says that the last one is in. */
function scanAtDoor(state: KioskState, text: string): Step {
  const operation = currentOperation(state);
  if (operation?.deposit == null || state.courier === null || flowOf(operation) !== "deposit") return stay(state);
  if (operation.state === "open") {
    return stay({ ...state, problem: { code: "door_not_closed", compartment: operation.compartment } });
  }
  if (operation.state !== "closed") return stay(state);
  if (!isParcelToken(text)) return stay(withProblem(state, "bad_token"));
  const { deposit, compartment } = operation;
  const { session } = state.courier;
  return ask(state, { kind: "confirm_deposit", session, deposit, compartment, nextToken: cleanParcelToken(text) });
}
