import { randomBytes, timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { problemOf, sendProblem } from "./problems.ts";

/** Adapter hooks answer by sending; returning nothing lets the request go on. */
type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

export type Guard = {
  /** Refuses every name but the loopback's own: a foreign name that resolves to it (DNS rebinding) gets nothing. */
  readonly checkHost: Hook;
  /** Refuses calls that do not come from the page this very start of the daemon has served. */
  readonly checkPage: Hook;
  /** Gives the page the cookie that `checkPage` asks for. */
  readonly admit: (request: FastifyRequest, reply: FastifyReply) => void;
};

/** Cookies know no port, so two lockers on one machine need two names. */
const cookieName = (request: FastifyRequest): string => `lockerd_kiosk_${request.socket.localPort}`;

/** Keeps other pages and other programs' tabs away from the kiosk's API. The secret lives as long as the process. */
export function createGuard(): Guard {
  const secret = randomBytes(32).toString("base64url");

  const knows = (request: FastifyRequest): boolean => {
    const given = Buffer.from(request.cookies[cookieName(request)] ?? "");
    return given.length === secret.length && timingSafeEqual(given, Buffer.from(secret));
  };

  return {
    async checkHost(request, reply) {
      const { localPort } = request.socket;
      const isOwn = request.host === `127.0.0.1:${localPort}` || request.host === `localhost:${localPort}`;
      if (!isOwn) await sendProblem(reply, problemOf({ code: "wrong_origin" }));
    },
    async checkPage(request, reply) {
      if (!isSameOrigin(request) || !knows(request)) await sendProblem(reply, problemOf({ code: "wrong_origin" }));
    },
    admit(request, reply) {
      // Not `Secure`: the page is served over plain HTTP, which never leaves the machine.
      reply.setCookie(cookieName(request), secret, { path: "/", httpOnly: true, sameSite: "strict" });
    },
  };
}

/** Browsers send no Origin with a GET to the page's own server; there they vouch for it by Sec-Fetch-Site. */
function isSameOrigin({ method, headers, host }: FastifyRequest): boolean {
  if (headers.origin !== undefined) return headers.origin === `http://${host}`;
  return method === "GET" && headers["sec-fetch-site"] === "same-origin";
}
