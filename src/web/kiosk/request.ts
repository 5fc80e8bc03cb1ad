import type { CompartmentId, DepositId, Size } from "../../contract/ids.ts";
import type { OpeningReply, SignedInReply } from "../../contract/kiosk-api.ts";
import type { WebProblem } from "../ui/post.ts";

/** A deposit of the courier, as named in calls about it. */
type OwnDeposit = { readonly session: string; readonly deposit: DepositId; readonly compartment: CompartmentId };

/** What the page asks of the locker. One at a time, except `touch` and `sign_out`, which nobody waits for. */
export type Request =
  | { readonly kind: "pickup"; readonly code: string }
  | { readonly kind: "pickup_qr"; readonly token: string }
  | { readonly kind: "reopen_pickup"; readonly deposit: DepositId }
  | { readonly kind: "dispute_pickup"; readonly deposit: DepositId; readonly compartment: CompartmentId }
  | { readonly kind: "sign_in"; readonly courier: string; readonly pin: string; readonly totp: string }
  | { readonly kind: "start_deposit"; readonly session: string; readonly parcelToken: string; readonly size: Size }
  /** `nextToken` is the next parcel's, when scanning it was the confirmation. */
  | ({ readonly kind: "confirm_deposit"; readonly nextToken: string } & OwnDeposit)
  /** `sameParcel`: another compartment is wanted for it. */
  | ({ readonly kind: "cancel_deposit"; readonly sameParcel: boolean } & OwnDeposit)
  | ({ readonly kind: "reopen_deposit" } & OwnDeposit)
  | { readonly kind: "touch"; readonly session: string }
  | { readonly kind: "sign_out"; readonly session: string };

export type Answer =
  | { readonly kind: "opening"; readonly opening: OpeningReply }
  | { readonly kind: "signed_in"; readonly signedIn: SignedInReply }
  | { readonly kind: "done" }
  | { readonly kind: "problem"; readonly problem: WebProblem };

/** The HTTP call of a request. */
export type Call = { readonly path: string; readonly body?: object; readonly session?: string };

export function callOf(request: Request): Call {
  switch (request.kind) {
    case "pickup":
      return { path: "/kiosk/v1/pickup", body: { code: request.code } };
    case "pickup_qr":
      return { path: "/kiosk/v1/pickup/qr", body: { token: request.token } };
    case "reopen_pickup":
      return { path: `/kiosk/v1/pickups/${request.deposit}/reopen` };
    case "dispute_pickup":
      return { path: `/kiosk/v1/pickups/${request.deposit}/dispute` };
    case "sign_in": {
      const { courier, pin, totp } = request;
      return { path: "/kiosk/v1/courier/sign-in", body: { courier, pin, totp } };
    }
    case "start_deposit": {
      const { session, parcelToken, size } = request;
      return { path: "/kiosk/v1/courier/deposits", body: { parcelToken, size }, session };
    }
    case "confirm_deposit":
      return { path: `/kiosk/v1/courier/deposits/${request.deposit}/confirm`, session: request.session };
    case "cancel_deposit":
      return { path: `/kiosk/v1/courier/deposits/${request.deposit}/cancel`, session: request.session };
    case "reopen_deposit":
      return { path: `/kiosk/v1/courier/deposits/${request.deposit}/reopen`, session: request.session };
    case "touch":
      return { path: "/kiosk/v1/courier/touch", session: request.session };
    case "sign_out":
      return { path: "/kiosk/v1/courier/sign-out", session: request.session };
  }
}

/** Reads the body of a successful reply by what was asked. */
export function answerOf(request: Request, body: unknown): Answer {
  switch (request.kind) {
    case "pickup":
    case "pickup_qr":
    case "reopen_pickup":
    case "start_deposit":
    case "reopen_deposit":
      return { kind: "opening", opening: body as OpeningReply };
    case "sign_in":
      return { kind: "signed_in", signedIn: body as SignedInReply };
    case "dispute_pickup":
    case "confirm_deposit":
    case "cancel_deposit":
    case "touch":
    case "sign_out":
      return { kind: "done" };
  }
}
