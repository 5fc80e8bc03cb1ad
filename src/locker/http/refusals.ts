import type { Refusal } from "../domain/output.ts";

/** What a problem says besides its code: the HTTP status, what it is, and what to do about it. */
export type ProblemText = { readonly status: number; readonly title: string; readonly detail: string };

/** Every refusal of the domain. Pages translate by `code`; these sentences are for people who read the API. */
export const refusals = {
  unknown_code: {
    status: 404,
    title: "This code does not open anything here",
    detail: "Compare the code, and the locker's name and address, with your message.",
  },
  code_finished: {
    status: 410,
    title: "This parcel is no longer here",
    detail: "The code was used or withdrawn. If that was not you, call the number on the locker.",
  },
  extension_needed: {
    status: 422,
    title: "All 13 digits are needed",
    detail: "Type the code and the four digits of its extension, both in your message.",
  },
  paused: {
    status: 429,
    title: "Wait before the next try",
    detail: "Try again after remainingMs milliseconds. A QR code works at once.",
  },
  parcel_held: {
    status: 409,
    title: "This parcel is being looked into",
    detail: "The code stays valid. Call the number on the locker.",
  },
  compartment_out_of_service: {
    status: 503,
    title: "This compartment is out of order",
    detail: "The parcel is safe and the code stays valid. Call the number on the locker.",
  },
  compartment_unreachable: {
    status: 503,
    title: "This compartment does not answer",
    detail: "The code stays valid. Try again in a few minutes, else call the number on the locker.",
  },
  door_already_open: { status: 409, title: "The door is open", detail: "Close the door of compartment first." },
  busy: { status: 409, title: "The door is being opened", detail: "Wait for the door of compartment, then try again." },
  wrong_credentials: {
    status: 401,
    title: "Number, PIN or time code is wrong",
    detail: "Sign in with the next six digits of the time code.",
  },
  no_session: {
    status: 401,
    title: "Nobody is signed in",
    detail: "Sign in at /kiosk/v1/courier/sign-in and send its session as the header x-courier-session.",
  },
  not_allowed: { status: 403, title: "This courier may not do this", detail: "Ask the operator for the right." },
  parcel_already_stored: {
    status: 409,
    title: "This parcel is already in the locker",
    detail: "It lies in compartment. Scan another label.",
  },
  parcel_finished: {
    status: 410,
    title: "This label has been used",
    detail: "The parcel was handed over. Ask for a new label.",
  },
  no_compartment_free: {
    status: 409,
    title: "No compartment of this size is free",
    detail: "Choose another size, or take the parcel to another locker.",
  },
  unknown_deposit: {
    status: 404,
    title: "There is no such deposit to change",
    detail: "Only the parcel whose door was opened here last, or a courier's own unfinished one, can be changed.",
  },
  door_not_closed: {
    status: 409,
    title: "A door is not closed",
    detail: "Open and close the door of compartment, or cancel its deposit, first.",
  },
  reopen_over: {
    status: 409,
    title: "The time to open this door again is over",
    detail: "Call the number on the locker.",
  },
} as const satisfies Record<Refusal["code"], ProblemText>;
