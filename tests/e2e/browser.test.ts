import { expect, it } from "vitest";
import { LAPTOP, openBrowser, openTab } from "../support/browser.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { Demo } from "./support/demo.ts";
import { eventually } from "./support/eventually.ts";

describeWithTools(["chromium"], "the demo in a browser", ({ chromium }) => {
  it("opens the simulated door by the printed code, while the console sees its compartment go free", async () => {
    await using demo = new Demo();
    const { kioskUrl, consoleUrl, operatorKey, code, door } = await demo.announcement();
    await using browser = await openBrowser(chromium);
    const kiosk = await openTab(browser, kioskUrl, { locale: "en" });
    const console = await openTab(browser, consoleUrl, { locale: "en", viewport: LAPTOP });
    const fromIndex = demo.truth().length;

    await console.page.getByLabel("Access key").fill(operatorKey);
    await console.page.getByRole("button", { name: "Sign in" }).click();
    const compartment = console.page.locator(`.cabinet-card [data-compartment="${door}"]`);
    const occupied = await compartment.getAttribute("aria-label");
    expect(occupied).toMatch(/Closed, Occupied$/);
    await console.picture("demo-console-occupied");
    // A page that is loaded again knows nothing of this.
    await console.page.evaluate("globalThis.isStillTheSamePage = true");

    for (const digit of code.replaceAll(" ", "")) {
      await kiosk.page.getByRole("button", { name: digit, exact: true }).click();
    }
    await kiosk.picture("demo-kiosk-code");
    await kiosk.page.getByRole("button", { name: "OK", exact: true }).click();
    await kiosk.page.locator('main[data-scene="pickupOpen"]').waitFor();
    expect(await kiosk.page.locator(".tile-number").textContent()).toBe(String(door));
    await kiosk.picture("demo-kiosk-door-open");
    await expect.poll(() => compartment.getAttribute("aria-label")).toContain("Open");
    await console.picture("demo-console-open");

    await kiosk.page.locator('main[data-scene="pickupClosed"]').waitFor({ timeout: 20_000 });
    await expect.poll(() => compartment.getAttribute("aria-label"), { timeout: 10_000 }).toMatch(/Closed, Free$/);
    await console.picture("demo-console-free");
    expect(await console.page.evaluate("globalThis.isStillTheSamePage")).toBe(true);

    await eventually("the whole story in the cabinet", () => (demo.truth().length >= fromIndex + 4 ? true : undefined));
    expect(demo.truth().slice(fromIndex)).toEqual([
      expect.objectContaining({ kind: "pulse", compartment: door }),
      expect.objectContaining({ kind: "door", compartment: door, door: "opened" }),
      expect.objectContaining({ kind: "parcel", compartment: door, moved: "out" }),
      expect.objectContaining({ kind: "door", compartment: door, door: "closed" }),
    ]);
    expect([...kiosk.faults, ...console.faults]).toEqual([]);
  });
});
