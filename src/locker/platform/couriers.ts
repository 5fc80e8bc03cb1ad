import { type Argon2Parameters, type KeyObject, timingSafeEqual } from "node:crypto";
import { verifySync } from "otplib";
import type { EpochMs } from "../../contract/time.ts";
import type { Courier } from "../domain/model.ts";
import type { CourierCheck } from "../ports.ts";
import { nodeOtpCrypto } from "./otp-crypto.ts";
import type { SlowHash } from "./slow-hash.ts";
import { unsealTotpSecret } from "./totp-secret.ts";

/** argon2id in PHC form, as rosters carry it. */
const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** Above these a roster would stop the board for seconds at every sign-in; OWASP asks for far less. */
const MEMORY_KIB_MAX = 65_536;
const PASSES_MAX = 8;
const PARALLELISM_MAX = 4;

type PinHash = { readonly parameters: Omit<Argon2Parameters, "message">; readonly expected: Buffer };

/** Stands in for a courier nobody knows, at the cost the fleet gives its PINs. No PIN and no time code match it. */
const STRANGER: PinHash = {
  parameters: { nonce: Buffer.alloc(16), memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 },
  expected: Buffer.alloc(32),
};
const STRANGER_TOTP_SECRET = "A".repeat(32);

/** A code of the neighbouring steps is right too: phones and boards differ by seconds. */
const STEP_SECONDS = 30;

/** Reads a PIN hash. Undefined when it is malformed or would cost too much to check. */
export function readPinHash(phc: string): PinHash | undefined {
  const [, memory, passes, parallelism, salt, tag] = PHC.exec(phc) ?? [];
  if (salt === undefined || tag === undefined) return undefined;
  const nonce = Buffer.from(salt, "base64");
  const expected = Buffer.from(tag, "base64");
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const isAffordable =
    cost.memory <= MEMORY_KIB_MAX && cost.passes <= PASSES_MAX && cost.parallelism <= PARALLELISM_MAX;
  // RFC 9106, section 3.1: at least 8 KiB a lane, one pass, 8 bytes of salt, 4 of tag.
  const isLegal = cost.parallelism >= 1 && cost.memory >= 8 * cost.parallelism && cost.passes >= 1 && nonce.length >= 8;
  if (!isAffordable || !isLegal || expected.length < 4) return undefined;
  return { parameters: { nonce, ...cost, tagLength: expected.length }, expected };
}

/** Checks PINs and time codes; a stranger costs one argon2id and one TOTP as well. */
export function createCourierCheck(boardKey: KeyObject, slowHash: SlowHash): CourierCheck {
  return async ({ courier, pin, timeCode, wall }) => {
    const pinHash = courier === undefined ? STRANGER : (readPinHash(courier.pinHash) ?? STRANGER);
    const tag = await slowHash({ message: pin, ...pinHash.parameters });
    const pinMatches = pinHash !== STRANGER && timingSafeEqual(tag, pinHash.expected);
    const totpStep = totpStepOf(totpSecretOf(boardKey, courier), timeCode, wall);
    return { pinMatches, totpStep: courier === undefined ? null : totpStep };
  };
}

const totpSecretOf = (boardKey: KeyObject, courier: Courier | undefined): string =>
  courier === undefined ? STRANGER_TOTP_SECRET : unsealTotpSecret(boardKey, courier.id, courier.totpSealed);

/** The time step whose code this is, or null. */
function totpStepOf(secret: string, timeCode: string, wall: EpochMs): number | null {
  // otplib throws at anything but six digits.
  if (!/^\d{6}$/.test(timeCode)) return null;
  const result = verifySync({
    strategy: "totp",
    algorithm: "sha1",
    digits: 6,
    period: STEP_SECONDS,
    secret,
    token: timeCode,
    epoch: Math.floor(wall / 1000),
    epochTolerance: STEP_SECONDS,
    crypto: nodeOtpCrypto,
  });
  return result.valid && "timeStep" in result ? result.timeStep : null;
}
