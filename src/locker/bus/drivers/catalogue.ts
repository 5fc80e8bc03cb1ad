import type { BoardDriver } from "../driver.ts";
import type { Protocol } from "../settings.ts";
import { fp1Driver } from "./fp1.ts";

/** Every protocol a configuration may name. */
export const drivers: Readonly<Record<Protocol, BoardDriver>> = { fp1: fp1Driver };
