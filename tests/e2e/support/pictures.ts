import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";

/** Pictures in a README load on telephones too. */
const PICTURE_BYTES_MAX = 200_000;

/** Keeps a picture for the documents in the folder `LOCKERD_PICTURES` names; elsewhere it only has to be small enough. */
export async function savePicture(name: string, png: Buffer): Promise<void> {
  if (png.length > PICTURE_BYTES_MAX) throw new Error(`${name}.png has ${png.length} bytes; scale it down`);
  const folder = process.env["LOCKERD_PICTURES"];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.png`), png);
}

export type Screens = { readonly home: Buffer; readonly open: Buffer; readonly console: Buffer };

const WIDTH = 1280;
const HEIGHT = 560;

/** The kiosk twice, as it stands and with a door open, and beside it the console of the same moment. */
export async function overviewPicture(browser: Browser, { home, open, console }: Screens): Promise<Buffer> {
  const context = await browser.newContext({ viewport: { width: WIDTH, height: HEIGHT } });
  try {
    const page = await context.newPage();
    const shown = (png: Buffer) => `<img alt="" src="data:image/png;base64,${png.toString("base64")}">`;
    await page.setContent(
      `<style>
        body { margin: 0; height: ${HEIGHT}px; display: flex; align-items: center; justify-content: space-evenly; background: #d9dee3 }
        img { height: 500px; border-radius: 8px }
        img:last-child { height: auto; width: 620px }
      </style>${shown(home)}${shown(open)}${shown(console)}`,
    );
    await page.evaluate("Promise.all([...document.images].map((image) => image.decode()))");
    return await page.screenshot();
  } finally {
    await context.close();
  }
}
