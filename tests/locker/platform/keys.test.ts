import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LockerKeyPlaces, loadKeys } from "../../../src/locker/platform/keys.ts";
import { ed25519, rawPublicKey, x25519 } from "./crypto-keys.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lockerd-keys-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Buffer, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode });
  chmodSync(path, mode);
  return path;
}

const pem = (key: ReturnType<typeof ed25519>["privateKey"]) => key.export({ format: "pem", type: "pkcs8" }).toString();
const [signing, sealing, fleet, vault] = [ed25519(), x25519(), ed25519(), x25519()];
const boardBytes = Buffer.from("0a0b".repeat(16), "hex");

const goodPlaces = (): LockerKeyPlaces => ({
  keys: {
    signingKeyFile: write("signing.pem", pem(signing.privateKey)),
    sealingKeyFile: write("sealing.pem", pem(sealing.privateKey)),
    boardKeyFile: write("board", `${boardBytes.toString("hex")}\n`),
    pepperFile: write("pepper", boardBytes.toString("base64")),
  },
  fleet: { commandKey: rawPublicKey(fleet.publicKey) },
  vault: { sealingKey: rawPublicKey(vault.publicKey) },
});

describe("the keys of a locker", () => {
  it("are read from their files and from the configuration", () => {
    const loaded = loadKeys(goodPlaces());
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
    const { signingKey, sealingKey, boardKey, pepper, commandKey, vaultKey, exposedFiles } = loaded.value;
    expect(signingKey.equals(signing.privateKey)).toBe(true);
    expect(sealingKey.equals(sealing.privateKey)).toBe(true);
    expect(boardKey.export().equals(boardBytes)).toBe(true);
    expect(pepper.export().equals(boardBytes)).toBe(true);
    expect(commandKey.equals(fleet.publicKey)).toBe(true);
    expect(vaultKey.equals(vault.publicKey)).toBe(true);
    expect(exposedFiles).toEqual([]);
  });

  it.each([
    ["raw bytes", boardBytes],
    ["upper-case hex", boardBytes.toString("hex").toUpperCase()],
    ["base64url", boardBytes.toString("base64url")],
  ])("may be %s", (_, content) => {
    const places = goodPlaces();
    const loaded = loadKeys({ ...places, keys: { ...places.keys, pepperFile: write("other", content) } });
    expect(loaded.ok && loaded.value.pepper.export().equals(boardBytes)).toBe(true);
  });

  it("are named when others can read their files", () => {
    const places = goodPlaces();
    chmodSync(places.keys.pepperFile, 0o640);
    const loaded = loadKeys(places);
    expect(loaded.ok && loaded.value.exposedFiles).toEqual([places.keys.pepperFile]);
  });

  it("are all listed when wrong, with what is wanted and without what is inside", () => {
    const places = goodPlaces();
    const loaded = loadKeys({
      keys: {
        signingKeyFile: write("x25519.pem", pem(sealing.privateKey)),
        sealingKeyFile: join(folder, "missing.pem"),
        boardKeyFile: write("short", boardBytes.toString("hex").slice(2)),
        pepperFile: places.keys.pepperFile,
      },
      fleet: { commandKey: "not a key" },
      vault: { sealingKey: rawPublicKey(vault.publicKey).slice(1) },
    });
    if (loaded.ok) throw new Error("loaded wrong keys");
    expect(loaded.error.map(({ code, where }) => [code, where])).toEqual([
      ["wrong_kind", join(folder, "x25519.pem")],
      ["unreadable", join(folder, "missing.pem")],
      ["wrong_kind", join(folder, "short")],
      ["wrong_kind", "fleet.commandKey"],
      ["wrong_kind", "vault.sealingKey"],
    ]);
    expect(loaded.error[0]?.wanted).toContain("openssl genpkey -algorithm ed25519");
    expect(JSON.stringify(loaded.error)).not.toContain(boardBytes.toString("hex").slice(2, 20));
  });
});
