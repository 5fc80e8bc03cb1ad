import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { OperationView } from "../../src/contract/kiosk-api.ts";
import { LAPTOP, openBrowser, openTab, PORTRAIT, type Tab } from "../support/browser.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { compartment, DEPOSIT, kioskView, operationView, SESSION, viewWith } from "../support/kiosk-view.ts";
import { accessibilityFaults, foreignFonts, scrolls, smallTargets } from "../support/page-checks.ts";
import { openPageServer, type PageServer } from "../support/page-server.ts";
import { GOOD_CODE, SLIPPED_CODE, TOKEN } from "../web/kiosk-person.ts";

type Stage = { readonly page: Page; readonly server: PageServer };
type Scene = {
  readonly name: string;
  /** Leads from the first screen to the scene. */
  readonly reach: (stage: Stage) => Promise<unknown>;
  /** Something only that scene shows. */
  readonly sign: string;
};

async function signIn({ page }: Stage): Promise<void> {
  await page.locator("main .actions button").click();
  for (const [step, digits] of [
    ["1", "10012"],
    ["2", "123456"],
    ["3", "654321"],
  ] as const) {
    await page.locator(".step", { hasText: step }).waitFor();
    await page.keyboard.type(`${digits}\n`);
  }
}

const door = (state: OperationView["state"], different: Partial<OperationView> = {}): Omit<Scene, "name"> => ({
  reach: async ({ server }) => server.publish(viewWith(operationView({ state, ...different }))),
  sign: "main.is-door",
});
const deposit = (state: OperationView["state"], mayReopen = false): Omit<Scene, "name"> => ({
  reach: async (stage) => {
    await signIn(stage);
    await stage.page.waitForSelector("main.is-parcel");
    const operation = operationView({ purpose: "deposit", depositState: "depositing", state, mayReopen });
    stage.server.publish(viewWith(operation, { courierSignedIn: true }));
  },
  sign: "main.is-door",
});

const scenes: readonly Scene[] = [
  { name: "code", reach: async ({ page }) => await page.keyboard.type("482"), sign: ".slot" },
  {
    name: "code-wrong-digit",
    reach: async ({ page }) => await page.keyboard.type(SLIPPED_CODE),
    sign: ".status .is-problem",
  },
  {
    name: "code-refused",
    reach: async ({ page, server }) => {
      server.answer("POST /kiosk/v1/pickup", () => ({
        status: 503,
        body: { code: "compartment_out_of_service", compartment: 7 },
      }));
      await page.keyboard.type(`${GOOD_CODE}\n`);
    },
    sign: ".status .is-problem",
  },
  {
    name: "code-extension",
    reach: async ({ page, server }) => {
      server.publish(kioskView({ extensionNeeded: true, link: "down" }));
      await page.waitForSelector(".code-field.is-long");
      await page.keyboard.type(GOOD_CODE);
    },
    sign: ".banners .is-notice",
  },
  {
    name: "boards-silent",
    reach: async ({ server }) => server.publish(kioskView({ boards: "silent", link: "down" })),
    sign: ".banners .is-warning",
  },
  {
    name: "paused",
    reach: async ({ server }) => server.publish(kioskView({ pausedMs: 750_000 })),
    sign: ".countdown",
  },
  { name: "help", reach: async ({ page }) => await page.keyboard.press("Enter"), sign: "dialog" },
  { name: "door-opening", ...door("opening") },
  { name: "door-open", ...door("open") },
  { name: "door-closed", ...door("closed", { depositState: "collected", mayReopen: true }) },
  { name: "door-blocked", ...door("blocked") },
  { name: "door-rejected", ...door("rejected") },
  { name: "door-in-doubt", ...door("in_doubt") },
  { name: "door-remote", ...door("open", { purpose: "remote", deposit: null, depositState: null }) },
  {
    name: "disputed",
    reach: async ({ page, server }) => {
      server.answer(`POST /kiosk/v1/pickups/${DEPOSIT}/dispute`, () => ({ status: 204 }));
      server.publish(viewWith(operationView({ state: "closed" })));
      await page.waitForSelector("main.is-door");
      await page.keyboard.press("2");
    },
    sign: "main.is-message",
  },
  {
    name: "courier-number",
    reach: async ({ page }) => {
      await page.locator("main .actions button").click();
      await page.waitForSelector("main.is-typing");
      await page.keyboard.type("10012");
    },
    sign: "main.is-typing",
  },
  {
    name: "courier-unfinished",
    reach: async (stage) => {
      stage.server.answer("POST /kiosk/v1/courier/sign-in", () => signedIn([4, 9]));
      await signIn(stage);
    },
    sign: "main.is-message",
  },
  {
    name: "courier-parcel",
    reach: async (stage) => {
      await signIn(stage);
      await stage.page.waitForSelector("main.is-parcel");
      await stage.page.keyboard.type(TOKEN.slice(0, 9));
    },
    sign: "main.is-parcel",
  },
  {
    name: "courier-size",
    reach: async (stage) => {
      await signIn(stage);
      await stage.page.waitForSelector("main.is-parcel");
      await stage.page.keyboard.type(`${TOKEN}\n`);
    },
    sign: "main.is-size",
  },
  { name: "courier-door-open", ...deposit("open") },
  { name: "courier-door-closed", ...deposit("closed", true) },
  { name: "courier-door-blocked", ...deposit("blocked") },
];

