import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { openBrowser, openTab, type Tab } from "../support/browser.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { compartment, DEPOSIT, kioskView, OPERATION, operationView, SESSION, viewWith } from "../support/kiosk-view.ts";
import { openPageServer, type PageServer } from "../support/page-server.ts";
import { TOKEN } from "../web/kiosk-person.ts";

const opened = { status: 200, body: { operation: OPERATION, compartment: compartment(7), deposit: DEPOSIT } };
const DEPOSITS = "/kiosk/v1/courier/deposits";

describeWithTools(["chromium"], "a courier at the kiosk's page", ({ chromium }) => {
  let browser: Browser;
  let server: PageServer;
  let tab: Tab;
  let unfinished: readonly object[];

  beforeAll(async () => {
    browser = await openBrowser(chromium);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
  });
  beforeEach(async () => {
    unfinished = [];
    server = await openPageServer({ page: "kiosk", stream: { path: "/kiosk/v1/events", event: "view" } });
    server.publish(kioskView());
    server.answer("POST /kiosk/v1/courier/touch", () => ({ status: 204 }));
    server.answer("POST /kiosk/v1/courier/sign-out", () => ({ status: 204 }));
    server.answer("POST /kiosk/v1/courier/sign-in", () => ({
      status: 200,
      body: { session: SESSION, mayDeposit: true, mayRecall: false, unfinished },
    }));
    server.answer(`POST ${DEPOSITS}`, () => opened);
    for (const verb of ["confirm", "cancel"]) {
      server.answer(`POST ${DEPOSITS}/${DEPOSIT}/${verb}`, () => ({ status: 204 }));
    }
    server.answer(`POST ${DEPOSITS}/${DEPOSIT}/reopen`, () => opened);
    tab = await openTab(browser, server.url, { locale: "en" });
    await tab.page.waitForSelector("main.is-code");
  }, 120_000);
  afterEach(async () => {
    expect(tab.faults).toEqual([]);
    await tab.close();
    await server.close();
  });

  const title = () => tab.page.locator("main h1");
  const shows = (words: string) => expect.poll(() => title().textContent()).toBe(words);
  const press = (name: string) => tab.page.locator("main").getByRole("button", { name }).click();
  const calls = () => server.calls.filter(({ path }) => path.startsWith(DEPOSITS));

  const signIn = async (): Promise<void> => {
    await press("I am a courier");
    const { keyboard } = tab.page;
    for (const [words, digits] of [
      ["Your courier number", "10012"],
      ["Your PIN", "123456"],
      ["The 6 digits on your authenticator", "654321"],
    ] as const) {
      await shows(words);
      await keyboard.type(digits);
      await keyboard.press("Enter");
    }
  };
  const seesDoor = (different: Parameters<typeof operationView>[0]): void => {
    const operation = operationView({ purpose: "deposit", depositState: "depositing", ...different });
    server.publish(viewWith(operation, { courierSignedIn: true }));
  };

  it("signs in, scans, chooses a size, deposits, and goes on with the next label", async () => {
    await signIn();
    await shows("Scan the parcel");
    expect(server.calls[0]?.body).toEqual({ courier: "10012", pin: "123456", totp: "654321" });
    await tab.page.keyboard.type(`${TOKEN}\n`);
    await shows("How big is the parcel?");
    expect(await tab.page.locator(".size").allTextContents()).toEqual([
      "1Small4 free",
      "2Medium2 free",
      "3Largenone free",
    ]);
    await tab.page.keyboard.press("2");
    await shows("Door 7 is opening");
    expect(calls()[0]).toMatchObject({ body: { parcelToken: TOKEN, size: "M" }, session: SESSION });
    seesDoor({ state: "open" });
    await shows("Put the parcel in");
    seesDoor({ state: "closed", mayReopen: true });
    await shows("Is the parcel inside?");
    await tab.page.keyboard.type(`3${TOKEN.slice(1)}\n`);
    await shows("How big is the parcel?");
    expect(calls().map(({ path }) => path)).toEqual([DEPOSITS, `${DEPOSITS}/${DEPOSIT}/confirm`]);
  });

  it("types the token on the screen", async () => {
    await signIn();
    await shows("Scan the parcel");
    const keys = tab.page.locator(".token-keys");
    for (const character of TOKEN) await keys.getByRole("button", { name: character, exact: true }).click();
    await keys.getByRole("button", { name: "OK", exact: true }).click();
    await shows("How big is the parcel?");
  });

  it("reopens, and cancels without a code being issued", async () => {
    await signIn();
    await tab.page.keyboard.type(`${TOKEN}\n`);
    await press("Small");
    seesDoor({ state: "closed", mayReopen: true });
    await press("Open again");
    await expect.poll(() => calls().at(-1)?.path).toBe(`${DEPOSITS}/${DEPOSIT}/reopen`);
    seesDoor({ state: "closed", mayReopen: true });
    await press("Cancel this parcel");
    await shows("Scan the parcel");
    expect(await tab.page.getByRole("status").textContent()).toContain("Door 7: cancelled");
    expect(calls().some(({ path }) => path.endsWith("/confirm"))).toBe(false);
  });

  it("is offered what was left unfinished first", async () => {
    unfinished = [{ deposit: DEPOSIT, compartment: 4 }];
    await signIn();
    await shows("Unfinished: door 4");
    await press("Open and finish");
    await shows("Door 7 is opening");
    expect(calls()[0]?.path).toBe(`${DEPOSITS}/${DEPOSIT}/reopen`);
  });

  it("is signed out by the locker, and told so", async () => {
    await signIn();
    await shows("Scan the parcel");
    server.publish(kioskView({ courierSignedIn: true }));
    server.publish(kioskView({ courierSignedIn: false }));
    await shows("Your courier number");
    expect(await tab.page.getByRole("status").textContent()).toContain("signed out");
  });

  it("presses no button with the first character of a label", async () => {
    await signIn();
    await tab.page.keyboard.type(`${TOKEN}\n`);
    await press("Small");
    seesDoor({ state: "closed", mayReopen: true });
    await shows("Is the parcel inside?");
    await tab.page.keyboard.type(`3${TOKEN.slice(1)}`);
    await shows("How big is the parcel?");
    expect(calls().map(({ path }) => path.split("/").at(-1))).toEqual(["deposits", "confirm"]);
  });
});
