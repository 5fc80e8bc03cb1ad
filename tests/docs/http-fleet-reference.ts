import {
  ConsoleSession,
  CourierCredentials,
  LockerList,
  LockerView,
  ParcelView,
  RemoteOpenStatus,
} from "../../src/contract/fleet-api.ts";
import { consoleRoutes } from "../../src/fleet/api/console-routes.ts";
import type { ApiContext } from "../../src/fleet/api/context.ts";
import { healthRoutes } from "../../src/fleet/api/health-routes.ts";
import { lockerRoutes } from "../../src/fleet/api/locker-routes.ts";
import { parcelRoutes } from "../../src/fleet/api/parcel-routes.ts";
import { problems } from "../../src/fleet/api/problem.ts";
import { streamRoutes } from "../../src/fleet/api/stream-routes.ts";
import { explained, registeredRoutes } from "./registered-routes.ts";
import { code, fieldTable, problemTable, type Schema } from "./schema-table.ts";

type Meaning = { readonly who: "operators" | "carriers" | "operators and carriers" | "anybody"; readonly says: string };

const meanings: Readonly<Record<string, Meaning>> = {
  "GET /v1/lockers": { who: "operators", says: "Every locker, by handle." },
  "GET /v1/lockers/:locker": { who: "operators", says: "One locker." },
  "POST /v1/lockers/:locker/compartments/:compartment/open": {
    who: "operators",
    says: "Asks the locker to open a door. The answer says that it was asked; the outcome comes with the locker's view, under `remoteOpens`. A locker that is away opens nothing later: the order expires.",
  },
  "POST /v1/couriers": {
    who: "operators",
    says: "A new courier, known to these lockers alone. The answer holds PIN and time code secret, once and never again.",
  },
  "POST /v1/parcels": {
    who: "carriers",
    says: "Announces a parcel. The contact of its recipient goes to the [vault](http-vault.md), never here. The same `idempotency-key` gives the same answer.",
  },
  "GET /v1/parcels/:id": { who: "operators and carriers", says: "One parcel; a carrier sees its own alone." },
  "GET /v1/stream": {
    who: "operators",
    says: "Server-sent events. `locker` is a whole [locker](#locker): all of them on connecting, then each again when something of it changes.",
  },
  "GET /livez": { who: "anybody", says: "The process lives." },
  "GET /readyz": {
    who: "anybody",
    says: "The database can be read. A broker that is away makes the fleet no less ready.",
  },
  "GET /version": { who: "anybody", says: "Name and version." },
  "GET /openapi.json": { who: "anybody", says: "The routes under `/v1` as an OpenAPI 3.1 document." },
  "POST /console/session": {
    who: "anybody",
    says: "The console signs in with an operator's key and gets a cookie for eight hours.",
  },
  "GET /console/session": { who: "operators", says: "Who is signed in." },
  "DELETE /console/session": { who: "operators", says: "Signs out." },
  "GET /": { who: "anybody", says: "The console's page, and beside it what it loads." },
};

const views: readonly (readonly [title: string, schema: unknown])[] = [
  ["Lockers", LockerList],
  ["Locker", LockerView],
  ["Remote open", RemoteOpenStatus],
  ["Parcel", ParcelView],
  ["Courier", CourierCredentials],
  ["Session", ConsoleSession],
];

function answerOf(schema: Schema): string {
  const title = views.find(([, each]) => each === schema)?.[0];
  if (title === undefined) throw new Error("an answer without a name");
  const name = title.toLowerCase();
  return `a [${name}](#${name.replaceAll(" ", "-")})`.replace("a [lockers]", "[lockers]");
}

/** The folder of the console is of no interest: without it, `/` stands for the page. */
const context = { consoleRoot: "/nowhere", log: { warn: () => undefined } } as unknown as ApiContext;

/** `docs/reference/http-fleet.md`, from the routes and schemas themselves. */
export async function fleetReference(): Promise<string> {
  const routes = await registeredRoutes(async (app) => {
    lockerRoutes(app, context);
    parcelRoutes(app, context);
    streamRoutes(app, context);
    healthRoutes(app, context, []);
    await consoleRoutes(app, context);
  });
  return [
    "# The fleet's HTTP API",
    "",
    "For operators, their console, and carriers. This page is made from the routes and schemas;",
    "`npx vitest run --project unit tests/docs -u` makes it anew. The same is served as `GET /openapi.json`.",
    "",
    "- `Authorization: Bearer` and a key of 43 characters. Each key is an operator's or a carrier's. The console has a",
    "  session cookie instead; with it, what changes something has to come from the console's own origin.",
    "- Bodies are JSON of the fields listed and no other, at most 16 KiB. A query is refused.",
    "- Times are milliseconds since 1970. Nothing here names a person, and no code can be read anywhere.",
    "- Refusals are [problems](#problems) (RFC 9457).",
    "",
    "## Routes",
    "",
    ...explained(routes, meanings).flatMap(({ name, body, headers, answers, meaning }) => [
      `### ${name}`,
      "",
      `For ${meaning.who}. ${meaning.says}`,
      "",
      ...(headers === undefined
        ? []
        : [
            `Header ${Object.keys(headers.properties ?? {})
              .map(code)
              .join(", ")} is required.`,
            "",
          ]),
      ...(body === undefined ? [] : fieldTable(body)),
      ...Object.entries(answers).flatMap(([status, schema]) => [`Answer: ${status}, ${answerOf(schema)}.`, ""]),
    ]),
    ...views.flatMap(([title, schema]) => [
      `## ${title}`,
      "",
      ...(schema === LockerList ? ["`lockers` is a list of [lockers](#locker).", ""] : fieldTable(schema as Schema)),
    ]),
    "## Problems",
    "",
    "Type `application/problem+json`, with `code`, `status`, `title`, `detail`, and for a malformed request `faults`. No value",
    "of a request is repeated in them.",
    "",
    ...problemTable(
      Object.entries(problems).map(([name, [status, title, detail]]) => ({ code: name, status, title, detail })),
    ),
  ].join("\n");
}
