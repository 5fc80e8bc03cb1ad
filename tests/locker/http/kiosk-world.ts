import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import pino from "pino";
import type { CompartmentId, CourierId, DepositId, Size } from "../../../src/contract/ids.ts";
import type { KioskView, OpeningReply, Problem, SignedInReply } from "../../../src/contract/kiosk-api.ts";
import type { KioskEngine } from "../../../src/locker/http/kiosk-engine.ts";
import { createKioskServer, type KioskServer } from "../../../src/locker/http/server.ts";
import { EngineRim, type IssuedCode } from "../../support/engine-rim.ts";
import { EventStream } from "../../support/event-stream.ts";

export const COURIER = { id: "20001" as CourierId, pin: "918273", totp: "564738" };

type Headers = Readonly<Record<string, string>>;
export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string };

const PAGE = "<!doctype html><title>kiosk</title>";

/** A folder as the page's build leaves it. */
function buildPage(): string {
  const folder = mkdtempSync(join(tmpdir(), "lockerd-page-"));
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), PAGE);
  writeFileSync(join(folder, "assets", "kiosk-abc123.js"), "export {};\n");
  writeFileSync(join(folder, ".secret"), "not for anybody");
  return folder;
}

/** The kiosk's server on a real socket, before the real engine, and a page that talks to it. */
export class KioskWorld implements AsyncDisposable {
  readonly rim: EngineRim;
  /** Every line the server has logged, at every level. */
  readonly logged: string[] = [];
  isDatabaseReadable = true;
  hasDiskSpace = true;
  /** Listeners the server has at the engine. */
  watchersCount = 0;
  readonly #pageDir = buildPage();
  #server: KioskServer | undefined;
  #cookie = "";

  private constructor(sizes: readonly Size[] | undefined) {
    this.rim = new EngineRim(sizes);
  }

  static async open({ sizes }: { readonly sizes?: readonly Size[] } = {}): Promise<KioskWorld> {
    const world = new KioskWorld(sizes);
    world.rim.roster([COURIER]);
    await world.serve();
    return world;
  }

  /** Starts a server, and loads its page. */
  async serve(): Promise<void> {
    const lines = new Writable({
      write: (chunk, _encoding, done) => {
        this.logged.push(String(chunk));
        done();
      },
    });
    this.#server = await createKioskServer({
      engine: this.#watchedEngine(),
      lockerName: "Test Street 1",
      staticDir: this.#pageDir,
      proofs: this.rim.proofs,
      checkCourier: this.rim.checkCourier,
      isDatabaseReadable: () => this.isDatabaseReadable,
      hasDiskSpace: () => this.hasDiskSpace,
      version: "1.2.3",
      log: pino({ level: "trace" }, lines),
      port: 0,
    });
    const page = await this.ask("GET", "/");
    this.#cookie = page.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  }

  get url(): string {
    if (this.#server === undefined) throw new Error("the server is not running");
    return this.#server.url;
  }

  get pageHeaders(): { readonly cookie: string; readonly origin: string } {
    return { cookie: this.#cookie, origin: this.url };
  }

  get jsonHeaders(): Headers {
    return { ...this.pageHeaders, "content-type": "application/json" };
  }

  close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    return server?.close() ?? Promise.resolve();
  }

  /** A bare request: no cookie, no Origin, unless `headers` has them. */
  async ask(method: string, path: string, headers: Headers = {}, body?: string): Promise<Answer> {
    const response = await this.#send(method, path, headers, body);
    return { status: response.statusCode ?? 0, headers: response.headers, text: await text(response) };
  }

  /** What the page does: a POST with cookie and Origin, and JSON unless `body` is undefined. */
  async post(path: string, body?: unknown, headers: Headers = {}): Promise<Answer> {
    const own = body === undefined ? this.pageHeaders : this.jsonHeaders;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return this.ask("POST", `/kiosk/v1${path}`, { ...own, ...headers }, payload);
  }

  async stream(headers: Headers = this.pageHeaders): Promise<EventStream> {
    return new EventStream(await this.#send("GET", "/kiosk/v1/events", headers));
  }

  async signIn(
    courier: { readonly id: string; readonly pin: string; readonly totp: string } = COURIER,
  ): Promise<Answer> {
    // Every time code signs in once.
    this.rim.advance(30_000);
    return this.post("/courier/sign-in", { courier: courier.id, pin: courier.pin, totp: courier.totp });
  }

  /** Headers of a courier who has just signed in. */
  async session(): Promise<Headers> {
    const answer = await this.signIn();
    return { "x-courier-session": (JSON.parse(answer.text) as SignedInReply).session };
  }

  /** A whole deposit; answers what the recipient is told, and where it lies. */
  async deposit(parcelToken = newParcelToken(), size: Size = "S"): Promise<Stored> {
    const session = await this.session();
    const started = await this.post("/courier/deposits", { parcelToken, size }, session);
    const { deposit, compartment } = openingOf(started);
    this.rim.bus.obeyAndClose();
    const confirmed = await this.post(`/courier/deposits/${deposit}/confirm`, undefined, session);
    if (confirmed.status !== 204) throw new Error(`confirm answered ${confirmed.text}`);
    await this.post("/courier/sign-out", undefined, session);
    return { deposit, compartment, ...(await this.rim.codeOf(deposit)) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.rim[Symbol.asyncDispose]();
    rmSync(this.#pageDir, { recursive: true, force: true });
  }

  /** A request under way. */
  start(method: string, path: string, headers: Headers, body?: string): ClientRequest {
    return httpRequest(this.url + path, { method, headers, agent: false }).end(body);
  }

  #watchedEngine(): KioskEngine {
    const { engine } = this.rim;
    return {
      state: engine.state,
      submit: (input) => engine.submit(input),
      now: () => engine.now(),
      onChange: (listener) => {
        const forget = engine.onChange(listener);
        this.watchersCount += 1;
        return () => {
          this.watchersCount -= 1;
          forget();
        };
      },
    };
  }

  #send(method: string, path: string, headers: Headers, body?: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      this.start(method, path, headers, body).on("response", resolve).on("error", reject);
    });
  }
}

export type Stored = IssuedCode & { readonly deposit: DepositId; readonly compartment: CompartmentId };

/** Crockford base32, as printed on a label. */
export function newParcelToken(): string {
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  return Array.from(crypto.getRandomValues(new Uint8Array(26)), (byte) => alphabet[byte % 32]).join("");
}

export const problemOf = (answer: Answer): Problem => JSON.parse(answer.text) as Problem;

export const viewOf = (data: string | undefined): KioskView => JSON.parse(data ?? "{}") as KioskView;

export function openingOf(answer: Answer): OpeningReply & { readonly deposit: DepositId } {
  const opening = JSON.parse(answer.text) as OpeningReply;
  if (answer.status !== 200 || opening.deposit === null) throw new Error(`no opening: ${answer.text}`);
  return { ...opening, deposit: opening.deposit };
}
