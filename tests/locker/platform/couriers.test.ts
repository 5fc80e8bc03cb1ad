import { type Argon2Parameters, argon2Sync, randomBytes } from "node:crypto";
import { generateSync } from "otplib";
import { describe, expect, it } from "vitest";
import type { CourierId } from "../../../src/contract/ids.ts";
import { epochMs } from "../../../src/contract/time.ts";
import type { Courier } from "../../../src/locker/domain/model.ts";
import { createCourierCheck, readPinHash } from "../../../src/locker/platform/couriers.ts";
import { createSlowHash, type SlowHash } from "../../../src/locker/platform/slow-hash.ts";
import { sealTotpSecret, unsealTotpSecret } from "../../../src/locker/platform/totp-secret.ts";
import { aes256 } from "./crypto-keys.ts";

const NOON = epochMs(Date.UTC(2026, 10, 21, 12));
const STEP = NOON / 30_000;
const SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const PIN = "730194";
const ID = "10234" as CourierId;

const base64 = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");

function phcOf(pin: string, { memory = 19_456, passes = 2, parallelism = 1, tagLength = 32 } = {}): string {
  const nonce = randomBytes(16);
  const tag = argon2Sync("argon2id", { message: pin, nonce, memory, passes, parallelism, tagLength });
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(nonce)}$${base64(tag)}`;
}

const boardKey = aes256();
const courier: Courier = {
  id: ID,
  pinHash: phcOf(PIN),
  totpSealed: sealTotpSecret(boardKey, ID, SECRET),
  mayDeposit: true,
  mayRecall: false,
  totpStep: 0,
};

const check = createCourierCheck(boardKey, createSlowHash());
const timeCodeAt = (wall: number) => generateSync({ secret: SECRET, epoch: wall / 1000 });
const timeCode = timeCodeAt(NOON);

describe("a courier", () => {
  it("is known by PIN and time code", async () => {
    expect(await check({ courier, pin: PIN, timeCode, wall: NOON })).toEqual({ pinMatches: true, totpStep: STEP });
  });

  it("is told apart from one who has only one of the two", async () => {
    expect(await check({ courier, pin: "730195", timeCode, wall: NOON })).toEqual({
      pinMatches: false,
      totpStep: STEP,
    });
    const wrongCode = String((Number(timeCode) + 1) % 1_000_000).padStart(6, "0");
    expect(await check({ courier, pin: PIN, timeCode: wrongCode, wall: NOON })).toEqual({
      pinMatches: true,
      totpStep: null,
    });
  });

  it.each(["", "12345", "1234567", "abcdef", "１２３４５６"])(
    "with the malformed time code %j has a wrong one",
    async (typed) => {
      expect((await check({ courier, pin: PIN, timeCode: typed, wall: NOON })).totpStep).toBeNull();
    },
  );

  it("gets the same step for a time code used again, so that the replay can be refused", async () => {
    const later = epochMs(NOON + 29_000);
    expect((await check({ courier, pin: PIN, timeCode, wall: later })).totpStep).toBe(STEP);
    expect((await check({ courier, pin: PIN, timeCode, wall: epochMs(NOON + 30_000) })).totpStep).toBe(STEP);
    expect((await check({ courier, pin: PIN, timeCode, wall: epochMs(NOON + 90_000) })).totpStep).toBeNull();
    expect((await check({ courier, pin: PIN, timeCode: timeCodeAt(NOON + 30_000), wall: NOON })).totpStep).toBe(
      STEP + 1,
    );
  });

  it("whom nobody knows costs the same hash and is refused", async () => {
    const asked: Argon2Parameters[] = [];
    const watching: SlowHash = (parameters) => {
      asked.push(parameters);
      return createSlowHash()(parameters);
    };
    const watched = createCourierCheck(boardKey, watching);
    await watched({ courier, pin: PIN, timeCode, wall: NOON });
    expect(await watched({ courier: undefined, pin: PIN, timeCode, wall: NOON })).toEqual({
      pinMatches: false,
      totpStep: null,
    });
    const [known, stranger] = asked.map(({ memory, passes, parallelism }) => ({ memory, passes, parallelism }));
    expect(stranger).toEqual(known);
  });

  it("has a PIN hash of any cost the roster chose", async () => {
    const cheap = { ...courier, pinHash: phcOf(PIN, { memory: 64, passes: 3, parallelism: 2, tagLength: 16 }) };
    expect((await check({ courier: cheap, pin: PIN, timeCode, wall: NOON })).pinMatches).toBe(true);
    expect((await check({ courier: cheap, pin: "000000", timeCode, wall: NOON })).pinMatches).toBe(false);
  });

  it("never matches a PIN hash that cannot be checked", async () => {
    const broken = { ...courier, pinHash: "$argon2id$v=19$m=4000000000,t=1,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAA" };
    expect((await check({ courier: broken, pin: PIN, timeCode, wall: NOON })).pinMatches).toBe(false);
  });
});

describe("a PIN hash", () => {
  it.each([
    ["too much memory", "$argon2id$v=19$m=65537,t=1,p=1$AAAAAAAAAAAAAAAA$AAAAAAAA"],
    ["too many passes", "$argon2id$v=19$m=64,t=9,p=1$AAAAAAAAAAAAAAAA$AAAAAAAA"],
    ["too many lanes", "$argon2id$v=19$m=64,t=1,p=5$AAAAAAAAAAAAAAAA$AAAAAAAA"],
    ["less memory than its lanes need", "$argon2id$v=19$m=8,t=1,p=2$AAAAAAAAAAAAAAAA$AAAAAAAA"],
    ["a short salt", "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAAAAAA"],
    ["another algorithm", "$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAA$AAAAAAAA"],
  ])("with %s is not read", (_, phc) => {
    expect(readPinHash(phc)).toBeUndefined();
  });
});

describe("a time code secret", () => {
  it("is sealed under the board key, for its courier alone", () => {
    expect(unsealTotpSecret(boardKey, ID, courier.totpSealed)).toBe(SECRET);
    expect(courier.totpSealed).not.toContain(SECRET);
    expect(() => unsealTotpSecret(boardKey, "10235" as CourierId, courier.totpSealed)).toThrow(/10235/);
    expect(() => unsealTotpSecret(aes256(), ID, courier.totpSealed)).toThrow(/board key/);
    expect(() => unsealTotpSecret(boardKey, ID, "short")).toThrow(/board key/);
  });
});
