import { createSecretKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { LockerHandle } from "../../../src/contract/ids.ts";
import { codeFromHotp, dammDigit } from "../../../src/contract/pickup-code.ts";
import { deriveProofs } from "../../../src/locker/platform/pickup-secret.ts";
import { createProofs } from "../../../src/locker/platform/proofs.ts";
import { createSlowHash, type SlowHash } from "../../../src/locker/platform/slow-hash.ts";
import { deriveProofs as deriveAtVault } from "../../../src/vault/derive.ts";
import { aes256, HANDLE } from "./crypto-keys.ts";

describe("what is derived from a pickup secret", () => {
  /** RFC 4226, appendix D: this secret's decimal HOTP values at counters 0 and 1 are 1284755224 and 1094287082. */
  const rfcSecret = Buffer.from("12345678901234567890");

  it("is what RFC 4226 says, with a Damm digit", () => {
    const derived = deriveProofs(rfcSecret);
    expect(derived?.code).toBe(codeFromHotp("84755224"));
    expect(derived?.extension).toBe("7082");
  });

  it("is what the vault derives", () => {
    expect(deriveProofs(rfcSecret)).toEqual(deriveAtVault(rfcSecret));
  });

  it("has a QR token of 128 bits that tells nothing about another secret's", () => {
    const tokens = [rfcSecret, Buffer.alloc(20, 7)].map((secret) => deriveProofs(secret)?.qrToken);
    expect(tokens[0]).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(tokens[0]).not.toBe(tokens[1]);
  });

  it("is nothing when the code would be 1234 5678", () => {
    const weak = Buffer.alloc(20);
    weak.writeUInt32BE(246_635, 16);
    expect(deriveAtVault(weak).code).toBe(codeFromHotp("12345678"));
    expect(deriveProofs(weak)).toBeUndefined();
  });

  it("ends in the digit that Damm's example has", () => {
    expect(dammDigit("572")).toBe("4");
    expect(dammDigit("5724")).toBe("0");
  });
});

describe("digests of proofs", () => {
  const pepperBytes = Buffer.alloc(32, 9);
  const proofsOf = (handle = HANDLE, pepper = createSecretKey(pepperBytes), slowHash = createSlowHash()) =>
    createProofs({ pepper, handle, slowHash });
  const typed = { code: "847552247", extension: "7082" };

  it("stay the same over restarts and releases, with the same pepper", async () => {
    // Other values in a later release would strand every parcel that lies in a locker.
    expect(await proofsOf().ofTypedCode(typed)).toEqual({
      code: "364d737fc2e8f6adccb22e6728c3839f",
      extension: "ca9ea51bb4a649096ebca3e2f2715705",
    });
  });

  it("differ between lockers and between peppers", async () => {
    const own = await proofsOf().ofTypedCode(typed);
    const others = [
      await proofsOf("otherlocker1" as LockerHandle).ofTypedCode(typed),
      await proofsOf(HANDLE, aes256()).ofTypedCode(typed),
    ];
    for (const other of others) {
      expect(other.code).not.toBe(own.code);
      expect(other.extension).not.toBe(own.extension);
    }
  });

  it("of an extension belong to its code alone", async () => {
    const here = await proofsOf().ofTypedCode(typed);
    const there = await proofsOf().ofTypedCode({ ...typed, code: "123123124" });
    expect(there.extension).not.toBe(here.extension);
    expect(await proofsOf().ofTypedCode({ ...typed, extension: null })).toEqual({ code: here.code, extension: null });
  });

  it("of what a person types are those of what was derived", async () => {
    const derived = { ...typed, qrToken: "abcdefghijklmnopqrstuv" };
    const digests = await proofsOf().ofDerived(derived);
    expect(digests).toEqual({
      ...(await proofsOf().ofTypedCode(typed)),
      qr: await proofsOf().ofQrToken(derived.qrToken),
    });
    expect(new Set(Object.values(digests)).size).toBe(3);
  });

  it("cost one argon2id whatever is typed or scanned", async () => {
    let count = 0;
    const counting: SlowHash = (parameters) => {
      count += 1;
      return createSlowHash()(parameters);
    };
    const proofs = proofsOf(HANDLE, createSecretKey(pepperBytes), counting);
    await proofs.ofTypedCode(typed);
    await proofs.ofTypedCode({ ...typed, extension: null });
    await proofs.ofQrToken("anything");
    expect(count).toBe(3);
  });
});

describe("slow hashes", () => {
  const parameters = { message: "x", nonce: Buffer.alloc(16), memory: 64, passes: 1, parallelism: 1, tagLength: 32 };

  it("are made one at a time, in order, and one that fails does not stop the next", async () => {
    const slowHash = createSlowHash();
    const order: string[] = [];
    const first = slowHash(parameters).then(() => order.push("first"));
    const bad = slowHash({ ...parameters, memory: 1 }).catch(() => order.push("bad"));
    const last = slowHash(parameters).then(() => order.push("last"));
    await Promise.all([first, bad, last]);
    expect(order).toEqual(["first", "bad", "last"]);
  });
});
