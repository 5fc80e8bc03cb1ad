import { KioskProblemCode, KioskView, OpeningReply, SignedInReply } from "../../src/contract/kiosk-api.ts";
import { problemOf } from "../../src/locker/http/problems.ts";
import { refusals } from "../../src/locker/http/refusals.ts";
import { type CourierDeps, courierRoutes } from "../../src/locker/http/routes/courier.ts";
import { eventRoutes } from "../../src/locker/http/routes/events.ts";
import { type HealthDeps, healthRoutes } from "../../src/locker/http/routes/health.ts";
import { type PickupDeps, pickupRoutes } from "../../src/locker/http/routes/pickup.ts";
import type { ViewStream } from "../../src/locker/http/view-stream.ts";
import { explained, registeredRoutes } from "./registered-routes.ts";
import { code, fieldTable, problemTable, type Schema } from "./schema-table.ts";

type Meaning = { readonly says: string; readonly answers: string };

const OPENING = "200, an [opening](#opening)";
const DONE = "204";

const meanings: Readonly<Record<string, Meaning>> = {
  "POST /kiosk/v1/pickup": {
    says: "A recipient types a code: 9 digits, or 13 when the view says `extensionNeeded`.",
    answers: OPENING,
  },
  "POST /kiosk/v1/pickup/qr": { says: "A recipient shows the QR code of the notice.", answers: OPENING },
  "POST /kiosk/v1/pickups/:deposit/reopen": {
    says: "Opens the door of the last pickup once more, inside its grace window.",
    answers: OPENING,
  },
  "POST /kiosk/v1/pickups/:deposit/dispute": {
    says: "The recipient says that the compartment is empty, or that this is not their parcel. It stays shut for everybody.",
    answers: DONE,
  },
  "POST /kiosk/v1/courier/sign-in": {
    says: "A courier signs in. The answer's `session` is the header `x-courier-session` of every other courier call.",
    answers: "200, a [session](#session)",
  },
  "POST /kiosk/v1/courier/sign-out": { says: "Ends the session.", answers: DONE },
  "POST /kiosk/v1/courier/touch": { says: "The courier is still there: keeps the session's rights.", answers: DONE },
  "POST /kiosk/v1/courier/deposits": {
    says: "Begins the deposit of a parcel and opens a compartment for it. The one before, if its door is shut, is confirmed by this.",
    answers: OPENING,
  },
  "POST /kiosk/v1/courier/deposits/:deposit/confirm": {
    says: "The parcel is in and the door is shut: the deposit counts, and a code is made.",
    answers: DONE,
  },
  "POST /kiosk/v1/courier/deposits/:deposit/cancel": { says: "Ends the deposit; no code is made.", answers: DONE },
  "POST /kiosk/v1/courier/deposits/:deposit/reopen": { says: "Opens its door again.", answers: OPENING },
  "GET /kiosk/v1/events": {
    says: "Server-sent events. `view` is a whole [view](#view), on connecting and after every change. One page at a time: a newer one sends the older away with the event `problem`.",
    answers: "200, `text/event-stream`",
  },
  "GET /livez": { says: "The process lives.", answers: "200" },
  "GET /readyz": {
    says: "The database can be read, its disk has 64 MiB free, and the boards answer. `?verbose` lists all three (`disk`: `ok` or `nearly_full`). The link to the fleet is no part of it.",
    answers: "200, or 503",
  },
  "GET /version": { says: "The daemon's version.", answers: "200" },
};

/** Every problem the kiosk can answer with. */
function kioskProblems() {
  const own = KioskProblemCode.enum.map((each) => problemOf({ code: each }));
  const domain = Object.entries(refusals).map(([name, text]) => ({ ...text, code: name }));
  return [...own, ...domain];
}

/** `docs/reference/http-kiosk.md`, from the routes and schemas themselves. */
export async function kioskReference(): Promise<string> {
  const routes = await registeredRoutes(async (app) => {
    pickupRoutes(app, {} as PickupDeps);
    courierRoutes(app, {} as CourierDeps);
    await eventRoutes(app, {} as ViewStream);
    healthRoutes(app, {} as HealthDeps);
  });
  return [
    "# The kiosk's HTTP API",
    "",
    "What the page on the locker's screen says to the daemon. It is served on the loopback interface alone, in plain HTTP,",
    "and not meant for anybody else; another kiosk page can be built on it. This page is made from the routes and schemas;",
    "`npx vitest run --project unit tests/docs -u` makes it anew.",
    "",
    "- `GET /` gives the page and a cookie with the secret of this start of the daemon. Every call under `/kiosk/v1` carries",
    "  that cookie and the page's own `Origin`; a `GET` may carry `Sec-Fetch-Site: same-origin` instead. Any other `Host` than",
    "  `127.0.0.1` or `localhost` with the daemon's port is refused.",
    "- Bodies are JSON of the fields listed and no other; where none are listed, the body is empty. A query is refused.",
    "- An answer comes after the commit: what it says has been written. That a door *opened* is never an answer; it comes",
    "  with the next view.",
    "- Refusals are [problems](#problems) (RFC 9457).",
    "",
    "## Routes",
    "",
    ...explained(routes, meanings).flatMap(({ name, body, meaning }) => [
      `### ${name}`,
      "",
      meaning.says,
      "",
      ...(body?.properties === undefined ? [] : fieldTable(body)),
      `Answer: ${meaning.answers}.`,
      "",
    ]),
    "## Opening",
    "",
    "The door is being commanded. What becomes of it is in the view, under `operation`.",
    "",
    ...fieldTable(OpeningReply as Schema),
    "## Session",
    "",
    ...fieldTable(SignedInReply as Schema),
    "## View",
    "",
    "Everything the page may know. Nothing in it tells of a person, or of anybody else's deposit.",
    "",
    ...fieldTable(KioskView as Schema),
    "## Problems",
    "",
    `Type ${code("application/problem+json")}, with \`code\`, \`status\`, \`title\`, \`detail\`; where they help, \`compartment\`, \`remainingMs\`,`,
    "and `faults`, which names fields and never repeats a value.",
    "",
    ...problemTable(kioskProblems()),
  ].join("\n");
}
