import { randomBytes } from "node:crypto";
import type { Random } from "../ports.ts";

/** The kernel's random bits. */
export const systemRandom: Random = { hex: (bytes) => randomBytes(bytes).toString("hex") };
