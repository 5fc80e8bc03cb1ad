import { fileURLToPath } from "node:url";
import preact from "@preact/preset-vite";
import { defineConfig } from "vite";
import { catalogueFont } from "./build/catalogue-font.ts";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Each page is served from the root of its own server, so each carries all its assets in its own folder. */
const page = (name: "kiosk" | "console") => ({
  consumer: "client" as const,
  build: {
    assetsDir: `${name}/assets`,
    rollupOptions: { input: path(`${name}/index.html`) },
  },
});

export default defineConfig({
  root: path("."),
  base: "./",
  plugins: [preact(), catalogueFont()],
  build: {
    outDir: path("../../dist/web"),
    emptyOutDir: true,
    target: "chrome120",
    // The pages' policy is `default-src 'self'`: nothing may be inlined as a data URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  environments: { kiosk: page("kiosk"), console: page("console") },
  builder: {
    async buildApp(builder) {
      for (const name of ["kiosk", "console"]) {
        const environment = builder.environments[name];
        if (environment !== undefined) await builder.build(environment);
      }
    },
  },
});
