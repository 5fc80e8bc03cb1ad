import { describe, expect, it } from "vitest";
import { parseTypedCode } from "../../src/contract/pickup-code.ts";
import { deriveProofs } from "../../src/vault/derive.ts";
import { RFC_4226_SECRET } from "./sealing-locker.ts";

describe("deriveProofs", () => {
  it("gives the values of RFC 4226, appendix D, with their check digit", () => {
    // Counter 0 truncates to 1284755224, counter 1 to 1094287082.
    const { code, extension } = deriveProofs(RFC_4226_SECRET);
    expect(code).toMatch(/^84755224\d$/);
    expect(parseTypedCode(code + extension)).toEqual({ ok: true, value: { code, extension: "7082" } });
  });

  it("gives HKDF-SHA-256 without salt as the QR token", () => {
    // Computed with Python's hmac and hashlib by the two steps of RFC 5869.
    expect(deriveProofs(RFC_4226_SECRET).qrToken).toBe("ESxD_GHfPDAAaxhW69PCgQ");
  });
});
