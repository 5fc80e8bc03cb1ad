import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { epochMs } from "../../src/contract/time.ts";
import { createFleet, type Fleet, type FleetSettings } from "../../src/fleet/service.ts";
import type { ModelLocker } from "./model-locker.ts";

export type Asked = { readonly status: number; readonly body: unknown; readonly headers: Headers };

/** A whole fleet on a free loopback port with a database of its own and keys made for this run. */
export class FleetRig {
  readonly folder = mkdtempSync(join(tmpdir(), "lockerd-fleet-"));
  readonly keys = { operator: newKey(), acme: newKey(), rival: newKey() };
  readonly commandPublicKey: KeyObject;
  readonly linkPublicKey: KeyObject;
  readonly failures: unknown[] = [];
  readonly logLines: string[] = [];
  readonly settings: FleetSettings;
  fleet: Fleet | undefined;

  constructor(options: {
    readonly brokerUrl: string;
    readonly lockers: readonly ModelLocker[];
    readonly vaultUrl?: string;
  }) {
    const commandKey = generateKeyPairSync("ed25519").privateKey;
    const linkKey = generateKeyPairSync("ed25519").privateKey;
    this.commandPublicKey = createPublicKey(commandKey);
    this.linkPublicKey = createPublicKey(linkKey);
    this.settings = {
      http: { host: "127.0.0.1", port: 0 },
      mqtt: { url: options.brokerUrl },
      database: join(this.folder, "fleet.db"),
      ...{ commandKey, linkKey, rosterKey: randomBytes(32) },
      lockers: options.lockers.map(({ handle, publicKey, sealingPublicKey }) => ({
        ...{ handle, name: `Locker ${handle}`, signingKey: publicKey, sealingKey: sealingPublicKey },
      })),
      apiKeys: [
        { id: "op-1", kind: "operator", sha256: hashOf(this.keys.operator) },
        { id: "acme", kind: "carrier", sha256: hashOf(this.keys.acme) },
        { id: "rival", kind: "carrier", sha256: hashOf(this.keys.rival) },
      ],
      ...(options.vaultUrl === undefined ? {} : { vault: { url: options.vaultUrl } }),
      consoleRoot: join(this.folder, "console"),
      version: "0.1.0",
    };
  }

  async start(remoteOpenExpiryMs?: number): Promise<this> {
    const sink = { write: (line: string) => void this.logLines.push(line) };
    this.fleet = await createFleet(this.settings, {
      now: () => epochMs(Date.now()),
      random: () => 0,
      log: pino({ level: "debug" }, sink),
      onFatal: (error) => void this.failures.push(error),
      ...(remoteOpenExpiryMs === undefined ? {} : { remoteOpenExpiryMs }),
    });
    return this;
  }

  get url(): string {
    if (this.fleet === undefined) throw new Error("the fleet is not running");
    return this.fleet.url;
  }

  async ask(
    method: string,
    path: string,
    { key, body, headers = {} }: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Asked> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
  }

  /** Every byte the fleet has on disk. */
  diskBytes(): Buffer {
    return Buffer.concat(
      readdirSync(this.folder, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => readFileSync(join(this.folder, name))),
    );
  }

  async stop(): Promise<void> {
    await this.fleet?.close();
    this.fleet = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }
}

const newKey = (): string => randomBytes(32).toString("base64url");
const hashOf = (key: string): string => createHash("sha256").update(key).digest("hex");
