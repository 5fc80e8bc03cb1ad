import { createHash, type KeyObject, randomBytes } from "node:crypto";
import { CompactEncrypt, CompactSign } from "jose";
import type { LockerHandle } from "../../contract/ids.ts";
import { jwsType, SEALED_BYTES, type SealedSecret } from "../../contract/messages.ts";
import { invariant } from "../domain/invariant.ts";
import type { Secrets } from "../ports.ts";
import { type DerivedProofs, deriveProofs, PICKUP_SECRET_BYTES } from "./pickup-secret.ts";
import type { ProofDigester } from "./proofs.ts";

type Subject = Parameters<Secrets["prepareCode"]>[0];

export type SecretsOptions = {
  readonly handle: LockerHandle;
  readonly proofs: ProofDigester;
  /** Ed25519, private: the locker's own. */
  readonly signingKey: KeyObject;
  /** X25519, public: the vault's, pinned at commissioning. */
  readonly vaultKey: KeyObject;
  /** Fresh random bytes; left out: the kernel's. */
  readonly draw?: (bytes: number) => Buffer;
};

/** Draws pickup secrets, seals each to the vault, and keeps nothing but digests. */
export function createSecrets(options: SecretsOptions): Secrets {
  const draw = options.draw ?? randomBytes;
  return {
    async prepareCode(subject) {
      const { secret, derived } = drawGoodSecret(draw);
      try {
        const sealed = await seal(options, subject, secret);
        const digests = await options.proofs.ofDerived(derived);
        return { digests, sealed, sealedHash: createHash("sha256").update(sealed).digest("hex") };
      } finally {
        secret.fill(0);
      }
    },
  };
}

/** One whose code is none of the few that people try first. */
function drawGoodSecret(draw: (bytes: number) => Buffer): { readonly secret: Buffer; readonly derived: DerivedProofs } {
  for (;;) {
    const secret = draw(PICKUP_SECRET_BYTES);
    const derived = deriveProofs(secret);
    if (derived !== undefined) return { secret, derived };
  }
}

/** JWE to the vault of a plaintext whose length says nothing, inside a JWS by this locker. */
async function seal(
  { handle, signingKey, vaultKey }: SecretsOptions,
  { deposit, verifier, compartment }: Subject,
  secret: Buffer,
): Promise<string> {
  const plaintext = padded({
    locker: handle,
    deposit,
    verifier,
    compartment,
    secret: secret.toString("base64url"),
    padding: "",
  });
  try {
    const encrypted = await new CompactEncrypt(plaintext)
      .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM" })
      .encrypt(vaultKey);
    return await new CompactSign(Buffer.from(encrypted, "utf8"))
      .setProtectedHeader({ alg: "EdDSA", typ: jwsType.sealed, kid: handle })
      .sign(signingKey);
  } finally {
    plaintext.fill(0);
  }
}

function padded(document: SealedSecret): Buffer {
  const missing = SEALED_BYTES - JSON.stringify(document).length;
  invariant(missing >= 0, "a sealed secret is longer than its fixed size");
  return Buffer.from(JSON.stringify({ ...document, padding: "0".repeat(missing) }), "utf8");
}
