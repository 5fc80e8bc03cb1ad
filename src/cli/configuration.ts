import { type ConfigFault, formatFaults } from "../config/fault.ts";
import { loadFleetConfig } from "../config/fleet.ts";
import type { ConfigSource } from "../config/load.ts";
import { loadLockerConfig } from "../config/locker.ts";
import { StartRefused } from "../config/start-refused.ts";
import { loadVaultConfig } from "../config/vault.ts";
import type { Result } from "../contract/result.ts";

/** The configurations there are, by the process they are for. */
export const configurations = { locker: loadLockerConfig, fleet: loadFleetConfig, vault: loadVaultConfig } as const;

export type ConfigurationKind = keyof typeof configurations;

/** @throws StartRefused, with every fault, its place and a hint. */
export function load<T>(read: (source: ConfigSource) => Result<T, readonly ConfigFault[]>, file: string): T {
  const config = read({ path: file, env: process.env });
  if (config.ok) return config.value;
  throw new StartRefused(formatFaults(config.error));
}
