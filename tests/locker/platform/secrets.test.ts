import { createHash, randomBytes } from "node:crypto";
import { compactDecrypt, compactVerify } from "jose";
import { describe, expect, it } from "vitest";
import type { CompartmentId, DepositId, ParcelVerifier } from "../../../src/contract/ids.ts";
import { jwsType, SEALED_BYTES } from "../../../src/contract/messages.ts";
import { createProofs } from "../../../src/locker/platform/proofs.ts";
import { createSecrets } from "../../../src/locker/platform/secrets.ts";
import { createSlowHash } from "../../../src/locker/platform/slow-hash.ts";
import { deriveProofs } from "../../../src/vault/derive.ts";
import { sealedHashOf, withSealedSecret } from "../../../src/vault/sealed-secret.ts";
import { aes256, ed25519, HANDLE, x25519 } from "./crypto-keys.ts";

const subject = {
  deposit: "0123456789abcdef0123456789abcdef" as DepositId,
  verifier: "fedcba9876543210fedcba9876543210" as ParcelVerifier,
  compartment: 3 as CompartmentId,
};

function makeLocker(draw?: (bytes: number) => Buffer) {
  const [locker, vault] = [ed25519(), x25519()];
  const proofs = createProofs({ pepper: aes256(), handle: HANDLE, slowHash: createSlowHash() });
  const keys = { signingKey: locker.privateKey, vaultKey: vault.publicKey };
  const secrets = createSecrets({ handle: HANDLE, proofs, ...keys, ...(draw === undefined ? {} : { draw }) });
  const vaultKeys = {
    sealingKey: vault.privateKey,
    lockerKeyOf: (handle: string) => (handle === HANDLE ? locker.publicKey : undefined),
  };
  return { secrets, proofs, vaultKeys, locker, vault };
}

describe("a prepared code", () => {
  it("can be told by the vault, and opens by the digests the locker keeps", async () => {
    const { secrets, proofs, vaultKeys } = makeLocker();
    const { digests, sealed, sealedHash } = await secrets.prepareCode(subject);
    const opened = await withSealedSecret(sealed, vaultKeys, (whose, secret) => ({
      whose,
      told: deriveProofs(secret),
    }));
    if (!opened.ok) throw new Error(opened.error.code);
    const { whose, told } = opened.value;
    expect(whose).toEqual({ locker: HANDLE, deposit: subject.deposit, verifier: subject.verifier });
    expect(await proofs.ofTypedCode(told)).toEqual({ code: digests.code, extension: digests.extension });
    expect(await proofs.ofQrToken(told.qrToken)).toBe(digests.qr);
    expect(sealedHash).toBe(createHash("sha256").update(sealed).digest("hex"));
    expect(sealedHash).toBe(sealedHashOf(sealed));
  });

  it("is sealed at one length, whatever is inside", async () => {
    const { secrets, locker, vault } = makeLocker();
    const short = await secrets.prepareCode({ ...subject, compartment: 1 as CompartmentId });
    const long = await secrets.prepareCode({ ...subject, compartment: 1000 as CompartmentId });
    expect(short.sealed).toHaveLength(long.sealed.length);
    const { payload, protectedHeader } = await compactVerify(long.sealed, locker.publicKey);
    expect(protectedHeader).toEqual({ alg: "EdDSA", typ: jwsType.sealed, kid: HANDLE });
    const { plaintext } = await compactDecrypt(payload, vault.privateKey);
    expect(plaintext).toHaveLength(SEALED_BYTES);
  });

  it("is refused by the vault when anything in it was changed, or another locker signed it", async () => {
    const { secrets, vaultKeys } = makeLocker();
    const { sealed } = await secrets.prepareCode(subject);
    const at = sealed.length - 200;
    const changed = sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1);
    expect((await withSealedSecret(changed, vaultKeys, () => 0)).ok).toBe(false);
    const stranger = await makeLocker().secrets.prepareCode(subject);
    expect(await withSealedSecret(stranger.sealed, vaultKeys, () => 0)).toEqual({
      ok: false,
      error: { code: "bad_locker_signature" },
    });
  });

  it("is drawn again when it would be a weak one, and its secret is wiped", async () => {
    const weak = Buffer.alloc(20);
    weak.writeUInt32BE(246_635, 16);
    const drawn = [weak, randomBytes(20)];
    const [, good = weak] = drawn;
    const expected = deriveProofs(good);
    const queue = [...drawn];
    const { secrets, proofs } = makeLocker(() => queue.shift() ?? Buffer.alloc(20));
    const { digests } = await secrets.prepareCode(subject);
    expect((await proofs.ofTypedCode(expected)).code).toBe(digests.code);
    expect(queue).toHaveLength(0);
    expect(good.equals(Buffer.alloc(20))).toBe(true);
  });

  it("is never the same twice", async () => {
    const { secrets } = makeLocker();
    const [one, two] = [await secrets.prepareCode(subject), await secrets.prepareCode(subject)];
    expect(one.digests.code).not.toBe(two.digests.code);
    expect(one.sealed).not.toBe(two.sealed);
  });
});
