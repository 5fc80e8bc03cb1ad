import { type Static, Type } from "typebox";
import type { Result } from "../contract/result.ts";
import { duplicates, loginContradictions } from "./contradictions.ts";
import type { ConfigFault } from "./fault.ts";
import { AbsolutePath, Handle, KeyHash, Listen, Log, mapping, Name, Pseudonym, publicKey, Version } from "./fields.ts";
import { type ConfigSource, type DeepReadonly, loadConfig } from "./load.ts";

const Notifier = Type.Union([
  mapping({ kind: Type.Literal("console") }),
  mapping({
    kind: Type.Literal("smtp"),
    host: Type.String({
      pattern: "^[A-Za-z0-9.:-]{1,253}$",
      description: "the host name or address of the mail server",
    }),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    /** TLS from the first byte; otherwise STARTTLS. */
    secure: Type.Boolean({ default: true }),
    username: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
    passwordFile: Type.Optional(AbsolutePath),
    from: Type.String({
      pattern: "^[^\\s@<>]{1,64}@[A-Za-z0-9.-]{1,253}$",
      description: "the sender's mail address, without a name",
      hint: "For example lockers@example.org",
    }),
  }),
]);

/** `/etc/lockerd-vault/vault.yaml`. */
export const VaultConfigSchema = mapping({
  version: Version,
  http: Listen,
  database: Type.Unsafe<string>({ ...AbsolutePath, default: "/var/lib/lockerd-vault/vault.db" }),
  keys: mapping({
    /** X25519: what lockers seal to. */
    sealingKeyFile: AbsolutePath,
    /** 32 bytes: wraps the key of every row. */
    masterKeyFile: AbsolutePath,
  }),
  /** The fleet's link key, which signs notices. */
  fleetKey: publicKey("Ed25519"),
  lockers: Type.Array(
    mapping({
      handle: Handle,
      name: Name,
      address: Type.String({ minLength: 1, maxLength: 200, hint: "Recipients read it in their notice" }),
      signingKey: publicKey("Ed25519"),
    }),
    { maxItems: 10_000 },
  ),
  carriers: Type.Array(mapping({ id: Pseudonym, sha256: KeyHash }), { maxItems: 1_000 }),
  notifier: Notifier,
  log: Log,
});
export type VaultConfig = DeepReadonly<Static<typeof VaultConfigSchema>>;

export const loadVaultConfig = (source: ConfigSource): Result<VaultConfig, readonly ConfigFault[]> =>
  loadConfig(
    {
      schema: VaultConfigSchema,
      contradictions: ({ lockers, carriers, notifier }) => [
        ...duplicates(lockers, { path: ["lockers"], key: "handle", keyOf: ({ handle }) => handle }),
        ...duplicates(carriers, { path: ["carriers"], key: "id", keyOf: ({ id }) => id }),
        ...duplicates(carriers, { path: ["carriers"], key: "sha256", keyOf: ({ sha256 }) => sha256 }),
        ...(notifier.kind === "smtp" ? loginContradictions(["notifier"], notifier) : []),
      ],
    },
    source,
  );
