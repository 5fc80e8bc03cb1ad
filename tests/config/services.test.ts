import { describe, expect, it } from "vitest";
import { loadFleetConfig } from "../../src/config/fleet.ts";
import { loadVaultConfig } from "../../src/config/vault.ts";
import { ConfigFolder, goodFleet, goodVault, HASH, PUBLIC_KEY } from "./config-files.ts";

describe("the fleet's configuration", () => {
  const load = (folder: ConfigFolder, text: string) =>
    loadFleetConfig({ path: folder.write(text, "fleet.yaml"), env: {} });

  it("is read", () => {
    using folder = new ConfigFolder();
    const loaded = load(folder, goodFleet);
    expect(folder.faultsOf(loaded)).toEqual([]);
    expect(loaded.ok && loaded.value).toMatchObject({
      database: "/var/lib/lockerd-fleet/fleet.db",
      vault: { url: "http://127.0.0.1:8480" },
    });
  });

  it.each([
    [
      "a vault spoken to in the clear over a network",
      "http://127.0.0.1:8480",
      "http://vault.example.org",
      /^fleet\.yaml:12:15: vault\.url is not allowed; it wants https:\/\/host:port/,
    ],
    [
      "the same locker twice",
      "apiKeys:",
      `  - { handle: k3v9x2m8q1, name: Again, signingKey: ${PUBLIC_KEY}, sealingKey: ${PUBLIC_KEY} }\napiKeys:`,
      /^fleet\.yaml:10:15: lockers\[1\]\.handle is the same/,
    ],
    [
      "a key instead of its hash",
      HASH,
      "hunter2hunter2",
      /^fleet\.yaml:11:43: apiKeys\[0\]\.sha256 is not allowed; it wants the SHA-256/,
    ],
    [
      "no keys for people",
      `apiKeys:\n  - { id: desk-1, kind: operator, sha256: ${HASH} }`,
      "apiKeys: []",
      /a list of 0 is not allowed/,
    ],
    [
      "an encrypted broker without files",
      "mqtt://127.0.0.1:1883",
      "mqtts://127.0.0.1:1883",
      /^fleet\.yaml:3:7: mqtt\.tls is missing beside an mqtts/,
    ],
  ])("refuses %s", (_, replaced, by, expected) => {
    using folder = new ConfigFolder();
    expect(goodFleet).toContain(replaced);
    const faults = folder.faultsOf(load(folder, goodFleet.replace(replaced, by)));
    expect(faults[0]).toMatch(expected);
    expect(faults.join()).not.toContain("hunter2");
  });
});

describe("the vault's configuration", () => {
  const load = (folder: ConfigFolder, text: string) =>
    loadVaultConfig({ path: folder.write(text, "vault.yaml"), env: {} });

  it("is read as the vault wants it", () => {
    using folder = new ConfigFolder();
    const loaded = load(folder, goodVault);
    if (!loaded.ok) throw new Error(folder.faultsOf(loaded).join("\n"));
    expect(loaded.value.notifier).toEqual({
      kind: "smtp",
      host: "mail.example.org",
      port: 465,
      secure: true,
      username: "lockers",
      passwordFile: "/etc/lockerd/smtp-password",
      from: "lockers@example.org",
    });
  });

  it.each([
    [
      "a notifier nobody knows",
      "kind: smtp",
      "kind: pigeon",
      /notifier\.kind: "pigeon" is not allowed; it wants "console" or "smtp"/,
    ],
    [
      "a notifier that is no mapping",
      /notifier:[\s\S]*/,
      "notifier: console\n",
      /notifier is not allowed; it wants a mapping whose kind is "console" or "smtp"/,
    ],
    ["a notifier without its kind", "  kind: smtp\n", "", /notifier\.kind is missing; it wants "console" or "smtp"/],
    [
      "a password in the file",
      "passwordFile: /etc/lockerd/smtp-password",
      "password: hunter2",
      /notifier\.password is no key of this place; .* Did you mean "passwordFile"\?/,
    ],
    ["a name beside the sender's address", "from: lockers@", 'from: "Lockers <lockers@', /is no YAML/],
  ])("refuses %s", (_, replaced, by, expected) => {
    using folder = new ConfigFolder();
    const faults = folder.faultsOf(load(folder, goodVault.replace(replaced, by)));
    expect(faults.join("\n")).toMatch(expected);
    expect(faults.join("\n")).not.toContain("hunter2");
  });
});
