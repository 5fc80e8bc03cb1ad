import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { CompactEncrypt, CompactSign } from "jose";
import type { DepositId, LockerHandle, ParcelVerifier } from "../../src/contract/ids.ts";
import { jwsType, SEALED_BYTES, type VaultNotice } from "../../src/contract/messages.ts";

/** A locker reduced to what the vault sees of it: a handle, a signing key, and secrets sealed to the vault. */
export type SealingLocker = {
  readonly handle: LockerHandle;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
};

export function sealingLocker(): SealingLocker {
  return { handle: randomBytes(8).toString("hex") as LockerHandle, ...generateKeyPairSync("ed25519") };
}

/** Secret of the test vectors in RFC 4226, appendix D. */
export const RFC_4226_SECRET = Buffer.from("12345678901234567890");

export type ModelParcel = { readonly deposit: DepositId; readonly verifier: ParcelVerifier; readonly secret?: Buffer };

export const modelParcel = (): ModelParcel => ({
  deposit: randomBytes(16).toString("hex") as DepositId,
  verifier: randomBytes(16).toString("hex") as ParcelVerifier,
});

/** What may be wrong with a sealed secret. */
export type SealFaults = {
  readonly signWith?: KeyObject;
  readonly kid?: string;
  readonly type?: string;
  readonly lockerInside?: string;
  readonly bytes?: number;
  readonly mangle?: (jwe: string) => string;
};

/** Seals a pickup secret as a locker does: padded JSON in a JWE to the vault's key, inside a JWS of the locker. */
export async function sealSecret(
  locker: SealingLocker,
  vaultKey: KeyObject,
  parcel: ModelParcel,
  faults: SealFaults = {},
): Promise<string> {
  const secret = (parcel.secret ?? randomBytes(20)).toString("base64url");
  const { deposit, verifier } = parcel;
  const content = { locker: faults.lockerInside ?? locker.handle, deposit, verifier, compartment: 7, secret };
  const bare = JSON.stringify({ ...content, padding: "" });
  const padding = "0".repeat((faults.bytes ?? SEALED_BYTES) - bare.length);
  const jwe = await new CompactEncrypt(Buffer.from(JSON.stringify({ ...content, padding })))
    .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM" })
    .encrypt(vaultKey);
  return await signText(faults.mangle?.(jwe) ?? jwe, {
    key: faults.signWith ?? locker.privateKey,
    type: faults.type ?? jwsType.sealed,
    kid: faults.kid ?? locker.handle,
  });
}

/** Signs a notice as the fleet does. */
export const signNotice = (notice: VaultNotice, key: KeyObject): Promise<string> =>
  signText(JSON.stringify(notice), { key, type: jwsType.notice });

export const signText = (
  text: string,
  { key, type, kid }: { readonly key: KeyObject; readonly type: string; readonly kid?: string },
): Promise<string> =>
  new CompactSign(Buffer.from(text))
    .setProtectedHeader({ alg: "EdDSA", typ: type, ...(kid === undefined ? {} : { kid }) })
    .sign(key);
