import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openBrowser, openTab, type Tab } from "../support/browser.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { type Announcement, Demo } from "./support/demo.ts";
import { eventually } from "./support/eventually.ts";
import { overviewPicture, savePicture } from "./support/pictures.ts";

const DOOR_MS_MAX = 20_000;

/** docs/tutorial/first-parcel.md, step by step. `LOCKERD_PICTURES` names a folder that keeps what it looks like. */
describeWithTools(["chromium"], "the tutorial", ({ chromium }) => {
  let demo: Demo;
  let told: Announcement;
  let browser: Browser;
  let kiosk: Tab;
  let operator: Tab;

  beforeAll(async () => {
    demo = new Demo();
    // How fast it is is no part of the tutorial.
    told = await demo.announcement(60_000);
    browser = await openBrowser(chromium);
    kiosk = await openTab(browser, told.kioskUrl, { locale: "en" });
    operator = await openTab(browser, told.consoleUrl, { locale: "en", viewport: { width: 1366, height: 900 } });
    await kiosk.page.waitForSelector("main.is-code");
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  const title = (words: string) =>
    kiosk.page.getByRole("heading", { name: words, level: 1 }).waitFor({ timeout: DOOR_MS_MAX });
  const press = (name: string) => kiosk.page.locator("main").getByRole("button", { name }).click();
  const typeIn = (text: string) => kiosk.page.keyboard.type(`${text}\n`);
  const door = (number: number, state: string) =>
    operator.page.getByRole("button", { name: new RegExp(`^Door ${number}, .*${state}`) });

  it("collects a parcel with the printed code while the console follows", async () => {
    await operator.page.getByLabel("Access key").fill(told.operatorKey);
    await operator.page.getByRole("button", { name: "Sign in" }).click();
    const number = told.door;
    await door(number, "Closed, Occupied").waitFor();
    const home = await kiosk.page.screenshot();
    await kiosk.page.keyboard.type(told.code.replaceAll(" ", ""));
    await press("OK");
    await title("Take your parcel");
    await door(number, "Open").waitFor({ timeout: DOOR_MS_MAX });
    const open = await kiosk.page.screenshot();
    const console = await operator.page.screenshot();
    await title("Thank you");
    await door(number, "Closed, Free").waitFor({ timeout: DOOR_MS_MAX });
    await savePicture("overview", await overviewPicture(browser, { home, open, console }));
  });

  it("deposits a parcel as the courier, which makes the vault tell a code", async () => {
    const printed = demo.pressEnter();
    const read = (what: string, pattern: RegExp) => eventually(what, () => pattern.exec(printed())?.[1]);
    const timeCode = await read("a time code", /time code (\d{6})/);
    const label = await read("a label", /label +([0-9A-Z]{26})/);
    await press("Finish");
    await press("I am a courier");
    await title("Your courier number");
    await typeIn(told.courier.id);
    await title("Your PIN");
    await typeIn(told.courier.pin);
    await title("The 6 digits on your authenticator");
    await typeIn(timeCode);
    await title("Scan the parcel");
    await typeIn(label);
    await title("How big is the parcel?");
    await press("Small");
    await title("Put the parcel in");
    await title("Is the parcel inside?");
    await press("Done");
    expect(await read("a third notice", /Pickup code: ([\d ]+)/)).not.toBe(told.code);
    await press("Sign out");
    await title("Pick up a parcel");
  });

  it("opens a door from afar, with a reason, and reads the outcome as facts", async () => {
    const free = operator.page.getByRole("button", { name: /^Door \d+, .*Closed, Free/ }).last();
    const number = /^Door (\d+)/.exec((await free.getAttribute("aria-label")) ?? "")?.[1] ?? "";
    await free.click();
    const dialog = operator.page.getByRole("dialog");
    await dialog.getByLabel("Reason").selectOption("inspection");
    await dialog.getByRole("button", { name: `Open door ${number}` }).click();
    await dialog.getByText("Accepted by the locker").waitFor({ timeout: DOOR_MS_MAX });
    await dialog.getByText("Door opened").waitFor({ timeout: DOOR_MS_MAX });
    await dialog.getByText("Door closed").waitFor({ timeout: DOOR_MS_MAX });
    await savePicture("remote-open", await operator.page.screenshot());
    expect([...kiosk.faults, ...operator.faults]).toEqual([]);
  });
});
