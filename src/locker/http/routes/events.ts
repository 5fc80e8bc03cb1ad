import { fastifySSE } from "@fastify/sse";
import type { KioskApp } from "../kiosk-app.ts";
import type { ViewStream } from "../view-stream.ts";

/** A page that hears nothing for longer than this may call the locker lost. */
const HEARTBEAT_EVERY_MS = 10_000;

/** `GET /kiosk/v1/events`: the stream of snapshots. */
export async function eventRoutes(app: KioskApp, stream: ViewStream): Promise<void> {
  await app.register(fastifySSE, { heartbeatInterval: HEARTBEAT_EVERY_MS, serializer: (text: string) => text });
  app.get("/kiosk/v1/events", { sse: "manual" }, async (_request, reply) => {
    // Closed after its end, so that a stop of the daemon need not wait for an idle connection.
    void reply.headers({ "cache-control": "no-store", connection: "close" });
    stream.attach(reply.sse);
  });
}
