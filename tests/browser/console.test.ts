import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { LockerView, RemoteOpenStatus } from "../../src/contract/fleet-api.ts";
import { LAPTOP, openBrowser, openTab, type Tab } from "../support/browser.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { lockerView, remoteOpen, withCompartment } from "../support/locker-view.ts";
import { openPageServer, type PageServer } from "../support/page-server.ts";

const KEY = "nV0d3k-test-key";
const OPEN = "POST /v1/lockers/k7riverside/compartments/4/open";

describeWithTools(["chromium"], "an operator at the console's page", ({ chromium }) => {
  let browser: Browser;
  let server: PageServer;
  let tab: Tab;
  let signedIn: boolean;
  let lockers: readonly LockerView[];

  beforeAll(async () => {
    browser = await openBrowser(chromium);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
  });
  beforeEach(async () => {
    signedIn = false;
    lockers = [lockerView()];
    server = await openPageServer({ page: "console", stream: { path: "/v1/stream", event: "locker" } });
    const refused = { status: 401, body: { code: "unauthenticated" } };
    const session = { status: 200, body: { operator: "ops-lin" } };
    server.answer("GET /console/session", () => (signedIn ? session : refused));
    server.answer("POST /console/session", ({ body }) => {
      signedIn = JSON.stringify(body) === JSON.stringify({ key: KEY });
      return signedIn ? session : refused;
    });
    server.answer("DELETE /console/session", () => ({ status: 204 }));
    server.answer("GET /v1/lockers", () => ({ status: 200, body: { lockers } }));
    tab = await openTab(browser, server.url, { locale: "en", viewport: LAPTOP, timezoneId: "UTC" });
  }, 120_000);
  afterEach(async () => {
    expect(tab.faults).toEqual([]);
    await tab.close();
    await server.close();
  });

  const signIn = async (): Promise<void> => {
    await tab.page.getByLabel("Access key").fill(KEY);
    await tab.page.getByRole("button", { name: "Sign in" }).click();
    await tab.page.waitForSelector(".locker-card");
  };
  const openDialog = async (): Promise<void> => {
    await tab.page.getByRole("button", { name: /^Door 4,/ }).click();
    await tab.page.getByRole("dialog").waitFor();
  };
  const trail = () => tab.page.getByRole("dialog").locator(".trail ol li").allTextContents();

  it("signs in with a key, and is refused with a wrong one", async () => {
    await tab.page.getByLabel("Access key").fill("wrong");
    await tab.page.keyboard.press("Enter");
    await expect.poll(() => tab.page.getByRole("alert").textContent()).toContain("not valid");
    await signIn();
    expect(await tab.page.locator(".operator").textContent()).toBe("ops-lin");
    expect(await tab.page.evaluate(() => JSON.stringify(localStorage))).not.toContain(KEY);
  });

  it("goes on with the session after a reload, and ends it", async () => {
    signedIn = true;
    await tab.page.reload();
    await tab.page.waitForSelector(".locker-card");
    await tab.page.getByRole("button", { name: "Sign out" }).click();
    await tab.page.getByLabel("Access key").waitFor();
    expect(server.calls.at(-1)).toMatchObject({ method: "DELETE", path: "/console/session" });
  });

  it("sees doors and parcels change without a reload", async () => {
    await signIn();
    expect(await tab.page.getByRole("button", { name: /^Door 4,/ }).getAttribute("aria-label")).toBe(
      "Door 4, size L, Closed, Occupied",
    );
    server.publish(withCompartment(lockerView(), 4, { door: "open", occupancy: "available" }));
    await tab.page.getByRole("button", { name: "Door 4, size L, Open, Free" }).waitFor();
    await expect.poll(() => tab.page.locator(".locker-card").textContent()).toContain("1 open");
  });

  it("opens a door with a reason and reads the outcome as facts with their times", async () => {
    let status: RemoteOpenStatus = remoteOpen();
    server.answer(OPEN, () => ({ status: 202, body: status }));
    const tell = (state: RemoteOpenStatus["state"], afterMs: number): void => {
      status = { ...status, state, changedAt: status.askedAt + afterMs };
      server.publish(lockerView({ remoteOpens: [status] }));
    };
    await signIn();
    await openDialog();
    const button = tab.page.getByRole("button", { name: "Open door 4" });
    expect(await button.isDisabled()).toBe(true);
    await tab.page.getByLabel("Reason").selectOption("maintenance");
    expect(await tab.page.getByRole("dialog").textContent()).toContain("opens door 4 once, at most");
    await button.click();
    await expect.poll(() => server.calls.at(-1)?.body).toEqual({ reason: "maintenance" });
    tell("asked", 0);
    await expect.poll(trail).toEqual(["Asked12:03:01", "Waiting for the locker…"]);
    expect(await button.isDisabled()).toBe(true);
    tell("challenged", 400);
    await expect.poll(trail).toContain("Challenge answered12:03:01");
    tell("accepted", 1_100);
    await expect.poll(trail).toContain("Accepted by the locker12:03:02");
    tell("opened", 2_000);
    await expect
      .poll(trail)
      .toEqual([
        "Asked12:03:01",
        "Challenge answered12:03:01",
        "Accepted by the locker12:03:02",
        "Door opened12:03:03",
      ]);
  });

  it("never calls a door open that stayed shut", async () => {
    lockers = [lockerView({ remoteOpens: [remoteOpen({ state: "blocked" })] })];
    await signIn();
    await openDialog();
    expect((await trail()).at(-1)).toMatch(/^Door stayed shut/);
    expect((await trail()).join()).not.toContain("Door opened");
  });

  it("is told why nothing was sent", async () => {
    server.answer(OPEN, () => ({ status: 503, body: { code: "broker_unreachable" } }));
    await signIn();
    await openDialog();
    await tab.page.getByLabel("Reason").selectOption("test");
    await tab.page.getByRole("button", { name: "Open door 4" }).click();
    await expect.poll(() => tab.page.getByRole("dialog").textContent()).toContain("Nothing was sent");
  });

  it("is told since when nothing was heard, and sent to sign in when the session ended meanwhile", async () => {
    await signIn();
    server.silence(true);
    await expect.poll(() => tab.page.locator(".banner.is-warning").textContent()).toMatch(/since \d\d:\d\d:\d\d/);
    signedIn = false;
    await tab.page.getByLabel("Access key").waitFor();
  });

  it("finds a locker among many, and keeps it in the address", async () => {
    lockers = Array.from({ length: 40 }, (_, index) =>
      lockerView({ locker: `locker${100 + index}` as LockerView["locker"], name: `Street ${100 + index}` }),
    );
    await signIn();
    expect(await tab.page.locator(".locker-card").count()).toBe(24);
    await tab.page.getByRole("button", { name: "Next" }).click();
    await expect.poll(() => tab.page.locator(".locker-card").count()).toBe(16);
    await tab.page.getByLabel("Filter by name").fill("street 117");
    await tab.page.getByText("Street 117").click();
    await expect.poll(() => tab.page.locator(".locker-head h2").textContent()).toBe("Street 117");
    await tab.page.reload();
    await expect.poll(() => tab.page.locator(".locker-head h2").textContent()).toBe("Street 117");
  });

  it("says that there is no locker yet", async () => {
    lockers = [];
    await tab.page.getByLabel("Access key").fill(KEY);
    await tab.page.keyboard.press("Enter");
    await expect.poll(() => tab.page.locator(".list .hint").textContent()).toContain("No locker has been set up");
  });
});
