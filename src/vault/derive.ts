import { hkdfSync } from "node:crypto";
import { generateSync } from "otplib";
import {
  CODE_COUNTER,
  codeFromHotp,
  EXTENSION_COUNTER,
  extensionFromHotp,
  QR_TOKEN_LABEL,
} from "../contract/pickup-code.ts";

/** What a recipient can show to the kiosk. Lives in RAM, for the time of one notice. */
export type PickupProofs = {
  /** Nine digits, the last one a check digit. */
  readonly code: string;
  /** Four digits, for when the screen asks. */
  readonly extension: string;
  /** 128 bits, base64url. */
  readonly qrToken: string;
};

/** HOTP has 31 bits: more than 8 digits would be biased. */
const HOTP_DIGITS = 8;
const QR_TOKEN_BYTES = 16;

/** Derives the proofs of a pickup secret of 20 bytes (RFC 4226 HOTP, RFC 5869 HKDF-SHA-256), as its locker did. */
export function deriveProofs(secret: Uint8Array): PickupProofs {
  return {
    code: codeFromHotp(hotp(secret, CODE_COUNTER)),
    extension: extensionFromHotp(hotp(secret, EXTENSION_COUNTER)),
    qrToken: Buffer.from(hkdfSync("sha256", secret, "", QR_TOKEN_LABEL, QR_TOKEN_BYTES)).toString("base64url"),
  };
}

const hotp = (secret: Uint8Array, counter: number): string =>
  generateSync({ strategy: "hotp", algorithm: "sha1", digits: HOTP_DIGITS, secret, counter });
