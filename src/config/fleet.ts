import { type Static, Type } from "typebox";
import type { Result } from "../contract/result.ts";
import { duplicates, tlsContradictions } from "./contradictions.ts";
import type { ConfigFault } from "./fault.ts";
import {
  AbsolutePath,
  BrokerUrl,
  Handle,
  KeyHash,
  Listen,
  Log,
  mapping,
  Name,
  Pseudonym,
  publicKey,
  Tls,
  Version,
} from "./fields.ts";
import { type ConfigSource, type DeepReadonly, loadConfig } from "./load.ts";

/** `/etc/lockerd-fleet/fleet.yaml`. */
export const FleetConfigSchema = mapping({
  version: Version,
  http: Listen,
  mqtt: mapping({ url: BrokerUrl, tls: Type.Optional(Tls) }),
  database: Type.Unsafe<string>({ ...AbsolutePath, default: "/var/lib/lockerd-fleet/fleet.db" }),
  keys: mapping({
    /** Ed25519: acknowledgements, commands, desired documents. */
    commandKeyFile: AbsolutePath,
    /** Ed25519: notices to the vault. */
    linkKeyFile: AbsolutePath,
    /** 32 bytes: the roster at rest. */
    rosterKeyFile: AbsolutePath,
  }),
  lockers: Type.Array(
    mapping({ handle: Handle, name: Name, signingKey: publicKey("Ed25519"), sealingKey: publicKey("X25519") }),
    { maxItems: 10_000 },
  ),
  apiKeys: Type.Array(mapping({ id: Pseudonym, kind: Type.Enum(["operator", "carrier"]), sha256: KeyHash }), {
    minItems: 1,
    maxItems: 1_000,
  }),
  vault: Type.Optional(
    mapping({
      url: Type.String({
        pattern: "^(https://[A-Za-z0-9.-]{1,253}|http://(127\\.0\\.0\\.1|\\[::1\\]|localhost))(:[0-9]{1,5})?$",
        description: "https://host:port, or http:// on this machine",
        hint: "Between machines only https; no path, no user, no password",
        writeOnly: true,
      }),
    }),
  ),
  log: Log,
});
export type FleetConfig = DeepReadonly<Static<typeof FleetConfigSchema>>;

export const loadFleetConfig = (source: ConfigSource): Result<FleetConfig, readonly ConfigFault[]> =>
  loadConfig(
    {
      schema: FleetConfigSchema,
      contradictions: ({ lockers, apiKeys, mqtt }) => [
        ...duplicates(lockers, { path: ["lockers"], key: "handle", keyOf: ({ handle }) => handle }),
        ...duplicates(lockers, { path: ["lockers"], key: "signingKey", keyOf: ({ signingKey }) => signingKey }),
        ...duplicates(apiKeys, { path: ["apiKeys"], key: "id", keyOf: ({ id }) => id }),
        ...duplicates(apiKeys, { path: ["apiKeys"], key: "sha256", keyOf: ({ sha256 }) => sha256 }),
        ...tlsContradictions(["mqtt"], mqtt),
      ],
    },
    source,
  );
