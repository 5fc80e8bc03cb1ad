import type { KeyObject } from "node:crypto";
import { compactVerify, decodeProtectedHeader } from "jose";
import { err, ok, type Result } from "../contract/result.ts";

export type SignedTextError = { readonly code: "bad_signature" | "unknown_signer" };

/**
 * Verifies a compact JWS whose algorithm (EdDSA) and `typ` are pinned, so that a text signed for one purpose never
 * serves another.
 *
 * @param keyOf The pinned key of a `kid`; the header is not yet believed when it is asked.
 * @returns `unknown_signer` when no key is pinned for the `kid`; `bad_signature` for everything else that is wrong.
 */
export async function verifySignedText(
  text: string,
  type: string,
  keyOf: (kid: string | undefined) => KeyObject | undefined,
): Promise<Result<{ readonly payload: string; readonly kid: string | undefined }, SignedTextError>> {
  try {
    const header = decodeProtectedHeader(text);
    if (header.typ !== type) return err({ code: "bad_signature" });
    const key = keyOf(header.kid);
    if (key === undefined) return err({ code: "unknown_signer" });
    const { payload } = await compactVerify(text, key, { algorithms: ["EdDSA"] });
    return ok({ payload: Buffer.from(payload).toString("utf8"), kid: header.kid });
  } catch {
    return err({ code: "bad_signature" });
  }
}
