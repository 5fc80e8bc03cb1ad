import { spawnSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { publicKey, readPassword, readPrivateKey, readSecretKey, readTls } from "../../src/config/keys.ts";
import { StartRefused } from "../../src/config/start-refused.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { ConfigFolder } from "./config-files.ts";

const folder = new ConfigFolder();
afterAll(() => folder[Symbol.dispose]());

const pemOf = (curve: "ed25519" | "x25519"): string => {
  const { privateKey } = curve === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("x25519");
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
};

/** What the person reads; fails when nothing is refused, or anything else than a refusal is thrown. */
function sentenceOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(StartRefused);
    return (error as StartRefused).message.replaceAll(`${folder.path}/`, "");
  }
  throw new Error("nothing was refused");
}

describe("a private key file", () => {
  it("is read when it holds a key of the curve", () => {
    const key = readPrivateKey("X25519", folder.write(pemOf("x25519"), "sealing.pem"));
    expect(key).toMatchObject({ type: "private", asymmetricKeyType: "x25519" });
  });

  const damaged = pemOf("ed25519").replace("MC4", "MC5");
  const secret = damaged.split("\n")[1] ?? "";

  it.each([
    ["holds a key of another curve", pemOf("x25519")],
    ["is damaged", damaged],
    ["is empty", ""],
  ])("is refused without a word of what is in it when it %s", (_, text) => {
    const file = folder.write(text, "signing.pem");
    const sentence = sentenceOf(() => readPrivateKey("Ed25519", file));
    expect(sentence).toBe(
      "signing.pem: holds something else; wanted: an Ed25519 private key, PKCS#8 PEM; `openssl genpkey -algorithm ed25519` makes one",
    );
    expect(sentence).not.toContain(secret);
  });

  it("is refused when it is not there", () => {
    const sentence = sentenceOf(() => readPrivateKey("Ed25519", join(folder.path, "gone.pem")));
    expect(sentence).toMatch(/^gone\.pem: cannot be read \(ENOENT\); wanted: an Ed25519 private key/);
  });
});

describe("a file of 32 random bytes", () => {
  const bytes = randomBytes(32);

  it.each(["base64", "base64url"] as const)("is read as %s, with or without a line's end", (form) => {
    expect(readSecretKey(folder.write(bytes.toString(form), "key"))).toEqual(bytes);
    expect(readSecretKey(folder.write(`${bytes.toString(form)}\n`, "key"))).toEqual(bytes);
  });

  it.each([
    ["too short", randomBytes(31).toString("base64")],
    ["too long", randomBytes(33).toString("base64")],
    ["of another form", bytes.toString("hex")],
    ["torn apart", `${bytes.toString("base64url").slice(0, 20)} ${bytes.toString("base64url").slice(20)}`],
  ])("is refused when it is %s", (_, text) => {
    const sentence = sentenceOf(() => readSecretKey(folder.write(text, "key")));
    expect(sentence).toBe(
      "key: holds something else; wanted: 32 random bytes as base64; `openssl rand -base64 32` makes them",
    );
  });
});

describe("a password file", () => {
  it("is read without its line's end, and refused when it is not there", () => {
    expect(readPassword(folder.write("hunter2\n", "password"))).toBe("hunter2");
    expect(sentenceOf(() => readPassword(folder.path))).toMatch(/: cannot be read \(EISDIR\); wanted: a password$/);
  });
});

describeWithTools(["openssl"], "the files of TLS", ({ openssl }) => {
  const made = (name: string) => {
    const [certFile, keyFile] = [join(folder.path, `${name}.crt`), join(folder.path, `${name}.key`)];
    const subject = ["-subj", `/CN=${name}`, "-days", "2", "-out", certFile, "-keyout", keyFile];
    const run = spawnSync(openssl, ["req", "-x509", "-newkey", "ed25519", "-nodes", ...subject], {
      encoding: "utf8",
    });
    expect(run.status, run.stderr).toBe(0);
    return { certFile, keyFile };
  };
  const ca = made("ca");
  const fleet = made("fleet");
  const good = { caFile: ca.certFile, ...fleet };

  it("are read as they are", () => {
    expect(readTls(good)).toEqual({
      ca: readFileSync(ca.certFile, "utf8"),
      cert: readFileSync(fleet.certFile, "utf8"),
      key: readFileSync(fleet.keyFile, "utf8"),
    });
  });

  it.each([
    ["the certificate of the broker's signer is none", { caFile: ca.keyFile }, /^ca\.key: holds something else/],
    ["the certificate is a key", { certFile: fleet.keyFile }, /^fleet\.key: holds something else; wanted: a cert/],
    ["the key is a certificate", { keyFile: fleet.certFile }, /^fleet\.crt: holds something else; wanted: the private/],
    ["the key belongs to another", { keyFile: ca.keyFile }, /^ca\.key: .* the private key of the certificate in fleet/],
    ["one is not there", { caFile: `${ca.certFile}x` }, /^ca\.crtx: cannot be read \(ENOENT\)/],
  ])("are refused when %s", (_, wrong, expected) => {
    expect(sentenceOf(() => readTls({ ...good, ...wrong }))).toMatch(expected);
  });
});

describe("a pinned public key", () => {
  it.each(["Ed25519", "X25519"] as const)("of %s is any 32 bytes that the schema lets pass", (curve) => {
    const texts = ["A", "B", "_", "-"].map((letter) => letter.repeat(43));
    for (const x of texts) expect(publicKey(curve, x).asymmetricKeyType).toBe(curve.toLowerCase());
  });
});
