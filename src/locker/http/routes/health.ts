import { Type } from "typebox";
import { boardsHealth } from "../../domain/view.ts";
import type { KioskApp } from "../kiosk-app.ts";
import type { KioskEngine } from "../kiosk-engine.ts";

export type HealthDeps = {
  readonly engine: Pick<KioskEngine, "state">;
  readonly isDatabaseReadable: () => boolean;
  /** False while the database's disk is nearly full: the first write that fails ends the daemon. */
  readonly hasDiskSpace: () => boolean;
  readonly version: string;
};

/** `?verbose` has no value; `?verbose=` is the same to a parser. */
const ReadyQuery = Type.Object({ verbose: Type.Optional(Type.Literal("")) }, { additionalProperties: false });

/** For the service manager and monitoring. The link to the fleet is no part of it: the locker works without. */
export function healthRoutes(app: KioskApp, { engine, isDatabaseReadable, hasDiskSpace, version }: HealthDeps): void {
  app.addHook("onRequest", async (_request, reply) => {
    void reply.header("cache-control", "no-store");
  });
  app.get("/livez", async () => ({ status: "ok" }));
  app.get("/version", async () => ({ version }));
  app.get("/readyz", { schema: { querystring: ReadyQuery } }, async (request, reply) => {
    const checks = {
      database: isDatabaseReadable() ? "ok" : "unreadable",
      disk: hasDiskSpace() ? "ok" : "nearly_full",
      boards: boardsHealth(engine.state),
    } as const;
    const isReady = Object.values(checks).every((check) => check === "ok");
    const status = isReady ? "ok" : "not_ready";
    return reply.code(isReady ? 200 : 503).send(request.query.verbose === undefined ? { status } : { status, checks });
  });
}
