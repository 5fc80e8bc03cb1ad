import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { EpochMs } from "../../contract/time.ts";
import { refuse } from "./problem.ts";

/** An API key as configured: whose it is and its SHA-256, hex. The key itself is 256 random bits, base64url. */
export type ApiKey = { readonly id: string; readonly kind: "operator" | "carrier"; readonly sha256: string };

export type Principal = {
  readonly kind: ApiKey["kind"];
  /** Pseudonym of an operator, name of a carrier. */
  readonly id: string;
  /** A browser sends a session by itself, so a session has to prove where it comes from. */
  readonly by: "key" | "session";
};

export type Auth = {
  /** Whose key it is, compared with every configured one in the same time. */
  readonly ofKey: (key: string) => ApiKey | undefined;
  readonly ofRequest: (request: FastifyRequest) => Principal | undefined;
  /** Starts a session and returns its secret, which goes into the cookie and nowhere else. */
  readonly startSession: (operator: string) => string;
  readonly endSession: (secret: string) => void;
};

export const SESSION_COOKIE = "lockerd_console";
/** One shift. */
export const SESSION_MS = 8 * 3_600_000;
const SESSIONS_MAX = 1_000;

const sha256 = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();

/** Sessions live in memory: a restart of the fleet signs everybody out. */
export function createAuth(keys: readonly ApiKey[], now: () => EpochMs): Auth {
  const known = keys.map((key) => ({ key, digest: Buffer.from(key.sha256, "hex") }));
  const sessions = new Map<string, { readonly operator: string; readonly endsAt: number }>();

  const ofKey = (text: string): ApiKey | undefined => {
    const digest = sha256(text);
    const matches = known.filter((each) => timingSafeEqual(each.digest, digest));
    return matches[0]?.key;
  };
  const ofSession = (secret: string): Principal | undefined => {
    const session = sessions.get(sha256(secret).toString("hex"));
    if (session === undefined || session.endsAt <= now()) return undefined;
    return { kind: "operator", id: session.operator, by: "session" };
  };
  return {
    ofKey,
    ofRequest: (request) => {
      const header = request.headers.authorization;
      if (header !== undefined) {
        const key = ofKey(/^Bearer ([A-Za-z0-9_-]{43})$/.exec(header)?.[1] ?? "");
        return key === undefined ? undefined : { kind: key.kind, id: key.id, by: "key" };
      }
      const cookie = request.cookies[SESSION_COOKIE];
      return cookie === undefined ? undefined : ofSession(cookie);
    },
    startSession: (operator) => {
      const oldest = sessions.keys().next();
      if (sessions.size >= SESSIONS_MAX && oldest.done !== true) sessions.delete(oldest.value);
      const secret = randomBytes(32).toString("base64url");
      sessions.set(sha256(secret).toString("hex"), { operator, endsAt: now() + SESSION_MS });
      return secret;
    },
    endSession: (secret) => {
      sessions.delete(sha256(secret).toString("hex"));
    },
  };
}

const principals = new WeakMap<FastifyRequest, Principal>();

/** A hook that lets only these kinds in, before anything of the request's body is looked at. */
export const only =
  (auth: Auth, ...kinds: readonly ApiKey["kind"][]) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const principal = auth.ofRequest(request);
    if (principal === undefined) return refuse(reply, "unauthenticated");
    if (!kinds.includes(principal.kind)) return refuse(reply, "not_permitted");
    const isSafe = request.method === "GET" || request.method === "HEAD";
    if (principal.by === "session" && !isSafe && !isSameOrigin(request)) return refuse(reply, "wrong_origin");
    principals.set(request, principal);
    return undefined;
  };

/** Whom {@link only} let in. */
export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request);
  if (principal === undefined) throw new Error("a route without `only` asked for its principal");
  return principal;
}

/** The page that sent it was served from the address it was sent to. */
export function isSameOrigin({ headers }: FastifyRequest): boolean {
  if (headers.origin === undefined || !URL.canParse(headers.origin)) return false;
  return new URL(headers.origin).host === headers.host;
}
