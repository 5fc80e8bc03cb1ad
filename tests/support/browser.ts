import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** What Debian's Chromium needs to start in a container, and to keep quiet. */
const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The screen of a locker, standing upright. */
export const PORTRAIT = { width: 1080, height: 1920 } as const;
export const LAPTOP = { width: 1366, height: 768 } as const;

export async function openBrowser(executablePath: string): Promise<Browser> {
  return await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
}

export type Tab = {
  readonly page: Page;
  /** Whatever went wrong on the page: exceptions, refused loads, breaches of its policy. */
  readonly faults: readonly string[];
  /** Keeps a picture of the page as it stands. */
  picture(name: string): Promise<void>;
  close(): Promise<void>;
};

/** Opens a page in a profile of its own. */
export async function openTab(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext({
    viewport: PORTRAIT,
    locale: "zh-CN",
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    // A refusal by the API is the test's own doing; the browser reports it like a missing file.
    if (message.type() === "error" && !/status of 4\d\d|status of 503/.test(message.text()))
      faults.push(message.text());
  });
  await page.goto(url);
  return {
    page,
    faults,
    async picture(name) {
      await page.evaluate("document.fonts.ready");
      await page.screenshot({ path: join(pictureFolder(), `${name}.png`) });
    },
    close: () => context.close(),
  };
}

function pictureFolder(): string {
  const folder = process.env["LOCKERD_SCREENSHOTS"] ?? join(tmpdir(), "lockerd-screenshots");
  mkdirSync(folder, { recursive: true });
  return folder;
}
