#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Argument, Command } from "commander";
import { StartRefused } from "../config/start-refused.ts";
import { type ConfigurationKind, configurations, load } from "./configuration.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const FAILURE_STATUS = 1;
const USAGE_STATUS = 2;
/** sysexits(3) EX_CONFIG: a person has to put something right before a restart can help. */
const CONFIG_STATUS = 78;

const program = new Command("lockerd")
  .description("Open controller for parcel lockers and pickup stations")
  .version(version)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_STATUS));

program
  .command("run")
  .description("run the locker: boards, kiosk, link to the fleet")
  .option("-c, --config <file>", "configuration of the locker", "/etc/lockerd/lockerd.yaml")
  .action(async ({ config }: { config: string }) => {
    const { runLocker } = await import("../locker/main.ts");
    await runLocker(load(configurations.locker, config), version);
  });

program
  .command("fleet")
  .description("run the fleet service: lockers, parcels, operators' console")
  .option("-c, --config <file>", "configuration of the fleet", "/etc/lockerd-fleet/fleet.yaml")
  .action(async ({ config }: { config: string }) => {
    const { runFleet } = await import("../fleet/main.ts");
    await runFleet(load(configurations.fleet, config), version);
  });

program
  .command("vault")
  .description("run the contact vault: opens sealed codes, tells recipients")
  .option("-c, --config <file>", "configuration of the vault", "/etc/lockerd-vault/vault.yaml")
  .action(async ({ config }: { config: string }) => {
    const { runVault } = await import("../vault/main.ts");
    await runVault(load(configurations.vault, config), version);
  });

program
  .command("check-config")
  .description("say everything that is wrong with a configuration, by line and column")
  .addArgument(new Argument("<kind>", "whose configuration it is").choices(Object.keys(configurations)))
  .argument("<file>")
  .action((kind: ConfigurationKind, file: string) => {
    load<unknown>(configurations[kind], file);
    console.log(`${file}: a good configuration for the ${kind}`);
  });

program
  .command("demo")
  .description("run everything on this machine with a simulated cabinet; nothing is left behind")
  .action(async () => {
    const { demo } = await import("./demo/demo.ts");
    const ended = new Promise<void>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
    });
    await demo((text) => console.log(text), ended);
    process.exit(0);
  });

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof StartRefused ? error.message : error);
  process.exit(error instanceof StartRefused ? CONFIG_STATUS : FAILURE_STATUS);
}
