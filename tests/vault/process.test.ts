import { type ChildProcess, fork } from "node:child_process";
import { generateKeyPairSync, hash, type KeyObject, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NOTICE_CONTENT_TYPE } from "../../src/contract/vault-api.ts";
import { scanBytes } from "../support/canary-scan.ts";
import { soon } from "../support/soon.ts";
import { modelParcel, RFC_4226_SECRET, sealingLocker, sealSecret, signNotice } from "./sealing-locker.ts";
import { EMAIL, newNoticeId } from "./vault-world.ts";

const SCRIPT = fileURLToPath(new URL("../support/run-vault.ts", import.meta.url));

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lockerd-vault-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

const rawPublic = (key: KeyObject): string => String(key.export({ format: "jwk" }).x);

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

function settings(changes: Record<string, unknown> = {}) {
  const [sealing, fleet, locker] = [generateKeyPairSync("x25519"), generateKeyPairSync("ed25519"), sealingLocker()];
  const carrierKey = randomBytes(24).toString("base64url");
  const config = {
    version: 1,
    http: { host: "127.0.0.1", port: 0 },
    database: join(folder, "vault.db"),
    keys: {
      sealingKeyFile: file("sealing.pem", sealing.privateKey.export({ format: "pem", type: "pkcs8" })),
      masterKeyFile: file("master", `${randomBytes(32).toString("base64")}\n`),
    },
    fleetKey: rawPublic(fleet.publicKey),
    lockers: [{ handle: locker.handle, name: "Station", address: "1 Quay", signingKey: rawPublic(locker.publicKey) }],
    carriers: [{ id: "carrier-a", sha256: hash("sha256", carrierKey) }],
    notifier: { kind: "console" },
    log: { level: "info" },
    ...changes,
  };
  return { path: file("vault.yaml", JSON.stringify(config)), sealing, fleet, locker, carrierKey };
}

type Running = { readonly child: ChildProcess; readonly output: { stdout: string; stderr: string } };

function run(path: string): Running {
  const child = fork(SCRIPT, [path], { silent: true });
  children.push(child);
  const output = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  return { child, output };
}

describe("the vault's process", () => {
  it("says where it serves, prints the notice and only the notice, and ends when told to", async () => {
    const { path, sealing, fleet, locker, carrierKey } = settings();
    const { child, output } = run(path);
    const [ready] = await once(child, "message");
    expect(ready).toEqual({ kind: "ready", url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
    const parcel = { ...modelParcel(), secret: RFC_4226_SECRET };
    const contact = { kind: "email", address: EMAIL };
    const announced = await fetch(`${ready.url}/v1/contacts`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${carrierKey}` },
      body: JSON.stringify({ verifier: parcel.verifier, locker: locker.handle, contact, language: "zh-CN" }),
    });
    expect(announced.status).toBe(201);
    const sealed = await sealSecret(locker, sealing.publicKey, parcel);
    const told = await fetch(`${ready.url}/v1/notices`, {
      method: "POST",
      headers: { "content-type": NOTICE_CONTENT_TYPE },
      body: await signNotice({ kind: "issued", notice: newNoticeId(), sealed }, fleet.privateKey),
    });
    expect(await told.json()).toEqual({ result: "notified" });
    await soon(() => expect(output.stdout).toContain("847 552 248"));
    expect(output.stdout).toMatch(/^===== notice to a recipient =====\n[\s\S]*\n===== end of notice =====\n$/);
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
    expect(output.stderr).toContain("vault is closed");
    expect(scanBytes(Buffer.from(output.stderr), "log", [EMAIL, "847552248", "847 552 248"])).toEqual([]);
  });

  it("does not start with a sealing key that is none, and says which file", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const wrong = file("wrong.pem", privateKey.export({ format: "pem", type: "pkcs8" }));
    const masterKeyFile = file("another-master", randomBytes(32).toString("base64"));
    const { path } = settings({ keys: { sealingKeyFile: wrong, masterKeyFile } });
    const { child, output } = run(path);
    const [code] = await once(child, "exit");
    expect(code).not.toBe(0);
    expect(output.stderr).toContain(`${wrong}: holds something else; wanted: an X25519 private key`);
  });
});
