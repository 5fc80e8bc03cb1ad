import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { LockerConfigSchema } from "../../src/config/locker.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { findTool } from "../support/tools.ts";

const folder = fileURLToPath(new URL("../../systemd/", import.meta.url));
const units = readdirSync(folder).filter((name) => name.endsWith(".service"));
const textOf = (name: string): string => readFileSync(join(folder, name), "utf8");

/** Tenths of systemd's exposure scale, at most. The locker drives a serial port and talks to the network. */
const EXPOSURE_TENTHS_MAX: Record<string, number> = { "lockerd.service": 15, "lockerd-fleet.service": 12 };
const EXPOSURE_TENTHS_DEFAULT = 12;

/** Of one node process: its loop, four of V8's, four of libuv's, two that watch. Source: /proc/self/status. */
const NODE_THREADS_COUNT = 11;

describe("the locker's unit", () => {
  it.each([
    ["Type=notify"],
    ["WatchdogSec=15s"],
    ["Restart=always"],
    ["RestartSec=2s"],
    ["StartLimitIntervalSec=0"],
    ["MemoryDenyWriteExecute=no"],
    ["DevicePolicy=closed"],
  ])("says %s", (line) => {
    expect(textOf("lockerd.service").split("\n")).toContain(line);
  });

  it("leaves room for the processes of as many buses as a configuration can have", () => {
    const tasksMax = Number(/^TasksMax=(\d+)$/m.exec(textOf("lockerd.service"))?.[1]);
    const { maxItems: busesMax } = LockerConfigSchema.properties.buses as { readonly maxItems?: number };
    expect(tasksMax).toBeGreaterThanOrEqual(((busesMax ?? Number.NaN) + 1) * NODE_THREADS_COUNT);
  });

  it("takes secrets as encrypted credentials and from nowhere else", () => {
    for (const unit of units) {
      expect(textOf(unit)).toMatch(/^LoadCredentialEncrypted=/m);
      expect(textOf(unit)).not.toMatch(/^(LoadCredential|SetCredential|EnvironmentFile)=/m);
    }
  });
});

describeWithTools(["systemd-analyze"], "systemd-analyze", (paths) => {
  const analyze = (...args: string[]) => spawnSync(paths["systemd-analyze"], args, { encoding: "utf8" });

  it.each(units)("finds %s hardened enough", (unit) => {
    const threshold = EXPOSURE_TENTHS_MAX[unit] ?? EXPOSURE_TENTHS_DEFAULT;
    const run = analyze("security", "--offline=true", "--no-pager", `--threshold=${threshold}`, join(folder, unit));
    expect(run.stdout).toMatch(/Overall exposure level/);
    expect(run.status, run.stdout.split("\n").at(-2)).toBe(0);
  });

  it("would notice a unit that is not", () => {
    const run = analyze("security", "--offline=true", "--no-pager", "--threshold=1", join(folder, "lockerd.service"));
    expect(run.status).not.toBe(0);
  });

  describe("verify", () => {
    const installed = mkdtempSync(join(tmpdir(), "lockerd-units-"));
    afterAll(() => rmSync(installed, { recursive: true }));

    /** Verifies a copy whose commands exist: the programs are not installed on a developer's machine. */
    function verify(unit: string, text: string): string {
      mkdirSync(join(installed, "bin"), { recursive: true });
      const program = join(installed, "bin/program");
      writeFileSync(program, "#!/bin/sh\n");
      chmodSync(program, 0o755);
      writeFileSync(join(installed, unit), text.replaceAll(/^ExecStart=\S+/gm, `ExecStart=${program}`));
      return analyze("verify", "--man=no", "--recursive-errors=no", join(installed, unit)).stderr;
    }

    it.each(units)("has nothing to say about %s", (unit) => {
      expect(verify(unit, textOf(unit))).toBe("");
    });

    it("would name a misspelt setting", () => {
      expect(verify("lockerd.service", textOf("lockerd.service").replace("WatchdogSec", "WatchdogSecs"))).toMatch(
        /WatchdogSecs/,
      );
    });
  });
});

describe("the udev rules", () => {
  const rules = textOf("60-lockerd.rules")
    .replaceAll("\\\n", "")
    .split("\n")
    .filter((line) => /^[^#\s]/.test(line));
  const grammar = /^[A-Z_]+(\{[\w./]+\})?(==|!=|=|\+=|:=)"[^"]*"(, |$)/;

  it("are key, operator and quoted value, comma separated", () => {
    for (const rule of rules) {
      let rest = rule;
      while (rest !== "") {
        expect(rest).toMatch(grammar);
        rest = rest.replace(grammar, "");
      }
    }
  });

  // `udevadm verify` came with systemd 254; before it, the grammar above is what checks the file.
  const udevadm = findTool("udevadm");
  if (udevadm !== undefined && spawnSync(udevadm, ["verify", "--help"]).status === 0) {
    it("pass udevadm verify", () => {
      const args = ["verify", "--resolve-names=never", join(folder, "60-lockerd.rules")];
      const run = spawnSync(udevadm, args, { encoding: "utf8" });
      expect(run.status, run.stdout + run.stderr).toBe(0);
    });
  }

  it("jump only to labels that exist", () => {
    const names = (key: string) =>
      rules.flatMap((rule) => [...rule.matchAll(new RegExp(`${key}="(\\w+)"`, "g"))].map((m) => m[1]));
    const labels = names("LABEL");
    expect(names("GOTO").length).toBeGreaterThan(0);
    for (const target of names("GOTO")) expect(labels).toContain(target);
  });

  it("name buses by their socket, keep ModemManager away and shorten the latency timer", () => {
    const text = rules.join("\n");
    expect(text).toMatch(/ENV\{ID_PATH\}=="[^"]+", SYMLINK\+="lockerd-bus0"/);
    expect(text).toContain('ENV{ID_MM_DEVICE_IGNORE}="1"');
    expect(text).toContain('ATTR{latency_timer}="1"');
    expect(text).not.toMatch(/idSerial|idVendor/);
  });
});
