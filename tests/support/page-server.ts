import type { ServerResponse } from "node:http";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import fastify, { type FastifyRequest } from "fastify";
import { builtWeb } from "./built-web.ts";

export type Call = {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly session: string | undefined;
};

export type Reply = { readonly status: number; readonly body?: unknown };

export type PageServer = {
  readonly url: string;
  /** Everything the page asked, in order. */
  readonly calls: readonly Call[];
  /** Answers `POST /path` from now on. What has no answer gets 404. */
  answer(request: string, handler: (call: Call) => Reply | Promise<Reply>): void;
  /** Sends an event to every open stream, and first of all to those that open later. */
  publish(data: unknown): void;
  /** Sends an event of another name to the streams that are open now. */
  announce(event: string, data: unknown): void;
  /** Ends every open stream, and refuses new ones until `false`. */
  silence(silent: boolean): void;
  close(): Promise<void>;
};

type Options = {
  readonly page: "kiosk" | "console";
  readonly stream: { readonly path: string; readonly event: string };
};

/** The policy the real servers send: whatever breaks it fails here too. */
const POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** Serves a built page, and plays the part of its server as a test says. */
export async function openPageServer({ page, stream }: Options): Promise<PageServer> {
  const server = fastify();
  const answers = new Map<string, (call: Call) => Reply | Promise<Reply>>();
  const calls: Call[] = [];
  const streams = new Set<ServerResponse>();
  let last: string | undefined;
  let silent = false;

  server.addHook("onSend", async (_request, reply) => {
    reply.header("content-security-policy", POLICY);
  });
  server.get(stream.path, (request, reply) => {
    if (silent) return reply.code(503).send();
    reply.hijack();
    const response = reply.raw;
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(last ?? ": hello\n\n");
    streams.add(response);
    request.raw.on("close", () => streams.delete(response));
    return reply;
  });
  const handle = async (request: FastifyRequest): Promise<Reply> => {
    const call = callOf(request);
    calls.push(call);
    return (await answers.get(`${call.method} ${call.path}`)?.(call)) ?? { status: 404, body: { code: "not_found" } };
  };
  for (const path of ["/kiosk/v1/*", "/console/*", "/v1/*"]) {
    server.all(path, async (request, reply) => {
      const { status, body } = await handle(request);
      return reply.code(status).send(body);
    });
  }
  await server.register(fastifyStatic, { root: join(await builtWeb(), page) });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    url,
    calls,
    answer: (request, handler) => answers.set(request, handler),
    publish(data) {
      last = `event: ${stream.event}\ndata: ${JSON.stringify(data)}\n\n`;
      for (const response of streams) response.write(last);
    },
    announce(event, data) {
      for (const response of streams) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    silence(next) {
      silent = next;
      for (const response of next ? streams : []) response.end();
    },
    async close() {
      for (const response of streams) response.end();
      await server.close();
    },
  };
}

function callOf(request: FastifyRequest): Call {
  const session = request.headers["x-courier-session"];
  return {
    method: request.method,
    path: request.url,
    body: request.body,
    session: typeof session === "string" ? session : undefined,
  };
}
