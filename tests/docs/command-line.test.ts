import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ConfigFolder, goodFleet, goodLocker, goodVault } from "../config/config-files.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const text = readFileSync(`${root}docs/reference/command-line.md`, "utf8");
const lockerd = (...args: readonly string[]) =>
  spawnSync(process.execPath, ["src/cli/lockerd.ts", ...args], { cwd: root, encoding: "utf8" });

describe("docs/reference/command-line.md", () => {
  it("names every verb, and no other", () => {
    const verbs = [...lockerd("--help").stdout.matchAll(/^ {2}([a-z][a-z-]*)( \[options\]| <.*>)? {2,}\S/gm)].map(
      (match) => match[1],
    );
    const table = text.slice(text.indexOf("| Verb |"), text.indexOf("## run"));
    const named = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]);
    expect(named.sort()).toEqual(verbs.filter((verb) => verb !== "help").sort());
  });

  it.each(["run", "fleet", "vault"])("tells where %s looks for its configuration", (verb) => {
    const path = /"(\/etc\/lockerd\/\w+\.yaml)"/.exec(lockerd(verb, "--help").stdout)?.[1] ?? "";
    expect(text).toContain(`\`${path}\``);
  });

  it("shows what check-config says of a slip", () => {
    using folder = new ConfigFolder();
    const shown = /```text\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
    const slipped = readFileSync(`${root}docs/examples/lockerd.yaml`, "utf8").replace("handle:", "handel:");
    const run = lockerd("check-config", "locker", folder.write(slipped));
    expect(run.status).toBe(78);
    expect(run.stderr.replaceAll(`${folder.path}/`, "")).toBe(shown);
  });

  it("tells the exit statuses that programs get", () => {
    using folder = new ConfigFolder();
    const keyless = (text: string, name: string): string =>
      folder.write(text.replaceAll("/etc/lockerd", folder.path).replaceAll("/run", `${folder.path}/run`), name);
    const runs = [
      lockerd("run", "--config", keyless(goodLocker, "lockerd.yaml")),
      lockerd("fleet", "--config", keyless(goodFleet, "fleet.yaml")),
      lockerd("vault", "--config", keyless(goodVault, "vault.yaml")),
    ];
    for (const { stderr } of runs) {
      expect(stderr).toMatch(/: cannot be read.*; wanted: /);
      expect(stderr).not.toMatch(/^\s+at |Error/m);
    }
    writeFileSync(`${folder.path}/empty.yaml`, "");
    const statuses = {
      version: lockerd("--version").status,
      "unknown verb": lockerd("open-sesame").status,
      "unknown option": lockerd("run", "--force").status,
      "bad configuration": lockerd("run", "--config", `${folder.path}/empty.yaml`).status,
      "locker, fleet, vault without their keys": runs.map(({ status }) => status),
    };
    expect(statuses).toEqual({
      version: 0,
      "unknown verb": 2,
      "unknown option": 2,
      "bad configuration": 78,
      "locker, fleet, vault without their keys": [78, 78, 78],
    });
    expect([...text.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]))).toEqual([0, 1, 2, 78]);
  });
});
