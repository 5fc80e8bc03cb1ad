import type { LockerHandle } from "../../contract/ids.ts";
import { lockerView } from "../views.ts";
import { only } from "./auth.ts";
import type { ApiContext, ApiServer } from "./context.ts";

/**
 * `GET /v1/stream`: server-sent events named `locker`, each a whole {@link LockerView}. All of them at once on
 * connecting, then each locker again when something of it changes; changes that come faster than the reader are one.
 */
export function streamRoutes(app: ApiServer, { store, lockers, auth, changes }: ApiContext): void {
  const streams = new Set<() => void>();
  app.addHook("preClose", async () => {
    for (const close of streams) close();
  });

  app.get("/v1/stream", { onRequest: only(auth, "operator"), sse: { kind: "only" } }, async (_request, reply) => {
    const stale = new Set<LockerHandle>(lockers.keys());
    let wake: (() => void) | undefined;
    const rouse = (): void => wake?.();
    const unsubscribe = changes.subscribe((locker) => {
      stale.add(locker);
      rouse();
    });
    let open = true;
    const close = (): void => {
      open = false;
      rouse();
    };
    streams.add(close);
    reply.sse.onClose(close);
    try {
      while (open) {
        for (const locker of stale) {
          stale.delete(locker);
          const name = lockers.get(locker)?.name;
          const data = name === undefined ? undefined : await lockerView(store.db, locker, name);
          if (open && data !== undefined) await reply.sse.send({ event: "locker", data });
        }
        if (open && stale.size === 0) await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      unsubscribe();
      streams.delete(close);
    }
  });
}
