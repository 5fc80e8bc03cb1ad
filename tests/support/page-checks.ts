import axe from "axe-core";
import type { Page } from "playwright-core";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "EN-301-549"];

/** Breaches of the accessibility rules, each with the rule and the element. */
export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  // By way of the debugger, since the page's own policy lets no foreign script in.
  await page.evaluate(axe.source);
  return await page.evaluate(async (values) => {
    const checker = Reflect.get(globalThis, "axe") as typeof axe;
    const { violations, passes } = await checker.run(document, { runOnly: { type: "tag", values } });
    if (passes.length < 5) throw new Error(`axe looked at next to nothing: ${passes.length} rules`);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ""}`),
    );
  }, RULES);
}

/** Text drawn with a font the page did not bring itself: on a machine without Chinese fonts it would be blank. */
export async function foreignFonts(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send("DOM.enable");
  await session.send("CSS.enable");
  const { root } = await session.send("DOM.getDocument");
  const { nodeIds } = await session.send("DOM.querySelectorAll", { nodeId: root.nodeId, selector: "body *" });
  const foreign: string[] = [];
  for (const nodeId of nodeIds) {
    const { fonts } = await session.send("CSS.getPlatformFontsForNode", { nodeId });
    for (const { familyName, isCustomFont } of fonts) {
      if (isCustomFont) continue;
      const { outerHTML } = await session.send("DOM.getOuterHTML", { nodeId });
      foreign.push(`${familyName}: ${outerHTML.slice(0, 120)}`);
    }
  }
  await session.detach();
  return foreign;
}

/** Whether the page is longer or wider than the screen. */
export async function scrolls(page: Page): Promise<boolean> {
  return await page.evaluate(() => {
    const { scrollHeight, scrollWidth, clientHeight, clientWidth } = document.documentElement;
    return scrollHeight > clientHeight || scrollWidth > clientWidth;
  });
}

/** Targets smaller than so many pixels either way, by their text. */
export async function smallTargets(page: Page, selector: string, pixelsMin: number): Promise<readonly string[]> {
  return await page.locator(selector).evaluateAll(
    (elements, min) =>
      elements
        .filter((element) => {
          const { width, height } = element.getBoundingClientRect();
          return width < min || height < min;
        })
        .map((element) => element.textContent),
    pixelsMin,
  );
}
