import { createSecretKey, generateKeyPairSync, randomBytes } from "node:crypto";
import type { CompartmentId, DepositId, LockerHandle, ParcelVerifier } from "../../src/contract/ids.ts";
import { createProofs } from "../../src/locker/platform/proofs.ts";
import { createSecrets } from "../../src/locker/platform/secrets.ts";
import type { Secrets } from "../../src/locker/ports.ts";

/**
 * Secrets made beforehand by the real code, so that digests and sealed texts are what they always are; only the slow
 * hash is replaced by random bytes. Each is given out once, at once.
 */
export async function precomputedSecrets(count: number, handle: LockerHandle): Promise<Secrets> {
  const pepper = createSecretKey(randomBytes(32));
  const real = createSecrets({
    handle,
    proofs: createProofs({ pepper, handle, slowHash: async () => randomBytes(32) }),
    signingKey: generateKeyPairSync("ed25519").privateKey,
    vaultKey: generateKeyPairSync("x25519").publicKey,
  });
  // What a sealed text says is nobody's business here; its length is always the same.
  const subject = {
    deposit: "0".repeat(32) as DepositId,
    verifier: "0".repeat(32) as ParcelVerifier,
    compartment: 1 as CompartmentId,
  };
  const stock: Awaited<ReturnType<Secrets["prepareCode"]>>[] = [];
  while (stock.length < count) stock.push(await real.prepareCode(subject));
  return {
    async prepareCode() {
      const prepared = stock.pop();
      if (prepared === undefined) throw new Error("more deposits than precomputed secrets");
      return prepared;
    },
  };
}