const signedIn = (doors: readonly number[]) => ({
  status: 200,
  body: {
    session: SESSION,
    mayDeposit: true,
    mayRecall: false,
    unfinished: doors.map((number) => ({ deposit: DEPOSIT, compartment: compartment(number) })),
  },
});

describeWithTools(["chromium"], "every screen of the kiosk", ({ chromium }) => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await openBrowser(chromium);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
  });

  /** Opens the kiosk in a language, hands it over, and closes it again without a fault. */
  async function atKiosk(
    options: Parameters<typeof openTab>[2],
    use: (stage: Stage & { readonly tab: Tab }) => Promise<void>,
  ): Promise<void> {
    const server = await openPageServer({ page: "kiosk", stream: { path: "/kiosk/v1/events", event: "view" } });
    server.publish(kioskView());
    server.answer("POST /kiosk/v1/courier/sign-in", () => signedIn([]));
    const tab = await openTab(browser, server.url, options);
    await tab.page.waitForSelector("main.is-code");
    await use({ page: tab.page, server, tab });
    expect(tab.faults).toEqual([]);
    await tab.close();
    await server.close();
  }

  const cases = scenes.flatMap((scene) =>
    (["zh-CN", "en"] as const).map((locale) => ({ ...scene, locale, title: `${scene.name} in ${locale}` })),
  );

  it.each(cases)(
    "$title fits, can be read by all, and brings its own letters",
    async ({ name, reach, sign, locale }) => {
      await atKiosk({ locale, viewport: PORTRAIT }, async (stage) => {
        await reach(stage);
        await stage.page.locator(sign).first().waitFor();
        await stage.tab.picture(`kiosk-${name}-${locale}`);
        // Both languages have the same elements, and the Chinese screens have all the letters of the English ones.
        if (locale === "en") expect(await accessibilityFaults(stage.page)).toEqual([]);
        else expect(await foreignFonts(stage.page)).toEqual([]);
        expect(await scrolls(stage.page)).toBe(false);
        await stage.page.setViewportSize(LAPTOP);
        expect(await scrolls(stage.page)).toBe(false);
      });
    },
  );

  it.each([
    { name: "dark", colorScheme: "dark" },
    { name: "forced-colours", forcedColors: "active" },
    { name: "high-contrast", contrast: "more" },
  ] as const)("can be read in $name", async ({ name, ...options }) => {
    await atKiosk({ locale: "zh-CN", ...options }, async ({ page, server, tab }) => {
      await page.keyboard.type(SLIPPED_CODE);
      await page.waitForSelector(".status .is-problem");
      await tab.picture(`kiosk-code-${name}`);
      expect(await accessibilityFaults(page)).toEqual([]);
      server.publish(viewWith(operationView({ state: "open" })));
      await page.waitForSelector("main.is-door");
      await tab.picture(`kiosk-door-${name}`);
      expect(await accessibilityFaults(page)).toEqual([]);
    });
  });

  it("keeps keys of 20 mm and other targets of 12 mm on a 21.5 inch screen", async () => {
    const pixelsPerMm = Math.hypot(1080, 1920) / (21.5 * 25.4);
    await atKiosk({ locale: "en" }, async (stage) => {
      expect(await smallTargets(stage.page, ".keypad .key", 20 * pixelsPerMm)).toEqual([]);
      expect(await smallTargets(stage.page, "button", 12 * pixelsPerMm)).toEqual([]);
      await signIn(stage);
      await stage.page.waitForSelector("main.is-parcel");
      expect(await smallTargets(stage.page, ".token-keys .key", 20 * pixelsPerMm)).toEqual([]);
    });
  });

  it("draws 取 and 件 as two characters, though the machine may have no Chinese font", async () => {
    await atKiosk({ locale: "zh-CN" }, async ({ page }) => {
      const drawn = await page.evaluate(async () => {
        await document.fonts.ready;
        return ["取", "件", "\u{f8ff0}"].map((character) => {
          const canvas = document.createElement("canvas");
          const pen = canvas.getContext("2d");
          if (pen === null) throw new Error("no canvas");
          pen.font = '700 64px "Noto Sans SC"';
          pen.fillText(character, 20, 80);
          return canvas.toDataURL();
        });
      });
      expect(new Set(drawn).size).toBe(3);
    });
  });

  it("can be used with text twice as large", async () => {
    await atKiosk({ locale: "en", viewport: { width: 540, height: 960 } }, async ({ page, tab }) => {
      await tab.picture("kiosk-code-200-percent");
      const { scrollWidth, clientWidth } = await page.evaluate(() => ({
        scrollWidth: document.documentElement.scrollWidth,
        clientWidth: document.documentElement.clientWidth,
      }));
      expect(scrollWidth).toBe(clientWidth);
      await page.getByRole("button", { name: "Help" }).click();
      await page.getByRole("dialog").waitFor();
    });
  });
});
