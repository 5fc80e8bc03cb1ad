import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type SimClient, startSim } from "../../../sim/client.ts";
import { startChild } from "../../../src/cli/demo/children.ts";
import {
  simLayout,
  type Whereabouts,
  writeFleetConfig,
  writeLockerConfig,
  writeVaultConfig,
} from "../../../src/cli/demo/configs.ts";
import { call, until } from "../../../src/cli/demo/http.ts";
import { makeKeys } from "../../../src/cli/demo/keys.ts";
import { notices } from "../../../src/cli/demo/notices.ts";
import { bearer, type Site as SiteAddresses } from "../../../src/cli/demo/seed.ts";
import type { LockerView, ParcelView } from "../../../src/contract/fleet-api.ts";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";
import { eventually } from "./eventually.ts";
import { type LockerDatabase, readLockerDatabase } from "./locker-database.ts";
import { childrenOf, end, freePort, hasEnded, isAlive, startBroker } from "./processes.ts";

const LOCKERD = fileURLToPath(new URL("../../../src/cli/lockerd.ts", import.meta.url));

/** After this long everybody has found a broker that is back. */
const RECONNECT_MS_MAX = 60_000;

/** In the order they are started. */
export const PROCESSES = ["broker", "vault", "fleet", "locker"] as const;
export type ProcessName = (typeof PROCESSES)[number];

export type SiteOptions = {
  /** Which of them run from the start; all, if not given. */
  readonly start?: readonly ProcessName[];
  readonly logLevel?: "info" | "debug";
};

/** Every byte between the broker and its clients, by direction and connection. */
export type BrokerTraffic = ReadonlyMap<string, readonly Buffer[]>;

/**
 * A whole installation: model cabinet on a real pseudo-terminal, broker, vault, fleet and locker, each a process of its
 * own that can be stopped, killed and started again. Keys and credentials are made anew for each.
 */
export class Site implements AsyncDisposable {
  readonly cabinet: SimClient;
  readonly brokerTraffic: BrokerTraffic;
  readonly inbox = notices(() => undefined);
  readonly place: Whereabouts;
  readonly #brokerPort: number;
  readonly #proxy: TcpProxy;
  readonly #logLevel: string;
  readonly #running = new Map<ProcessName, { readonly process: ChildProcess; readonly url: string }>();

  private constructor(parts: {
    readonly cabinet: SimClient;
    readonly brokerTraffic: BrokerTraffic;
    readonly place: Whereabouts;
    readonly brokerPort: number;
    readonly proxy: TcpProxy;
    readonly logLevel: string;
  }) {
    this.cabinet = parts.cabinet;
    this.brokerTraffic = parts.brokerTraffic;
    this.place = parts.place;
    this.#brokerPort = parts.brokerPort;
    this.#proxy = parts.proxy;
    this.#logLevel = parts.logLevel;
  }

