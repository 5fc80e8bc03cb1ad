import { type TProperties, Type } from "typebox";
import { handlePattern, type LockerHandle } from "../contract/ids.ts";

/*
 * Fields that several configurations share. `description` completes "it wants …"; `hint` is one thing to try;
 * `writeOnly` keeps a value out of every message.
 */

/** A mapping without any other key. */
export const mapping = <P extends TProperties>(properties: P, options: { readonly default?: unknown } = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options });

export const Version = Type.Literal(1, { hint: "This release reads version 1" });

export const Handle = Type.Unsafe<LockerHandle>(
  Type.String({
    pattern: handlePattern,
    description: "8 to 32 lower-case letters and digits",
    hint: "A handle is random and means nothing: openssl rand -hex 8",
  }),
);

export const Name = Type.String({ minLength: 1, maxLength: 80, hint: "Say how people call it" });

export const AbsolutePath = Type.String({
  pattern: "^/[^\\u0000]*[^/\\u0000]$",
  maxLength: 4096,
  description: "the absolute path of a file",
  hint: "Begin it with /",
});

/** `where` others listen is the operator's choice; nothing listens on all addresses unless told to. */
export const Listen = mapping({
  host: Type.String({
    pattern: "^[A-Za-z0-9.:-]{1,253}$",
    description: "a host name or an address to listen on",
    hint: "127.0.0.1 is this machine alone",
  }),
  port: Type.Integer({ minimum: 0, maximum: 65_535, hint: "0 takes any free port" }),
});

/** A pinned public key: the 32 raw bytes, base64url (`x` of its JWK). */
export const publicKey = (curve: "Ed25519" | "X25519") =>
  Type.String({
    pattern: "^[A-Za-z0-9_-]{43}$",
    description: `an ${curve} public key: its 32 raw bytes as base64url text, 43 characters`,
    hint: "Paste the public key here, never the private one, whose place is a file",
    writeOnly: true,
  });

/** SHA-256 of a bearer key: the key itself is in nobody's configuration. */
export const KeyHash = Type.String({
  pattern: "^[0-9a-f]{64}$",
  description: "the SHA-256 of the key as 64 hex digits",
  hint: 'printf %s "$KEY" | sha256sum prints it',
  writeOnly: true,
});

export const Pseudonym = Type.String({
  pattern: "^[a-z0-9-]{1,64}$",
  description: "1 to 64 lower-case letters, digits and hyphens",
  hint: "Take a pseudonym; the audit trail shows it",
});

export const BrokerUrl = Type.String({
  pattern: "^mqtts?://([A-Za-z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\])(:[0-9]{1,5})?$",
  description: "mqtt://host:port or mqtts://host:port, nothing else in it",
  hint: "User and password do not belong into the URL; mqtts with tls files proves who speaks",
  writeOnly: true,
});

export const Tls = mapping({ caFile: AbsolutePath, certFile: AbsolutePath, keyFile: AbsolutePath });

export const Log = mapping(
  { level: Type.Enum(["debug", "info", "warn", "error"], { default: "info" }) },
  { default: {} },
);
