import type { CompartmentId } from "../../contract/ids.ts";
import type { OpeningReply, SignedInReply } from "../../contract/kiosk-api.ts";
import type { WebProblem } from "../ui/post.ts";
import { unreachable } from "../ui/unreachable.ts";
import { sameParcelAgain } from "./choose.ts";
import type { Answer, Request } from "./request.ts";
import { currentOperation, EMPTY_PICKUP, type KioskState } from "./state.ts";
import { dismiss, nextParcel, withTask } from "./step.ts";

/** The locker has answered what was asked of it. */
export function answered(state: KioskState, request: Request, answer: Answer, nowMs: number): KioskState {
  if (request.kind === "touch" || request.kind === "sign_out") return state;
  const idle = { ...state, inFlight: null };
  switch (answer.kind) {
    case "problem":
      return refused(idle, request, answer.problem, nowMs);
    case "opening":
      return openingPromised(idle, request, answer.opening, nowMs);
    case "signed_in":
      return signedIn(idle, answer.signedIn, nowMs);
    case "done":
      return done(idle, request);
    default:
      return unreachable(answer);
  }
}

function openingPromised(state: KioskState, request: Request, reply: OpeningReply, nowMs: number): KioskState {
  const forCourier = request.kind === "start_deposit" || request.kind === "reopen_deposit";
  const opening = {
    atMs: nowMs,
    operation: {
      ...reply,
      purpose: forCourier ? ("deposit" as const) : ("pickup" as const),
      state: "opening" as const,
      depositState: null,
      mayReopen: false,
    },
  };
  const courier =
    state.courier === null
      ? null
      : {
          ...state.courier,
          parcelToken: request.kind === "start_deposit" ? request.parcelToken : "",
          unfinished: state.courier.unfinished.filter(({ deposit }) => deposit !== reply.deposit),
        };
  // The view may have told of this door before the reply did; then there is nothing left to promise.
  const seen = state.view?.snapshot.operation?.operation === reply.operation;
  const task = forCourier ? ({ kind: "parcel", token: "" } as const) : EMPTY_PICKUP;
  return { ...withTask(state, task), courier, opening: seen ? null : opening, extensionAsked: false };
}

function signedIn(state: KioskState, reply: SignedInReply, nowMs: number): KioskState {
  const courier = {
    session: reply.session,
    unfinished: reply.unfinished,
    parcelToken: "",
    touchSentMs: nowMs,
    confirmed: state.view?.snapshot.courierSignedIn === true,
  };
  const next = nextParcel({ ...state, courier });
  return reply.mayDeposit ? next : { ...next, problem: { code: "not_allowed" } };
}

function done(state: KioskState, request: Request): KioskState {
  switch (request.kind) {
    case "dispute_pickup": {
      const noted = withTask(state, { kind: "disputed", compartment: request.compartment });
      const operation = currentOperation(state);
      return operation?.state === "open" ? { ...noted, disputed: operation.operation } : dismiss(noted);
    }
    case "confirm_deposit": {
      const stored = flash(nextParcel(dismiss(state)), "stored", request.compartment);
      return request.nextToken === "" ? stored : { ...stored, task: { kind: "size", token: request.nextToken } };
    }
    case "cancel_deposit": {
      // An open door stays on the screen until it is shut, whatever became of the deposit behind it.
      if (currentOperation(state)?.state === "open") return dropUnfinished(state, request.deposit);
      const left = dropUnfinished(dismiss(state), request.deposit);
      return request.sameParcel ? sameParcelAgain(left) : flash(nextParcel(left), "cancelled", request.compartment);
    }
    default:
      return state;
  }
}

const flash = (state: KioskState, kind: "stored" | "cancelled", compartment: CompartmentId): KioskState => ({
  ...state,
  flash: { kind, compartment },
});

function dropUnfinished(state: KioskState, deposit: string): KioskState {
  if (state.courier === null) return state;
  const unfinished = state.courier.unfinished.filter((each) => each.deposit !== deposit);
  return { ...state, courier: { ...state.courier, unfinished } };
}

/** After these the typed digits are still worth something. */
const KEEPS_CODE = new Set(["bad_length", "bad_check_digit", "extension_needed", "unreachable"]);

function refused(state: KioskState, request: Request, problem: WebProblem, nowMs: number): KioskState {
  if (problem.code === "no_session") return sessionOver(state);
  switch (request.kind) {
    case "pickup":
    case "pickup_qr":
      return {
        ...state,
        problem,
        task: KEEPS_CODE.has(problem.code) ? state.task : EMPTY_PICKUP,
        extensionAsked: state.extensionAsked || problem.code === "extension_needed",
        pausedUntilMs: problem.code === "paused" ? nowMs + (problem.remainingMs ?? 0) : state.pausedUntilMs,
      };
    case "sign_in":
      return {
        ...withTask(state, {
          kind: "sign_in",
          step: "pin",
          typed: { courier: request.courier, pin: "", totp: "" },
        }),
        problem,
      };
    case "start_deposit":
      return problem.code === "parcel_already_stored" || problem.code === "parcel_finished"
        ? { ...withTask(state, { kind: "parcel", token: "" }), problem }
        : { ...state, problem };
    default:
      return { ...state, problem };
  }
}

/** The locker has ended the courier's session. What they left is offered again after they sign in. */
export function sessionOver(state: KioskState): KioskState {
  return {
    ...withTask(dismiss(state), { kind: "sign_in", step: "courier", typed: { courier: "", pin: "", totp: "" } }),
    courier: null,
    problem: { code: "no_session" },
  };
}
