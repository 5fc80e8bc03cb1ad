import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { openBrowser, openTab, type Tab } from "../support/browser.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { compartment, DEPOSIT, kioskView, OPERATION, operationView, viewWith } from "../support/kiosk-view.ts";
import { accessibilityFaults } from "../support/page-checks.ts";
import { openPageServer, type PageServer } from "../support/page-server.ts";
import { GOOD_CODE, SLIPPED_CODE } from "../web/kiosk-person.ts";

const opened = { status: 200, body: { operation: OPERATION, compartment: compartment(7), deposit: DEPOSIT } };

describeWithTools(["chromium"], "a recipient at the kiosk's page", ({ chromium }) => {
  let browser: Browser;
  let server: PageServer;
  let tab: Tab;

  beforeAll(async () => {
    browser = await openBrowser(chromium);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
  });
  beforeEach(async () => {
    server = await openPageServer({ page: "kiosk", stream: { path: "/kiosk/v1/events", event: "view" } });
    server.publish(kioskView());
    tab = await openTab(browser, server.url, { locale: "en" });
    await tab.page.waitForSelector("main.is-code");
  }, 120_000);
  afterEach(async () => {
    expect(tab.faults).toEqual([]);
    await tab.close();
    await server.close();
  });

  const tap = async (digits: string): Promise<void> => {
    for (const digit of digits) await tab.page.locator(".keypad").getByRole("button", { name: digit }).click();
  };
  const title = () => tab.page.locator("main h1");
  const press = (name: string) => tab.page.locator("main").getByRole("button", { name }).click();

  it("taps the code, sees the door move, and is thanked", async () => {
    server.answer("POST /kiosk/v1/pickup", () => opened);
    await tap(GOOD_CODE);
    await press("OK");
    await expect.poll(() => title().textContent()).toBe("Door 7 is opening");
    expect(server.calls).toEqual([
      { method: "POST", path: "/kiosk/v1/pickup", body: { code: GOOD_CODE }, session: undefined },
    ]);
    server.publish(viewWith(operationView({ state: "open" })));
    await expect.poll(() => title().textContent()).toBe("Take your parcel");
    expect(await tab.page.locator(".door-tile.is-open").getAttribute("aria-label")).toBe("Door 7");
    expect(await tab.page.locator(".door.is-highlighted.is-open").getAttribute("data-compartment")).toBe("7");
    server.publish(viewWith(operationView({ state: "closed", depositState: "collected", mayReopen: true })));
    await expect.poll(() => title().textContent()).toBe("Thank you");
    await press("Finish");
    await expect.poll(() => title().textContent()).toBe("Pick up a parcel");
  });

  it("opens once more, then says that the compartment is empty", async () => {
    server.publish(viewWith(operationView({ state: "closed", depositState: "collected", mayReopen: true })));
    server.answer(`POST /kiosk/v1/pickups/${DEPOSIT}/reopen`, () => opened);
    server.answer(`POST /kiosk/v1/pickups/${DEPOSIT}/dispute`, () => ({ status: 204 }));
    await press("Open again");
    await expect.poll(() => server.calls.length).toBe(1);
    await press("Empty, or not my parcel");
    await expect.poll(() => title().textContent()).toBe("We have written it down");
    expect(server.calls.map(({ path, body }) => [path, body])).toEqual([
      [`/kiosk/v1/pickups/${DEPOSIT}/reopen`, undefined],
      [`/kiosk/v1/pickups/${DEPOSIT}/dispute`, undefined],
    ]);
  });

  it("is told of a wrong digit without the locker hearing of it", async () => {
    await tap(SLIPPED_CODE);
    await expect.poll(() => tab.page.getByRole("status").textContent()).toContain("One digit is wrong");
    await press("OK");
    expect(server.calls).toEqual([]);
  });

  it("is told what to do when a code opens nothing here", async () => {
    server.answer("POST /kiosk/v1/pickup", () => ({ status: 404, body: { code: "unknown_code" } }));
    await tab.page.keyboard.type(`${GOOD_CODE}\n`);
    await expect.poll(() => tab.page.getByRole("status").textContent()).toContain("does not open anything here");
    expect(await tab.page.locator(".slot").allTextContents()).toEqual(Array.from({ length: 9 }, () => ""));
  });

  it("sees the code masked after two seconds", async () => {
    await tab.page.keyboard.type("48");
    expect((await tab.page.locator(".slot").allTextContents()).slice(0, 2)).toEqual(["4", "8"]);
    await vi.waitUntil(async () => (await tab.page.locator(".slot").allTextContents())[1] === "•", { timeout: 5_000 });
    expect(await tab.page.content()).not.toMatch(/>4<\/span><span class="slot">8</);
  });

  it("waits out a pause with the time that is left", async () => {
    server.publish(kioskView({ pausedMs: 2_000 }));
    await tab.page.waitForSelector(".countdown");
    expect(await tab.page.locator(".countdown").textContent()).toMatch(/^0:0[12]$/);
    await tab.page.waitForSelector("main.is-code");
  });

  it.each([
    ["blocked", "The door did not open"],
    ["rejected", "The lock did not answer"],
    ["in_doubt", "Please look at door 7"],
  ] as const)("is told what to do when the door is %s", async (state, words) => {
    server.publish(viewWith(operationView({ state })));
    await expect.poll(() => title().textContent()).toBe(words);
    expect(await tab.page.locator("main .hint").textContent()).toContain("your code");
  });

  it("does everything with a keypad alone", async () => {
    server.answer("POST /kiosk/v1/pickup", () => opened);
    server.answer(`POST /kiosk/v1/pickups/${DEPOSIT}/reopen`, () => opened);
    const { keyboard } = tab.page;
    await keyboard.type("48");
    await keyboard.press("Backspace");
    await keyboard.press("Escape");
    await keyboard.press("Enter");
    await tab.page.getByRole("dialog").waitFor();
    await keyboard.press("2");
    await expect.poll(() => tab.page.getByRole("dialog").locator("h2").textContent()).toBe("帮助");
    await keyboard.press("2");
    await expect.poll(() => tab.page.getByRole("dialog").locator("h2").textContent()).toBe("Help");
    await keyboard.press("Enter");
    await tab.page.getByRole("dialog").waitFor({ state: "detached" });
    await keyboard.type(GOOD_CODE);
    await keyboard.press("Enter");
    await expect.poll(() => title().textContent()).toBe("Door 7 is opening");
    server.publish(viewWith(operationView({ state: "closed", depositState: "collected", mayReopen: true })));
    await expect.poll(() => title().textContent()).toBe("Thank you");
    await keyboard.press("2");
    await expect.poll(() => server.calls.at(-1)?.path).toBe(`/kiosk/v1/pickups/${DEPOSIT}/reopen`);
    await keyboard.press("Enter");
    await expect.poll(() => title().textContent()).toBe("Pick up a parcel");
  });

  it("scans a QR code with a scanner that types", async () => {
    server.answer("POST /kiosk/v1/pickup/qr", () => opened);
    await tab.page.keyboard.type("AbCdEfGhIjKlMnOpQrStUv\n");
    await expect.poll(() => title().textContent()).toBe("Door 7 is opening");
    expect(server.calls[0]?.body).toEqual({ token: "AbCdEfGhIjKlMnOpQrStUv" });
  });

  it("changes the language on any screen", async () => {
    await tab.page.getByRole("button", { name: "中文" }).click();
    await expect.poll(() => title().textContent()).toBe("取件");
    server.publish(viewWith(operationView({ state: "open" })));
    await expect.poll(() => title().textContent()).toBe("请取走包裹");
    await tab.page.getByRole("button", { name: "English" }).click();
    await expect.poll(() => title().textContent()).toBe("Take your parcel");
    expect(await tab.page.locator("html").getAttribute("lang")).toBe("en");
  });

  it("ignores the second tap of a double tap", async () => {
    server.publish(viewWith(operationView({ state: "closed", depositState: "collected", mayReopen: true })));
    server.answer(`POST /kiosk/v1/pickups/${DEPOSIT}/reopen`, () => opened);
    await tab.page.getByRole("button", { name: "Open again" }).dblclick();
    await expect.poll(() => server.calls.length).toBe(1);
    await expect.poll(() => title().textContent()).toBe("Thank you");
    expect(server.calls).toHaveLength(1);
  });

  it("is told since when the locker is silent, and goes on by itself", async () => {
    await tab.page.evaluate(() => Reflect.set(globalThis, "same", true));
    server.silence(true);
    await expect.poll(() => tab.page.locator(".banners").textContent(), { timeout: 8_000 }).toMatch(/since \d\d:\d\d/);
    server.silence(false);
    await expect.poll(() => tab.page.locator(".banners").textContent(), { timeout: 8_000 }).toBe("");
    expect(await tab.page.evaluate(() => Reflect.get(globalThis, "same"))).toBe(true);
  });

  it("leaves the locker to a newer page", async () => {
    server.announce("problem", { code: "too_many_streams" });
    await expect.poll(() => title().textContent()).toBe("Open somewhere else");
    server.publish(viewWith(operationView({ state: "open" })));
    expect(await tab.page.locator("main button").count()).toBe(0);
  });

  it("is asked whether anybody is still there, and says so with one tap", async () => {
    await tab.page.clock.install();
    await tab.page.reload();
    await tab.page.waitForSelector("main.is-code");
    await tab.page.keyboard.type("48");
    await tab.page.clock.fastForward(25_000);
    const dialog = tab.page.getByRole("dialog");
    await dialog.getByText("Are you still there?").waitFor();
    await tab.picture("kiosk-idle-en");
    expect(await accessibilityFaults(tab.page)).toEqual([]);
    await dialog.getByRole("button", { name: "I am still here" }).click();
    await dialog.waitFor({ state: "detached" });
    expect((await tab.page.locator(".slot").allTextContents()).join("")).toBe("••");
    await tab.page.clock.fastForward(25_000);
    await dialog.waitFor();
    await tab.page.clock.fastForward(25_000);
    await expect.poll(async () => (await tab.page.locator(".slot").allTextContents()).join("")).toBe("");
  });
});
