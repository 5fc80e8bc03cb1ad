/** Characters of a parcel token: 128 random bits in Crockford base32. */
export const PARCEL_TOKEN_CHARACTERS = 26;

/** Digits and letters of Crockford base32, in keyboard order; I, L, O and U are not among them. */
export const PARCEL_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * Reads what a scanner or a person typed as far as it can be part of a parcel token: upper case, look-alikes as
 * Crockford reads them (O is 0, I and L are 1), spaces, hyphens and everything else dropped.
 */
export function cleanParcelToken(text: string): string {
  const read = text.toUpperCase().replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  return [...read].filter((character) => PARCEL_ALPHABET.includes(character)).join("");
}
