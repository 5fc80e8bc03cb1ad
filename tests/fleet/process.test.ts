import { type ChildProcess, fork } from "node:child_process";
import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LoopbackBroker, openLoopbackBroker } from "../support/loopback-broker.ts";
import { depositFacts, newStay, snapshot } from "../support/model-facts.ts";
import { ModelLocker } from "../support/model-locker.ts";
import { linkModelLocker } from "../support/model-locker-link.ts";

const SCRIPT = fileURLToPath(new URL("../support/run-fleet.ts", import.meta.url));

let folder: string;
let broker: LoopbackBroker;
let child: ChildProcess | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lockerd-fleet-"));
  broker = await openLoopbackBroker();
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await broker.close();
  rmSync(folder, { recursive: true });
});

const rawPublic = (key: KeyObject): string => String(key.export({ format: "jwk" }).x);

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

function settings(locker: ModelLocker, commandPem?: string | Buffer) {
  const [command, linkPair] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")];
  const pem = { format: "pem", type: "pkcs8" } as const;
  const operatorKey = randomBytes(32).toString("base64url");
  const config = {
    version: 1,
    http: { host: "127.0.0.1", port: 0 },
    mqtt: { url: broker.url },
    database: join(folder, "fleet.db"),
    keys: {
      commandKeyFile: file("command.pem", commandPem ?? command.privateKey.export(pem)),
      linkKeyFile: file("link.pem", linkPair.privateKey.export(pem)),
      rosterKeyFile: file("roster", `${randomBytes(32).toString("base64url")}\n`),
    },
    lockers: [
      {
        handle: locker.handle,
        name: "Station",
        signingKey: rawPublic(locker.publicKey),
        sealingKey: rawPublic(locker.sealingPublicKey),
      },
    ],
    apiKeys: [{ id: "op-1", kind: "operator", sha256: createHash("sha256").update(operatorKey).digest("hex") }],
    log: { level: "debug" },
  };
  return { path: file("fleet.yaml", JSON.stringify(config)), operatorKey, commandKey: command.publicKey };
}

function run(path: string) {
  const output = { text: "" };
  const running = fork(SCRIPT, [path], { silent: true });
  child = running;
  for (const stream of [running.stdout, running.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output.text += text;
    });
  }
  return { running, output };
}

describe("the fleet's process", () => {
  it("says where it serves, takes a locker's rows, and ends when told to, with no secret in its log", async () => {
    const locker = new ModelLocker();
    const { path, operatorKey, commandKey } = settings(locker);
    const { running, output } = run(path);
    const [ready] = await once(running, "message");
    expect(ready).toEqual({ kind: "ready", url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
    const link = await linkModelLocker(locker, { url: broker.url, commandKey });
    const stay = newStay();
    locker.write(snapshot(), ...depositFacts(stay));
    await expect.poll(() => output.text, { timeout: 10_000 }).toContain("broker connected");
    await link.send(locker.batch());
    await expect.poll(() => link.acks.at(-1)?.seq, { timeout: 10_000 }).toBe(7);
    const lockers = await fetch(`${ready.url}/v1/lockers`, { headers: { authorization: `Bearer ${operatorKey}` } });
    expect(await lockers.json()).toMatchObject({ lockers: [{ locker: locker.handle, name: "Station" }] });
    const exited = once(running, "exit");
    running.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
    await link.close();
    expect(output.text).toContain("fleet is closed");
    for (const secret of [operatorKey, stay.sealed, stay.verifier]) expect(output.text).not.toContain(secret);
  });

  it("does not start with a command key that is none, and says which file without quoting it", async () => {
    const { path } = settings(
      new ModelLocker(),
      "-----BEGIN PRIVATE KEY-----\ncanarycanary\n-----END PRIVATE KEY-----\n",
    );
    const { running, output } = run(path);
    const [code] = await once(running, "exit");
    expect(code).not.toBe(0);
    expect(output.text).toContain(
      `${join(folder, "command.pem")}: holds something else; wanted: an Ed25519 private key`,
    );
    expect(output.text).not.toContain("canary");
  });

  it("ends itself when its database fails, acknowledging nothing", async () => {
    const locker = new ModelLocker();
    const { path, commandKey } = settings(locker);
    const { running, output } = run(path);
    await once(running, "message");
    const link = await linkModelLocker(locker, { url: broker.url, commandKey });
    const other = new Database(join(folder, "fleet.db"));
    other.exec("create trigger full_disk before insert on batch_signature begin select raise(abort, 'full'); end");
    other.close();
    await expect.poll(() => output.text, { timeout: 10_000 }).toContain("broker connected");
    const exited = once(running, "exit");
    await link.send(locker.write(snapshot()).batch());
    expect(await exited).toEqual([1, null]);
    expect(output.text).toContain("fleet fails");
    expect(link.acks).toEqual([]);
    await link.close();
  });
});