  static async open({ start = PROCESSES, logLevel = "info" }: SiteOptions = {}): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), "lockerd-site-"));
    const [brokerPort, vaultPort] = [await freePort(), await freePort()];
    const brokerTraffic = new Map<string, Buffer[]>();
    const proxy = await startTcpProxy(
      () => brokerPort,
      (stream, bytes) => brokerTraffic.set(stream, [...(brokerTraffic.get(stream) ?? []), bytes]),
    );
    const cabinet = await startSim({
      layout: simLayout,
      transport: "pty",
      link: join(folder, "bus0"),
      logFile: join(folder, "truth.jsonl"),
    });
    const handle = `test${randomBytes(6).toString("hex")}`;
    const brokerUrl = `mqtt://127.0.0.1:${proxy.port}`;
    const place: Whereabouts = { folder, handle, keys: makeKeys(folder), brokerUrl, vaultPort };
    const site = new Site({ cabinet, brokerTraffic, place, brokerPort, proxy, logLevel });
    try {
      for (const name of PROCESSES) if (start.includes(name)) await site.start(name);
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
    return site;
  }

  get addresses(): SiteAddresses {
    const { handle, keys } = this.place;
    const url = (name: ProcessName) => this.#running.get(name)?.url ?? "";
    return { handle, kioskUrl: url("locker"), fleetUrl: url("fleet"), vaultUrl: url("vault"), ...keys };
  }

  file(name: string): string {
    return join(this.place.folder, name);
  }

  async start(name: ProcessName): Promise<void> {
    const { folder } = this.place;
    if (name === "broker") {
      this.#running.set(name, { process: await startBroker({ folder, port: this.#brokerPort }), url: "" });
      return;
    }
    const child = await startChild({
      ...{ name, folder, script: LOCKERD, env: { LOCKERD_LOG_LEVEL: this.#logLevel } },
      args: this.#arguments(name),
      ...(name === "vault" ? { onOutput: this.inbox.read } : {}),
    });
    this.#running.set(name, { process: child.process, url: child.ready.url ?? "" });
  }

  #arguments(name: Exclude<ProcessName, "broker">): readonly string[] {
    switch (name) {
      case "vault":
        return ["vault", "--config", writeVaultConfig(this.place)];
      case "fleet":
        return ["fleet", "--config", writeFleetConfig(this.place, `http://127.0.0.1:${this.place.vaultPort}`)];
      case "locker":
        return ["run", "--config", writeLockerConfig(this.place, this.cabinet.path)];
    }
  }

  /** As a service manager stops it. */
  async stop(name: ProcessName): Promise<void> {
    await end(this.#processOf(name), "SIGTERM");
  }

  /** As a power cut stops it. Of the locker, its bus process too is gone when this resolves. */
  async kill(name: ProcessName): Promise<void> {
    const child = this.#processOf(name);
    const children = name === "locker" && this.isRunning(name) ? childrenOf(this.pidOf(name)) : [];
    await end(child, "SIGKILL");
    await eventually("the end of what it had started", () => (children.some(isAlive) ? undefined : true));
  }

  pidOf(name: ProcessName): number {
    const { pid } = this.#processOf(name);
    if (pid === undefined) throw new Error(`${name} was never born`);
    return pid;
  }

  isRunning(name: ProcessName): boolean {
    const running = this.#running.get(name);
    return running !== undefined && !hasEnded(running.process);
  }

  /** The process that holds the serial port, once there is one. */
  busPid(): Promise<number> {
    return eventually("a bus process", () => childrenOf(this.pidOf("locker"))[0]);
  }

  lockerDatabase(): LockerDatabase {
    return readLockerDatabase(this.file("locker.db"), this.isRunning("locker") ? "in use" : "left behind");
  }

  /** Rows the fleet has not acknowledged. */
  rowsWaiting(): number {
    const { facts, ackedSeq } = this.lockerDatabase();
    return (facts.at(-1)?.seq ?? 0) - ackedSeq;
  }

  /** Waits until the fleet has acknowledged everything. */
  async synced(): Promise<void> {
    await until("the fleet's acknowledgement of every row", RECONNECT_MS_MAX, () =>
      Promise.resolve(this.rowsWaiting() === 0 ? true : undefined),
    );
  }

  /** Asks the fleet as an operator. */
  ask<T>(path: string, init: { readonly method?: string; readonly json?: unknown } = {}): Promise<T> {
    return call<T>(this.addresses.fleetUrl + path, { ...init, headers: bearer(this.place.keys.operatorKey) });
  }

  locker(): Promise<LockerView> {
    return this.ask<LockerView>(`/v1/lockers/${this.place.handle}`);
  }

  parcel(id: string): Promise<ParcelView> {
    return this.ask<ParcelView>(`/v1/parcels/${id}`);
  }

  /** Doors open and boards answer: the fleet has heard so. */
  async whole(): Promise<void> {
    await eventually("a whole locker", async () => ((await this.locker()).health === "healthy" ? true : undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of PROCESSES.toReversed()) if (this.isRunning(name)) await this.stop(name);
    await this.#proxy[Symbol.asyncDispose]();
    await this.cabinet.stop();
    rmSync(this.place.folder, { recursive: true, force: true });
  }

  #processOf(name: ProcessName): ChildProcess {
    const running = this.#running.get(name);
    if (running === undefined) throw new Error(`${name} was never started`);
    return running.process;
  }
}
