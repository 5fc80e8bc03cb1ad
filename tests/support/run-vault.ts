import { loadVaultConfig } from "../../src/config/vault.ts";
import { runVault } from "../../src/vault/main.ts";

/** The vault as a process of its own; its argument is a configuration file. */
const config = loadVaultConfig({ path: process.argv[2] ?? "", env: {} });
if (!config.ok) throw new Error(JSON.stringify(config.error));
await runVault(config.value, "0.0.0");
