import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { CryptoPlugin } from "otplib";

/** Node's own crypto for otplib, whose default is several times slower. */
export const nodeOtpCrypto: CryptoPlugin = {
  name: "node",
  hmac: (algorithm, key, data) => createHmac(algorithm, key).update(data).digest(),
  randomBytes,
  constantTimeEqual(a, b) {
    const [left, right] = [Buffer.from(a), Buffer.from(b)];
    return left.length === right.length && timingSafeEqual(left, right);
  },
};
