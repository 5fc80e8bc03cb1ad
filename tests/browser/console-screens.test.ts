import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LockerView } from "../../src/contract/fleet-api.ts";
import { LAPTOP, openBrowser, openTab } from "../support/browser.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { compartment } from "../support/kiosk-view.ts";
import { lockerView, remoteOpen, withCompartment } from "../support/locker-view.ts";
import { accessibilityFaults, foreignFonts } from "../support/page-checks.ts";
import { openPageServer, type PageServer } from "../support/page-server.ts";

const PHONE = { width: 390, height: 844 } as const;

/** One locker with a bit of everything, and others in every kind of trouble. */
function fleetOfAllKinds(): readonly LockerView[] {
  const named = (name: string, different: Partial<LockerView>): LockerView =>
    lockerView({ locker: `${name.toLowerCase().replaceAll(/\W/g, "")}00` as LockerView["locker"], name, ...different });
  const opened = remoteOpen({ state: "opened", changedAt: remoteOpen().askedAt + 2_000 });
  const refused = remoteOpen({
    command: "0195f0aa-0000-7000-8000-000000000002",
    compartment: compartment(9),
    state: "refused",
    code: "door_already_open",
    reason: "inspection",
  });
  const busy = [
    [4, { door: "open" }],
    [6, { occupancy: "reserved" }],
    [8, { occupancy: "unknown", door: "unknown" }],
  ] as const;
  return [
    busy.reduce<LockerView>(
      (view, [number, different]) => withCompartment(view, number, different),
      lockerView({ remoteOpens: [opened, refused] }),
    ),
    named("Harbour Street", { link: "offline", health: "silent" }),
    named("Central Station", { health: "degraded", chainBrokenAt: 1_204 }),
    named("Market Hall", { link: "never_seen", health: "silent", lastContactAt: null, compartments: [] }),
  ];
}

describeWithTools(["chromium"], "every screen of the console", ({ chromium }) => {
  let browser: Browser;
  let server: PageServer;

  beforeAll(async () => {
    browser = await openBrowser(chromium);
    server = await openPageServer({ page: "console", stream: { path: "/v1/stream", event: "locker" } });
    server.answer("GET /v1/lockers", () => ({ status: 200, body: { lockers: fleetOfAllKinds() } }));
    server.answer("POST /console/session", () => ({ status: 200, body: { operator: "ops-lin" } }));
    server.answer("GET /console/session", () => ({ status: 401, body: { code: "unauthenticated" } }));
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  const scenes = [
    { name: "sign-in", reach: async (page: Page) => await page.waitForSelector("form") },
    {
      name: "list",
      reach: async (page: Page) => {
        await page.locator("input").fill("a key");
        await page.keyboard.press("Enter");
        await page.waitForSelector(".locker-card");
      },
    },
    {
      name: "locker",
      reach: async (page: Page) => {
        await page.getByText("Riverside 12").click();
        await page.waitForSelector(".locker-page");
      },
    },
    {
      name: "door",
      reach: async (page: Page) => {
        await page.locator(".cabinet-card [data-compartment='4']").click();
        await page.waitForSelector("dialog");
      },
    },
    {
      name: "trouble",
      reach: async (page: Page) => {
        await page.keyboard.press("Escape");
        await page.getByText("Central Station").click();
        await page.waitForSelector(".locker-page .is-problem");
      },
    },
  ];
  const looks = (["zh-CN", "en"] as const).flatMap((locale) => [
    { title: `a laptop in ${locale}`, name: `${locale}`, locale, viewport: LAPTOP },
    { title: `a phone in ${locale}`, name: `${locale}-phone`, locale, viewport: PHONE },
    { title: `the dark in ${locale}`, name: `${locale}-dark`, locale, viewport: LAPTOP, colorScheme: "dark" as const },
  ]);

  it.each(looks)(
    "fits and can be read by all on $title",
    async ({ title: _, name, ...options }) => {
      const tab = await openTab(browser, server.url, { ...options, timezoneId: "UTC" });
      for (const scene of scenes) {
        await scene.reach(tab.page);
        await tab.picture(`console-${scene.name}-${name}`);
        expect([scene.name, await accessibilityFaults(tab.page)]).toEqual([scene.name, []]);
        expect([scene.name, await foreignFonts(tab.page)]).toEqual([scene.name, []]);
        const tooWide = await tab.page.evaluate(
          () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
        );
        expect([scene.name, tooWide]).toEqual([scene.name, false]);
      }
      expect(tab.faults).toEqual([]);
      await tab.close();
    },
    60_000,
  );
});
