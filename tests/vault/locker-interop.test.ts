import { createSecretKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parseCompartmentId } from "../../src/contract/ids.ts";
import { parseTypedCode } from "../../src/contract/pickup-code.ts";
import { createProofs } from "../../src/locker/platform/proofs.ts";
import { createSecrets } from "../../src/locker/platform/secrets.ts";
import { createSlowHash } from "../../src/locker/platform/slow-hash.ts";
import { deriveProofs } from "../../src/vault/derive.ts";
import { sealedHashOf, withSealedSecret } from "../../src/vault/sealed-secret.ts";
import { modelParcel, sealingLocker } from "./sealing-locker.ts";

describe("a secret sealed by the real locker", () => {
  it("opens in the vault, which tells a code, an extension and a QR token the locker recognises", async () => {
    const [locker, vault] = [sealingLocker(), generateKeyPairSync("x25519")];
    const pepper = createSecretKey(randomBytes(32));
    const proofs = createProofs({ pepper, handle: locker.handle, slowHash: createSlowHash() });
    const { handle, privateKey: signingKey } = locker;
    const secrets = createSecrets({ handle, proofs, signingKey, vaultKey: vault.publicKey });
    const { deposit, verifier } = modelParcel();
    const compartment = parseCompartmentId(7);
    if (!compartment.ok) throw new Error("7 is a compartment");
    // As the engine asks for it: the whole effect.
    const effect = { kind: "prepare_code", deposit, verifier, compartment: compartment.value } as const;
    const prepared = await secrets.prepareCode(effect);
    const keys = {
      sealingKey: vault.privateKey,
      lockerKeyOf: (kid: string) => (kid === handle ? locker.publicKey : undefined),
    };
    const opened = await withSealedSecret(prepared.sealed, keys, (subject, secret) => ({
      ...subject,
      ...deriveProofs(secret),
    }));
    expect(opened).toMatchObject({ ok: true, value: { locker: handle, deposit, verifier } });
    if (!opened.ok) return;
    const { code, extension, qrToken } = opened.value;
    expect(sealedHashOf(prepared.sealed)).toBe(prepared.sealedHash);
    const typed = parseTypedCode(code + extension);
    expect(typed.ok && (await proofs.ofTypedCode(typed.value))).toEqual({
      code: prepared.digests.code,
      extension: prepared.digests.extension,
    });
    expect(await proofs.ofQrToken(qrToken)).toBe(prepared.digests.qr);
  });
});
