import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { end, freePort } from "../e2e/support/processes.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { runnable } from "./commands.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(`${root}docs/how-to/run-a-fleet-and-vault.md`, "utf8");
const SETTINGS = [...page.matchAll(/```ini\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");

const HANDLE = "5f0c2a9e71d3b846";
const OTHER = "0f1e2d3c4b5a6978";
/** The name in the broker's certificate. */
const SERVER = "broker.example.org";

describeWithTools(["mosquitto", "openssl"], "the broker as the page sets it up", ({ mosquitto }) => {
  const folder = mkdtempSync(join(tmpdir(), "lockerd-broker-"));
  const clients: MqttClient[] = [];
  let broker: ChildProcess;
  let port: number;

  const make = (start: string, replace: (text: string) => string = (text) => text) => {
    const text = runnable.find((each) => each.text.includes(start))?.text ?? "";
    const run = spawnSync("/bin/sh", ["-ec", replace(text)], { cwd: folder, encoding: "utf8" });
    expect(run.status, run.stderr).toBe(0);
  };
  const makeClient = (name: string) =>
    make("client=", (text) => `${text.replace(HANDLE, name)}\nmv broker-key ${name}.key`);

  beforeAll(async () => {
    port = await freePort();
    make("-keyout ca-key.pem");
    make("-keyout server-key.pem");
    for (const name of [HANDLE, OTHER, "lockerd-fleet"]) makeClient(name);
    const [listener = "", acl = ""] = SETTINGS;
    const here = (text: string) =>
      text.replaceAll(/\/etc\/mosquitto\/(certs\/)?/g, `${folder}/`).replace("8883", `${port} 127.0.0.1`);
    writeFileSync(join(folder, "lockerd.acl"), acl, { mode: 0o600 });
    const own = `user ${userInfo().username}\npersistence_location ${folder}/\n`;
    const shipped = readFileSync(`${root}systemd/mosquitto-lockerd.conf`, "utf8");
    writeFileSync(join(folder, "mosquitto.conf"), `${shipped}\n${own}\n${here(listener)}`);
    broker = spawn(mosquitto, ["-c", join(folder, "mosquitto.conf")], { stdio: "ignore" });
    await vi.waitFor(() => connect("lockerd-fleet"), { timeout: 15_000 });
  }, 60_000);
  afterAll(async () => {
    for (const client of clients) client.end(true);
    // It writes its sessions down before it ends.
    if (broker !== undefined) await end(broker, "SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  });

  async function connect(
    name: string,
    options: { readonly clientId?: string; readonly anonymous?: true } = {},
  ): Promise<MqttClient> {
    const read = (file: string) => readFileSync(join(folder, file));
    const own = options.anonymous ? {} : { cert: read(`${name}.pem`), key: read(`${name}.key`) };
    const client = await connectAsync(
      `mqtts://127.0.0.1:${port}`,
      {
        ...{
          protocolVersion: 4,
          clientId: options.clientId ?? name,
          clean: true,
          reconnectPeriod: 0,
          ca: read("broker-ca.pem"),
          ...own,
        },
        servername: SERVER,
        connectTimeout: 5_000,
      },
      false,
    );
    clients.push(client);
    return client;
  }

  /** What reaches the receiver of these topics; the last is its own and says that all before it went through. */
  async function reached(
    sender: MqttClient,
    receiver: MqttClient,
    topics: readonly string[],
    last: string,
  ): Promise<readonly string[]> {
    const seen: string[] = [];
    receiver.on("message", (topic) => seen.push(topic));
    await receiver.subscribeAsync(["lockerd/1/+/up/#", "lockerd/1/+/down/#"], { qos: 1 });
    for (const topic of [...topics, last]) await sender.publishAsync(topic, "x", { qos: 1 });
    await vi.waitUntil(() => seen.includes(last), { timeout: 10_000 });
    return seen;
  }

  it("lets a locker write its own branch alone", async () => {
    const seen = await reached(
      await connect(HANDLE),
      await connect("lockerd-fleet"),
      [`lockerd/1/${OTHER}/up/event`, `lockerd/1/${HANDLE}/down/command`, `lockerd/1/${OTHER}/down/command`],
      `lockerd/1/${HANDLE}/up/event`,
    );
    expect(seen).toEqual([`lockerd/1/${HANDLE}/up/event`]);
  });

  it("lets a locker read its own orders alone", async () => {
    const seen = await reached(
      await connect("lockerd-fleet"),
      await connect(HANDLE),
      [`lockerd/1/${OTHER}/down/command`, `lockerd/1/${HANDLE}/up/event`],
      `lockerd/1/${HANDLE}/down/command`,
    );
    expect(seen).toEqual([`lockerd/1/${HANDLE}/down/command`]);
  });

  it("leaves a locker its session when another one claims its name", async () => {
    const victim = await connect(HANDLE);
    const thief = await connect(OTHER, { clientId: HANDLE });
    const fleet = await connect("lockerd-fleet");
    const seen: string[] = [];
    victim.on("message", (topic) => seen.push(topic));
    await victim.subscribeAsync(`lockerd/1/${HANDLE}/down/#`, { qos: 1 });
    await fleet.publishAsync(`lockerd/1/${HANDLE}/down/ack`, "x", { qos: 1 });
    await vi.waitUntil(() => seen.length === 1, { timeout: 10_000 });
    expect([victim.connected, thief.connected]).toEqual([true, true]);
  });

  it("turns away who shows no certificate", async () => {
    await expect(connect(HANDLE, { anonymous: true })).rejects.toThrow();
  });
});
