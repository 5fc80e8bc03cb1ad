import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeOf } from "../../src/config/check.ts";
import { loadFleetConfig } from "../../src/config/fleet.ts";
import { loadLockerConfig } from "../../src/config/locker.ts";
import { loadVaultConfig } from "../../src/config/vault.ts";
import { configurationMeanings } from "./configuration-meanings.ts";
import {
  type ConfigurationKind,
  configurationReference,
  configurationSchemas,
  fieldsOf,
} from "./configuration-reference.ts";

const kinds = Object.keys(configurationMeanings) as ConfigurationKind[];
const root = new URL("../../", import.meta.url).pathname;

describe("docs/reference/configuration.md", () => {
  it("says what the schemas say", async () => {
    await expect(configurationReference()).toMatchFileSnapshot("../../docs/reference/configuration.md");
  });

  it.each(kinds)("explains every key of the %s, and no other", (kind) => {
    const paths = fieldsOf(nodeOf(configurationSchemas[kind])).map(({ path }) => path);
    expect(Object.keys(configurationMeanings[kind]).sort()).toEqual([...paths].sort());
  });
});

describe("docs/examples", () => {
  const examples = {
    locker: { load: loadLockerConfig, file: "docs/examples/lockerd.yaml", unit: "lockerd.service" },
    fleet: { load: loadFleetConfig, file: "docs/examples/fleet.yaml", unit: "lockerd-fleet.service" },
    vault: { load: loadVaultConfig, file: "docs/examples/vault.yaml", unit: "lockerd-vault.service" },
  } as const;

  it.each(kinds)("has a good configuration for the %s", (kind) => {
    const { load, file } = examples[kind];
    expect(load({ path: `${root}${file}`, env: {} })).toMatchObject({ ok: true });
  });

  it.each(kinds)("names only credentials that the unit of the %s loads, and every one it cannot do without", (kind) => {
    const { file, unit } = examples[kind];
    const named = [...readFileSync(`${root}${file}`, "utf8").matchAll(/\/run\/credentials\/(\S+?)\/(\S+)/g)];
    const unitText = readFileSync(`${root}systemd/${unit}`, "utf8");
    const loaded = [...unitText.matchAll(/^LoadCredentialEncrypted=(\S+)$/gm)].map((match) => match[1]);
    expect(new Set(named.map((match) => match[1]))).toEqual(new Set([unit]));
    const names = named.map((match) => match[2]);
    expect(loaded).toEqual(expect.arrayContaining(names));
    expect(loaded.filter((name) => !names.includes(name) && !/\.broker-password$/.test(name ?? ""))).toEqual([]);
  });

  it.each(kinds)("puts the files of the %s where its unit lets it read and write", (kind) => {
    const { load, file, unit } = examples[kind];
    const config = load({ path: `${root}${file}`, env: {} });
    const setting = (name: string) =>
      new RegExp(`^${name}=(.*)$`, "m").exec(readFileSync(`${root}systemd/${unit}`, "utf8"))?.[1] ?? "";
    expect(config.ok && config.value.database).toMatch(new RegExp(`^/var/lib/${setting("StateDirectory")}/`));
    expect(setting("ExecStart")).toContain(
      ` --config /etc/${setting("ConfigurationDirectory")}/${file.split("/").at(-1)}`,
    );
  });
});
