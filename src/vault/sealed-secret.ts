import { hash, type KeyObject } from "node:crypto";
import { compactDecrypt, decodeProtectedHeader } from "jose";
import type { DepositId, LockerHandle, ParcelVerifier } from "../contract/ids.ts";
import { jwsType, SEALED_BYTES, SealedSecret } from "../contract/messages.ts";
import { jsonParser } from "../contract/parse.ts";
import { err, ok, type Result } from "../contract/result.ts";
import { verifySignedText } from "./signed-text.ts";

/** Which parcel a sealed secret is for, as its locker says under its signature and inside the seal. */
export type SealedSubject = {
  readonly locker: LockerHandle;
  readonly deposit: DepositId;
  readonly verifier: ParcelVerifier;
};

export type SealedSecretError = {
  readonly code:
    | "unknown_locker"
    | "bad_locker_signature"
    | "not_sealed_for_this_vault"
    | "bad_secret"
    | "wrong_locker";
};

export type SealKeys = {
  /** X25519, private. */
  readonly sealingKey: KeyObject;
  /** Ed25519, pinned by handle. */
  readonly lockerKeyOf: (handle: string) => KeyObject | undefined;
};

const SECRET_BYTES = 20;

const parseSecret = jsonParser(SealedSecret);

/** Name of a sealed secret: SHA-256, hex, of the text the locker signed. */
export const sealedHashOf = (sealed: string): string => hash("sha256", sealed);

/**
 * Opens what a locker sealed (a JWE inside the locker's JWS) and lends the secret to `use`; its bytes are zeroed when
 * `use` returns. Of the JSON text only unreferenced strings remain, for the garbage collector.
 *
 * @returns `wrong_locker` when the locker that signed is not the one named inside the seal.
 */
export async function withSealedSecret<T>(
  sealed: string,
  keys: SealKeys,
  use: (subject: SealedSubject, secret: Uint8Array) => T,
): Promise<Result<T, SealedSecretError>> {
  const verified = await verifySignedText(sealed, jwsType.sealed, (kid = "") => keys.lockerKeyOf(kid));
  if (!verified.ok) {
    return err({ code: verified.error.code === "unknown_signer" ? "unknown_locker" : "bad_locker_signature" });
  }
  const plaintext = await decrypt(verified.value.payload, keys.sealingKey);
  if (plaintext === undefined) return err({ code: "not_sealed_for_this_vault" });
  const parsed = plaintext.length === SEALED_BYTES ? parseSecret(new TextDecoder().decode(plaintext)) : undefined;
  plaintext.fill(0);
  if (parsed?.ok !== true) return err({ code: "bad_secret" });
  const { locker, deposit, verifier } = parsed.value;
  if (locker !== verified.value.kid) return err({ code: "wrong_locker" });
  const secret = Buffer.alloc(SECRET_BYTES);
  secret.write(parsed.value.secret, "base64url");
  try {
    return ok(use({ locker, deposit, verifier }, secret));
  } finally {
    secret.fill(0);
  }
}

async function decrypt(jwe: string, key: KeyObject): Promise<Uint8Array | undefined> {
  try {
    // A compressed plaintext would undo the padding that hides its length.
    if (decodeProtectedHeader(jwe)["zip"] !== undefined) return undefined;
    const { plaintext } = await compactDecrypt(jwe, key, {
      keyManagementAlgorithms: ["ECDH-ES"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
    return plaintext;
  } catch {
    return undefined;
  }
}
