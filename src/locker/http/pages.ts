import { sep } from "node:path";
import fastifyStatic from "@fastify/static";
import type { Guard } from "./guard.ts";
import type { KioskApp } from "./kiosk-app.ts";

/** The built page: `/` gives the page and its cookie, everything else is looked up in `staticDir`. */
export async function pageRoutes(app: KioskApp, guard: Guard, staticDir: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: staticDir,
    index: false,
    dotfiles: "ignore",
    cacheControl: false,
    // Names under `assets` carry a hash of their contents.
    setHeaders: (reply, path) => {
      const isHashed = path.includes(`${sep}assets${sep}`);
      void reply.header("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-store");
    },
    // Only `/` gives the cookie along with the page.
    allowedPath: (path) => path !== "/index.html",
  });
  app.get("/", async (request, reply) => {
    guard.admit(request, reply);
    return reply.sendFile("index.html");
  });
}
