import { fileURLToPath } from "node:url";
import preact from "@preact/preset-vite";
import { defineConfig } from "vite";
import { catalogueFont } from "./build/catalogue-font.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Built one after the other: the first clears away what an earlier build left. */
const PAGES = ["kiosk", "console"] as const;

/** Each page is served from the root of its own server, so each carries all its assets in its own folder. */
const page = (name: (typeof PAGES)[number]) => ({
  consumer: "client" as const,
  build: {
    assetsDir: `${name}/assets`,
    emptyOutDir: name === PAGES[0],
    rollupOptions: {
      input: path(`${name}/index.html`),
      // Cutting the font takes its time on the first build; that is no news.
      checks: { pluginTimings: false },
    },
  },
});

export default defineConfig({
  root: path("."),
  base: "./",
  plugins: [preact(), catalogueFont()],
  build: {
    outDir: path("../../dist/web"),
    target: "chrome125",
    // The pages' policy is `default-src 'self'`: nothing may be inlined as a data URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  environments: { kiosk: page("kiosk"), console: page("console") },
  experimental: {
    // The page lies beside its assets, and its folder's name is not part of its address.
    renderBuiltUrl: (file, { hostType }) => (hostType === "html" ? file.replace(/^[^/]+\//, "./") : { relative: true }),
  },
  builder: {
    async buildApp(builder) {
      for (const name of PAGES) {
        const environment = builder.environments[name];
        if (environment !== undefined) await builder.build(environment);
      }
    },
  },
});
