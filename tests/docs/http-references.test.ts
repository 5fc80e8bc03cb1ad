import { describe, expect, it } from "vitest";
import { fleetReference } from "./http-fleet-reference.ts";
import { kioskReference } from "./http-kiosk-reference.ts";
import { vaultReference } from "./http-vault-reference.ts";

describe("the HTTP references", () => {
  it.each([
    ["http-kiosk.md", kioskReference],
    ["http-fleet.md", fleetReference],
    ["http-vault.md", vaultReference],
  ])("%s says what routes, schemas and problems say", async (file, reference) => {
    await expect(await reference()).toMatchFileSnapshot(`../../docs/reference/${file}`);
  });
});
