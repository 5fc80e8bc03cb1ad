import { loadFleetConfig } from "../../src/config/fleet.ts";
import { runFleet } from "../../src/fleet/main.ts";

/** The fleet as a process of its own; its argument is a configuration file. */
const config = loadFleetConfig({ path: process.argv[2] ?? "", env: {} });
if (!config.ok) throw new Error(JSON.stringify(config.error));
await runFleet(config.value, "0.0.0");
