import { createHmac, type KeyObject } from "node:crypto";
import type { LockerHandle, ProofDigest } from "../../contract/ids.ts";
import type { ProofDigests } from "../domain/input.ts";
import type { Proofs } from "../ports.ts";
import type { DerivedProofs } from "./pickup-secret.ts";
import type { SlowHash } from "./slow-hash.ts";

/** OWASP's second choice for argon2id: as strong as 19 MiB and two passes, and below 30 ms on a development machine. */
export const PROOF_ARGON2 = { memory: 12_288, passes: 3, parallelism: 1, tagLength: 32 } as const;
const SALT_BYTES = 16;
/** 128 bits: no two proofs ever share a digest by chance. */
const DIGEST_BYTES = 16;

/** What is digested; each kind has digests of its own. */
type Kind = "code" | "extension" | "qr";

export type ProofDigester = Proofs & { readonly ofDerived: (derived: DerivedProofs) => Promise<ProofDigests> };

/**
 * Digests of codes, extensions and QR tokens: HMAC-SHA-256(pepper, argon2id(proof, lockerSalt)), 128 bits.
 *
 * An extension is digested together with the argon2id of its code: it means nothing beside another code, and trying one
 * costs no more time than a code without it.
 */
export function createProofs({
  pepper,
  handle,
  slowHash,
}: {
  readonly pepper: KeyObject;
  readonly handle: LockerHandle;
  readonly slowHash: SlowHash;
}): ProofDigester {
  const nonce = createHmac("sha256", pepper)
    .update(`lockerd/1/locker-salt\n${handle}`)
    .digest()
    .subarray(0, SALT_BYTES);
  const stretch = (proof: string): Promise<Buffer> => slowHash({ message: proof, nonce, ...PROOF_ARGON2 });
  const digest = (kind: Kind, ...parts: (string | Uint8Array)[]): ProofDigest => {
    const hmac = createHmac("sha256", pepper).update(`lockerd/1/proof/${kind}\n`);
    for (const part of parts) hmac.update(part);
    return hmac.digest().subarray(0, DIGEST_BYTES).toString("hex") as ProofDigest;
  };

  const ofQrToken = async (token: string): Promise<ProofDigest> => digest("qr", await stretch(token));

  return {
    async ofTypedCode({ code, extension }) {
      const stretched = await stretch(code);
      return {
        code: digest("code", stretched),
        extension: extension === null ? null : digest("extension", stretched, extension),
      };
    },
    ofQrToken,
    async ofDerived({ code, extension, qrToken }) {
      const stretched = await stretch(code);
      return {
        code: digest("code", stretched),
        extension: digest("extension", stretched, extension),
        qr: await ofQrToken(qrToken),
      };
    },
  };
}
