import { err, ok, type Result } from "./result.ts";

/** Digits a recipient types: 8 from HOTP and one Damm check digit. */
export const CODE_DIGITS = 9;
/** Digits typed when the guess budget is spent: the code and its extension. */
export const LONG_CODE_DIGITS = 13;
/** HOTP counters (RFC 4226) of the pickup secret: the code, and the extension's source. */
export const CODE_COUNTER = 0;
export const EXTENSION_COUNTER = 1;
/** HKDF-SHA-256 info label of the QR token, 128 bits. */
export const QR_TOKEN_LABEL = "lockerd/1/qr-token";

/** Quasigroup of order 10. Source: H. M. Damm, "Total anti-symmetrische Quasigruppen" (2004), p. 111. */
const DAMM = [
  "0317598642",
  "7092154863",
  "4206871359",
  "1750983426",
  "6123045978",
  "3674209581",
  "5869720134",
  "8945362017",
  "9438617205",
  "2581436790",
] as const;

/** Check digit for a string of decimal digits: catches every single wrong digit and every swap of neighbours. */
export function dammDigit(digits: string): string {
  let interim = "0";
  for (const digit of digits) interim = DAMM[Number(interim)]?.[Number(digit)] ?? "0";
  return interim;
}

/** Appends the check digit to the eight digits of HOTP. */
export const codeFromHotp = (eightDigits: string): string => eightDigits + dammDigit(eightDigits);

/** The extension: the last four digits of HOTP at counter 1. */
export const extensionFromHotp = (eightDigits: string): string => eightDigits.slice(-4);

/** As printed in a notice and on the screen: `482 910 375`. */
export const formatCode = (code: string): string => code.replaceAll(/(\d{3})(?=\d)/g, "$1 ");

/** A code nobody should be given: one digit repeated, or a run up or down. */
export function isWeakCode(eightDigits: string): boolean {
  const steps = new Set(
    Array.from(eightDigits.slice(1), (digit, i) => (Number(digit) - Number(eightDigits[i]) + 10) % 10),
  );
  return steps.size === 1 && (steps.has(0) || steps.has(1) || steps.has(9));
}

export type TypedCode = { readonly code: string; readonly extension: string | null };
export type TypedCodeError = { readonly code: "bad_length" } | { readonly code: "bad_check_digit" };

/**
 * Reads what a person typed: 9 digits, or 13 with the extension; spaces and hyphens are ignored.
 *
 * @returns `bad_check_digit` when one digit is surely wrong: not a guess, told at once.
 */
export function parseTypedCode(text: string): Result<TypedCode, TypedCodeError> {
  const digits = text.replaceAll(/[ -]/g, "");
  if (!/^\d+$/.test(digits) || (digits.length !== CODE_DIGITS && digits.length !== LONG_CODE_DIGITS)) {
    return err({ code: "bad_length" });
  }
  const code = digits.slice(0, CODE_DIGITS);
  if (dammDigit(code) !== "0") return err({ code: "bad_check_digit" });
  return ok({ code, extension: digits.length === LONG_CODE_DIGITS ? digits.slice(CODE_DIGITS) : null });
}
