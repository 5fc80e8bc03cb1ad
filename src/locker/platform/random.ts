import { randomFillSync } from "node:crypto";
import { invariant } from "../domain/invariant.ts";
import type { Random } from "../ports.ts";

/** Drawn at once: a call into the generator costs several times more than its bits, most of all just after a commit. */
const STOCK_BYTES = 4_096;

/** The kernel's random bits, some of them drawn ahead. */
export const systemRandom: Random = openRandom();

function openRandom(): Random {
  const stock = Buffer.alloc(STOCK_BYTES);
  let usedBytes = STOCK_BYTES;
  return {
    hex(bytes) {
      invariant(bytes <= STOCK_BYTES, "more random bits at once than are drawn ahead");
      if (usedBytes + bytes > STOCK_BYTES) {
        randomFillSync(stock);
        usedBytes = 0;
      }
      const drawn = stock.subarray(usedBytes, usedBytes + bytes);
      usedBytes += bytes;
      const hex = drawn.toString("hex");
      // It may become a secret, which is nobody's but the taker's.
      drawn.fill(0);
      return hex;
    },
  };
}
