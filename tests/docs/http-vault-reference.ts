import { pino } from "pino";
import { VaultAnswer } from "../../src/contract/messages.ts";
import { ContactAnswer, ContactRequest } from "../../src/contract/vault-api.ts";
import { type ContactRouteDeps, contactRoutes } from "../../src/vault/contact-routes.ts";
import { type NoticeRouteDeps, noticeRoutes } from "../../src/vault/notice-routes.ts";
import { problems } from "../../src/vault/problems.ts";
import { explained, registeredRoutes } from "./registered-routes.ts";
import { fieldTable, problemTable, type Schema } from "./schema-table.ts";

const meanings: Readonly<Record<string, readonly string[]>> = {
  "POST /v1/contacts": [
    "For carriers, with `Authorization: Bearer` and their key. Says where the recipient of a parcel is told, once it lies",
    "in this locker. 201 when it is new, 200 when it replaces what the same carrier said before.",
    "",
    ...fieldTable(ContactRequest as Schema),
    "`verifier` is the first 32 hex digits of the SHA-256 of the token on the parcel's label. The same goes to the fleet.",
    "",
    "The answer:",
    "",
    ...fieldTable(ContactAnswer as Schema),
  ],
  "POST /v1/notices": [
    "For the fleet. The body is a compact JWS by its link key, `application/jose`; see [MQTT](mqtt.md#the-sealed-secret).",
    "`waiting` says that the parcel's contact is not there yet; the fleet repeats a notice it has no answer to.",
    "",
    ...fieldTable(VaultAnswer as Schema),
  ],
};

/** `docs/reference/http-vault.md`, from the routes and schemas themselves. */
export async function vaultReference(): Promise<string> {
  const log = pino({ enabled: false });
  const routes = await registeredRoutes((app) => {
    contactRoutes(app, { log } as ContactRouteDeps);
    noticeRoutes(app, { log } as NoticeRouteDeps);
  });
  return [
    "# The vault's HTTP API",
    "",
    "The only place that is told whom a parcel is for. This page is made from the routes and schemas;",
    "`npx vitest run --project unit tests/docs -u` makes it anew.",
    "",
    "- Bodies have the fields listed and no other, at most 32 KiB. A query is refused.",
    "- There is no request that reads, lists or finds a contact.",
    "- `GET /livez` and `GET /readyz` answer 200 when the process lives, and when its erasures are on time.",
    "- Refusals are [problems](#problems) (RFC 9457).",
    "",
    "## Routes",
    "",
    ...explained(routes, meanings).flatMap(({ name, meaning }) => [`### ${name}`, "", ...meaning]),
    "## Problems",
    "",
    ...problemTable(
      Object.entries(problems).map(([name, { status, detail }]) => {
        return { code: name, status, title: name.replaceAll("_", " "), detail };
      }),
    ),
  ].join("\n");
}
