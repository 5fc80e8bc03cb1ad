import { type KeyObject, sign } from "node:crypto";
import { compactDecrypt, compactVerify, decodeProtectedHeader } from "jose";
import type { LockerHandle } from "../../contract/ids.ts";
import { AckClaims, batchStatement, CommandClaims, DesiredDocument, jwsType } from "../../contract/messages.ts";
import { type BadDocument, jsonParser } from "../../contract/parse.ts";
import { err, ok, type Result } from "../../contract/result.ts";
import { epochMs } from "../../contract/time.ts";
import type { BadLetter, Letters } from "../ports.ts";
import { readPinHash } from "./couriers.ts";
import { sealTotpSecret } from "./totp-secret.ts";

export type LetterKeys = {
  readonly handle: LockerHandle;
  /** Ed25519, private: the locker's own. */
  readonly signingKey: KeyObject;
  /** X25519, private: the locker's own. */
  readonly sealingKey: KeyObject;
  /** AES-256: nothing of the roster is stored in the clear. */
  readonly boardKey: KeyObject;
  /** Ed25519, public: the fleet's, pinned at commissioning. */
  readonly commandKey: KeyObject;
};

type Claims = { readonly aud: LockerHandle };

/** The locker's side of what it and the fleet say to each other. */
export function createLetters(keys: LetterKeys): Letters {
  /** A reader of one kind of letter: signature and `typ`, then schema, then audience. */
  const opener = <C extends Claims>(type: string, parse: (text: string) => Result<C, BadDocument>) => {
    return async (text: string): Promise<Result<C, BadLetter>> => {
      const payload = await verify(text, type, keys.commandKey);
      if (payload === undefined) return err({ code: "bad_signature" });
      const claims = parse(payload);
      if (!claims.ok) return err({ code: "bad_document" });
      return claims.value.aud === keys.handle ? claims : err({ code: "wrong_audience" });
    };
  };
  const openDocument = opener(jwsType.desired, jsonParser(DesiredDocument));
  return {
    signBatch: (batch) =>
      sign(null, Buffer.from(batchStatement({ locker: keys.handle, ...batch }), "utf8"), keys.signingKey).toString(
        "base64url",
      ),
    openAck: opener(jwsType.ack, jsonParser(AckClaims)),
    openCommand: opener(jwsType.command, jsonParser(CommandClaims)),
    async openDesired(text) {
      const signed = await decrypt(text, keys.sealingKey);
      if (signed === undefined) return err({ code: "not_sealed_for_us" });
      const document = await openDocument(signed);
      if (!document.ok) return document;
      const { version, issuedAt, roster } = document.value;
      // One PIN nobody could ever check would lock its courier out without a word.
      if (roster.some(({ pinHash }) => readPinHash(pinHash) === undefined)) return err({ code: "bad_document" });
      return ok({
        version,
        issuedAt: epochMs(issuedAt),
        roster: roster.map(({ courier, pinHash, totpSecret, rights }) => ({
          id: courier,
          pinHash,
          totpSealed: sealTotpSecret(keys.boardKey, courier, totpSecret),
          mayDeposit: rights.includes("deposit"),
          mayRecall: rights.includes("recall"),
        })),
      });
    },
  };
}

/** The payload of a compact JWS, algorithm and `typ` pinned: a text signed for one purpose never serves another. */
async function verify(text: string, type: string, key: KeyObject): Promise<string | undefined> {
  try {
    if (decodeProtectedHeader(text).typ !== type) return undefined;
    const { payload } = await compactVerify(text, key, { algorithms: ["EdDSA"] });
    return Buffer.from(payload).toString("utf8");
  } catch {
    return undefined;
  }
}

async function decrypt(text: string, key: KeyObject): Promise<string | undefined> {
  try {
    // Anybody can seal for a public key: a compressed plaintext could grow without bound before its signature is seen.
    if (decodeProtectedHeader(text)["zip"] !== undefined) return undefined;
    const { plaintext } = await compactDecrypt(text, key, {
      keyManagementAlgorithms: ["ECDH-ES"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
    return Buffer.from(plaintext).toString("utf8");
  } catch {
    return undefined;
  }
}
