import { existsSync } from "node:fs";
import fastifyStatic from "@fastify/static";
import type { FastifyReply } from "fastify";
import { ConsoleSession, ConsoleSignIn } from "../../contract/fleet-api.ts";
import { isSameOrigin, only, principalOf, SESSION_COOKIE, SESSION_MS } from "./auth.ts";
import type { ApiContext, ApiServer } from "./context.ts";
import { refuse } from "./problem.ts";

const cookie = { path: "/", httpOnly: true, sameSite: "strict", secure: "auto" } as const;

/** The operators' console: its session, and its pages as they were built. */
export async function consoleRoutes(app: ApiServer, { auth, consoleRoot, log }: ApiContext): Promise<void> {
  app.post(
    "/console/session",
    { schema: { summary: "Sign in to the console", body: ConsoleSignIn, response: { 200: ConsoleSession } } },
    async (request, reply) => {
      if (request.headers.origin !== undefined && !isSameOrigin(request)) return refuse(reply, "wrong_origin");
      const key = auth.ofKey(request.body.key);
      if (key === undefined) return refuse(reply, "unauthenticated");
      if (key.kind !== "operator") return refuse(reply, "not_permitted");
      reply.setCookie(SESSION_COOKIE, auth.startSession(key.id), { ...cookie, maxAge: SESSION_MS / 1000 });
      return { operator: key.id };
    },
  );
  app.get(
    "/console/session",
    { onRequest: only(auth, "operator"), schema: { summary: "Who is signed in", response: { 200: ConsoleSession } } },
    async (request) => ({ operator: principalOf(request).id }),
  );
  app.delete(
    "/console/session",
    { onRequest: only(auth, "operator"), schema: { summary: "Sign out" } },
    async (request, reply) => {
      const secret = request.cookies[SESSION_COOKIE];
      if (secret !== undefined) auth.endSession(secret);
      return reply.clearCookie(SESSION_COOKIE, cookie).code(204).send();
    },
  );

  if (existsSync(consoleRoot)) {
    await app.register(fastifyStatic, { root: consoleRoot, prefix: "/", index: "index.html", wildcard: true });
    return;
  }
  log.warn({ consoleRoot }, "the console is not built, run: npm run build");
  app.get("/", async (_request, reply: FastifyReply) => refuse(reply, "not_found"));
}
