import { hash, timingSafeEqual } from "node:crypto";

/** A carrier and the SHA-256, hex, of its key. Keys are random, so no slow digest is needed. */
export type CarrierKey = { readonly id: string; readonly sha256: string };

/** Finds the carrier of an `Authorization` header; every key is compared, whichever fits. */
export function carrierOf(carriers: readonly CarrierKey[]): (authorization: string | undefined) => string | undefined {
  const known = carriers.map(({ id, sha256 }) => ({ id, digest: Buffer.from(sha256, "hex") }));
  return (authorization) => {
    const key = /^Bearer ([\x21-\x7e]{16,256})$/.exec(authorization ?? "")?.[1];
    if (key === undefined) return undefined;
    const digest = hash("sha256", key, "buffer");
    return known.filter((each) => timingSafeEqual(each.digest, digest))[0]?.id;
  };
}
