import { createHash, randomUUID } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createBuilder } from "vite";

const root = fileURLToPath(new URL("../../", import.meta.url));
const cache = join(root, "node_modules/.cache/lockerd-web-tests");

/**
 * The folder of the pages, built from the present sources as `npm run build` builds them.
 *
 * Test files run in processes of their own; the first that needs the pages builds them, and the folder appears under
 * its final name only when it is whole.
 */
export async function builtWeb(): Promise<string> {
  const folder = join(cache, sourcesHash());
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const outDir = join(cache, `building-${randomUUID()}`);
  const builder = await createBuilder({
    root: join(root, "src/web"),
    logLevel: "warn",
    build: { outDir },
  });
  await builder.buildApp();
  try {
    renameSync(outDir, folder);
  } catch (cause) {
    // Another process was faster, with the same sources.
    rmSync(outDir, { recursive: true, force: true });
    if (!existsSync(folder)) throw new Error(`keep the built pages in ${folder}`, { cause });
  }
  return folder;
}

function sourcesHash(): string {
  const sources = globSync(["src/web/**/*.*", "src/contract/*.ts", "package-lock.json"], { cwd: root }).sort();
  const hash = createHash("sha256");
  for (const source of sources) hash.update(source).update(readFileSync(join(root, source)));
  return hash.digest("hex").slice(0, 16);
}
