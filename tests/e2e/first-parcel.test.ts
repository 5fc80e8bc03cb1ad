import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { openBrowser, openTab, type Tab } from "../support/browser.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { overviewPicture, savePicture } from "./support/pictures.ts";

const LOCKERD = fileURLToPath(new URL("../../src/cli/lockerd.ts", import.meta.url));
const READY_MS_MAX = 60_000;
const DOOR_MS_MAX = 20_000;

/** The demo as a person starts it: what it prints, and the Enter key. */
class Demo {
  readonly #child: ChildProcess;
  printed = "";

  constructor() {
    this.#child = spawn(process.execPath, [LOCKERD, "demo"], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.printed += text;
    });
  }

  /** What the pattern's group matches in what was printed from `from` on. */
  async find(pattern: RegExp, from = 0): Promise<string> {
    const match = await vi.waitUntil(() => pattern.exec(this.printed.slice(from)), { timeout: READY_MS_MAX });
    return match[1] ?? "";
  }

  pressEnter(): void {
    this.#child.stdin?.write("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit", { signal: AbortSignal.timeout(READY_MS_MAX) });
    this.#child.kill("SIGINT");
    await ended;
  }
}

/** docs/tutorial/first-parcel.md, step by step. `LOCKERD_PICTURES` names a folder that keeps what it looks like. */
describeWithTools(["chromium"], "the tutorial", ({ chromium }) => {
  let demo: Demo;
  let browser: Browser;
  let kiosk: Tab;
  let operator: Tab;

  beforeAll(async () => {
    demo = new Demo();
    browser = await openBrowser(chromium);
    kiosk = await openTab(browser, await demo.find(/Kiosk +(\S+)/), { locale: "en" });
    const viewport = { width: 1366, height: 900 };
    operator = await openTab(browser, await demo.find(/Console +(\S+)/), { locale: "en", viewport });
    await kiosk.page.waitForSelector("main.is-code");
  }, 2 * READY_MS_MAX);
  afterAll(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  const title = (words: string) =>
    kiosk.page.getByRole("heading", { name: words, level: 1 }).waitFor({ timeout: DOOR_MS_MAX });
  const press = (name: string) => kiosk.page.locator("main").getByRole("button", { name }).click();
  const typeIn = (text: string) => kiosk.page.keyboard.type(`${text}\n`);
  const door = (number: string, state: string) =>
    operator.page.getByRole("button", { name: new RegExp(`^Door ${number}, .*${state}`) });

  it("collects a parcel with the printed code while the console follows", async () => {
    await operator.page.getByLabel("Access key").fill(await demo.find(/access key (\S+)/));
    await operator.page.getByRole("button", { name: "Sign in" }).click();
    const number = await demo.find(/watch door (\d+)/);
    await door(number, "Closed, Occupied").waitFor();
    const home = await kiosk.page.screenshot();
    await kiosk.page.keyboard.type((await demo.find(/Enter ([\d ]+) at the kiosk/)).replaceAll(" ", ""));
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
    const from = demo.printed.length;
    demo.pressEnter();
    const timeCode = await demo.find(/time code (\d{6})/, from);
    const label = await demo.find(/label +([0-9A-Z]{26})/, from);
    await press("Finish");
    await press("I am a courier");
    await title("Your courier number");
    await typeIn(await demo.find(/Courier +id (\d+)/));
    await title("Your PIN");
    await typeIn(await demo.find(/PIN (\d+)/));
    await title("The 6 digits on your authenticator");
    await typeIn(timeCode);
    await title("Scan the parcel");
    await typeIn(label);
    await title("How big is the parcel?");
    await press("Small");
    await title("Put the parcel in");
    await title("Is the parcel inside?");
    await press("Done");
    await demo.find(/Pickup code: ([\d ]+)/, from);
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
