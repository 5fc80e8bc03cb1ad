import { sql } from "kysely";
import type { ApiContext, ApiServer } from "./context.ts";
import { type OpenApiRoute, openApiOf } from "./openapi.ts";
import { refuse } from "./problem.ts";

/** Whether the process lives, whether it can serve, what it is. A broker that is away makes it no less ready. */
export function healthRoutes(app: ApiServer, context: ApiContext, routes: readonly OpenApiRoute[]): void {
  const { store, isBrokerConnected, version } = context;
  app.get("/livez", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    try {
      await sql`select 1`.execute(store.db);
    } catch {
      return refuse(reply, "not_ready");
    }
    return { status: "ok", broker: isBrokerConnected() ? "connected" : "unreachable" };
  });
  app.get("/version", async () => ({ name: "lockerd-fleet", version }));
  app.get("/openapi.json", async () => openApiOf(version, routes));
}
