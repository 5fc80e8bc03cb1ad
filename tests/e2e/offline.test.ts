import { afterAll, beforeAll, expect, it } from "vitest";
import { hireCourier } from "../../src/cli/demo/seed.ts";
import type { OpeningReply } from "../../src/contract/kiosk-api.ts";
import { announce, depositWithCode, fetchFrom, putIn } from "./support/deposits.ts";
import { eventually } from "./support/eventually.ts";
import { Kiosk } from "./support/kiosk.ts";
import { Site } from "./support/site.ts";

let site: Site;
beforeAll(async () => {
  site = await Site.open({ start: ["vault", "fleet", "locker"] });
});
afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
});

const openKiosk = (): Promise<Kiosk> => Kiosk.open(site.addresses.kioskUrl);

it("a new locker that has never met a broker sees its doors and serves its kiosk", async () => {
  using kiosk = await openKiosk();
  const view = await kiosk.until("doors", ({ doors }) => doors.every(({ door }) => door === "closed"));
  expect(view).toMatchObject({ link: "down", boards: "ok", clockTrust: "synced" });
  expect(await kiosk.refusal("/pickup", { code: "000 000 000" })).toBe("unknown_code");
});

it("deposit and pickup work through a start without a broker, and their rows arrive when it is back", async () => {
  await site.start("broker");
  // What came to the broker before the fleet did is sent again after its while.
  await site.synced();
  await site.whole();
  const first = await depositWithCode(site);
  const courier = await hireCourier(site.addresses);
  const second = await announce(site);
  await site.synced();

  await site.stop("locker");
  await site.kill("broker");
  await site.start("locker");
  using kiosk = await openKiosk();
  await kiosk.until("doors", ({ doors }) => doors.every(({ door }) => door === "closed"));
  const told = site.inbox.received.length;

  await fetchFrom(site, first.compartment);
  const opening = await kiosk.post<OpeningReply>("/pickup", { code: first.told.code });
  expect(opening.compartment).toBe(first.compartment);
  await kiosk.until("the end of the pickup", ({ operation }) => operation?.depositState === "collected");
  const deposited = await putIn(site, courier, second);
  expect(kiosk.view.link).toBe("down");
  expect(stateOf(first.deposit)).toBe("collected");
  expect(stateOf(deposited.deposit)).toBe("stored");
  expect(site.rowsWaiting()).toBeGreaterThan(0);
  expect(site.inbox.received).toHaveLength(told);
  expect(await site.parcel(first.parcel.id)).toMatchObject({ state: "stored" });
  expect(await site.parcel(second.parcel.id)).toMatchObject({ state: "announced" });

  await site.start("broker");
  await site.synced();
  expect(await site.parcel(first.parcel.id)).toMatchObject({ state: "collected" });
  expect(await site.parcel(second.parcel.id)).toMatchObject({ state: "stored", compartment: deposited.compartment });
  const code = (await site.inbox.codes(told + 1)).at(-1)?.code;
  await fetchFrom(site, deposited.compartment);
  using again = await openKiosk();
  expect(await again.post<OpeningReply>("/pickup", { code })).toMatchObject({ compartment: deposited.compartment });
  await eventually("a collected parcel", async () =>
    (await site.parcel(second.parcel.id)).state === "collected" ? true : undefined,
  );
  expect((await site.locker()).chainBrokenAt).toBeNull();
});

const stateOf = (id: string): string | undefined =>
  site.lockerDatabase().deposits.find((deposit) => deposit.id === id)?.state;
