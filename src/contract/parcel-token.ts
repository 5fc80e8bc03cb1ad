import type { ParcelVerifier } from "./ids.ts";

/** 128 bits as hex digits. */
const VERIFIER_HEX_DIGITS = 32;

/**
 * What everybody but the label and the vault's link knows of a parcel: the first 128 bits of SHA-256 of the token's
 * text, hex. The token itself has 128 random bits, so nothing slower is needed.
 */
export const parcelVerifier = (token: string, sha256Hex: (text: string) => string): ParcelVerifier =>
  sha256Hex(token).slice(0, VERIFIER_HEX_DIGITS) as ParcelVerifier;
