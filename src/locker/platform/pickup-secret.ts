import { hkdfSync } from "node:crypto";
import { generateSync } from "otplib";
import {
  CODE_COUNTER,
  codeFromHotp,
  EXTENSION_COUNTER,
  extensionFromHotp,
  isWeakCode,
  QR_TOKEN_LABEL,
} from "../../contract/pickup-code.ts";
import { nodeOtpCrypto } from "./otp-crypto.ts";

/** Bytes of a pickup secret: the 160 bits RFC 4226 recommends. */
export const PICKUP_SECRET_BYTES = 20;
/** HOTP has 31 bits: more than 8 digits would be biased. */
const HOTP_DIGITS = 8;
const QR_TOKEN_BYTES = 16;

/** What a recipient can show: everything that is derived from one pickup secret. */
export type DerivedProofs = {
  /** Nine digits, the last one a check digit. */
  readonly code: string;
  readonly extension: string;
  /** 128 bits, base64url. */
  readonly qrToken: string;
};

/** Derives the proofs of a pickup secret (RFC 4226 HOTP, RFC 5869 HKDF-SHA-256). Undefined when its code is a weak one. */
export function deriveProofs(secret: Uint8Array): DerivedProofs | undefined {
  const digits = hotp(secret, CODE_COUNTER);
  if (isWeakCode(digits)) return undefined;
  return {
    code: codeFromHotp(digits),
    extension: extensionFromHotp(hotp(secret, EXTENSION_COUNTER)),
    qrToken: Buffer.from(hkdfSync("sha256", secret, "", QR_TOKEN_LABEL, QR_TOKEN_BYTES)).toString("base64url"),
  };
}

const hotp = (secret: Uint8Array, counter: number): string =>
  generateSync({ strategy: "hotp", algorithm: "sha1", digits: HOTP_DIGITS, secret, counter, crypto: nodeOtpCrypto });
