import { type KeyObject, verify } from "node:crypto";
import { CompactEncrypt, CompactSign } from "jose";
import { describe, expect, it } from "vitest";
import type { CourierId, Epoch } from "../../../src/contract/ids.ts";
import { batchStatement, type DesiredDocument, jwsType } from "../../../src/contract/messages.ts";
import { createLetters } from "../../../src/locker/platform/letters.ts";
import { unsealTotpSecret } from "../../../src/locker/platform/totp-secret.ts";
import { aes256, ed25519, HANDLE, x25519 } from "./crypto-keys.ts";

const [locker, sealing, fleet, stranger] = [ed25519(), x25519(), ed25519(), ed25519()];
const boardKey = aes256();
const letters = createLetters({
  handle: HANDLE,
  signingKey: locker.privateKey,
  sealingKey: sealing.privateKey,
  boardKey,
  commandKey: fleet.publicKey,
});

const EPOCH = "00112233445566ff" as Epoch;
const HASH = "ab".repeat(32);
const ack = { aud: HANDLE, epoch: EPOCH, seq: 7, hash: HASH };

const signed = (claims: object, typ: string, key: KeyObject = fleet.privateKey, alg = "EdDSA") =>
  new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader({ alg, typ }).sign(key);

const sealedFor = (key: KeyObject, text: string) =>
  new CompactEncrypt(Buffer.from(text)).setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM" }).encrypt(key);

const entry = {
  courier: "10234" as CourierId,
  pinHash: "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  totpSecret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
  rights: ["deposit"] as ["deposit"],
};
const desired: DesiredDocument = { aud: HANDLE, version: 3, issuedAt: 1_800_000_000_000, roster: [entry] };
const desiredLetter = async (document: object, key = fleet.privateKey, typ: string = jwsType.desired) =>
  sealedFor(sealing.publicKey, await signed(document, typ, key));

const refused = (code: string) => ({ ok: false, error: { code } });

describe("a batch", () => {
  it("is signed over locker, epoch, last row and last hash", () => {
    const batch = { epoch: EPOCH, lastSeq: 7, lastHash: HASH };
    const signature = Buffer.from(letters.signBatch(batch), "base64url");
    const statement = (lastSeq: number) => Buffer.from(batchStatement({ locker: HANDLE, ...batch, lastSeq }));
    expect(letters.signBatch(batch)).toMatch(/^[A-Za-z0-9_-]{86}$/);
    expect(verify(null, statement(7), locker.publicKey, signature)).toBe(true);
    expect(verify(null, statement(8), locker.publicKey, signature)).toBe(false);
  });
});

describe("a letter of the fleet", () => {
  it("is believed when it is an acknowledgement for this locker", async () => {
    expect(await letters.openAck(await signed(ack, jwsType.ack))).toEqual({ ok: true, value: ack });
  });

  it("is believed when it is a command for this locker", async () => {
    const command = {
      aud: HANDLE,
      epoch: EPOCH,
      jti: "0123456789abcdef",
      issuerEpoch: 1,
      seq: 4,
      iat: 1_800_000_000,
      exp: 1_800_000_060,
      by: "operator-1",
      reason: "test",
      op: "challenge",
      compartment: 3,
    };
    expect(await letters.openCommand(await signed(command, jwsType.command))).toEqual({ ok: true, value: command });
    const unknownOp = await signed({ ...command, op: "open_all" }, jwsType.command);
    expect(await letters.openCommand(unknownOp)).toEqual(refused("bad_document"));
  });

  it("is refused when another key signed it", async () => {
    expect(await letters.openAck(await signed(ack, jwsType.ack, stranger.privateKey))).toEqual(
      refused("bad_signature"),
    );
  });

  it("is refused when it was signed for another purpose", async () => {
    expect(await letters.openAck(await signed(ack, jwsType.command))).toEqual(refused("bad_signature"));
  });

  it("is refused when one byte of it was changed", async () => {
    const letter = await signed(ack, jwsType.ack);
    const [header, payload = "", signature] = letter.split(".");
    const forged = Buffer.from(payload, "base64url").toString().replace('"seq":7', '"seq":9');
    const text = [header, Buffer.from(forged).toString("base64url"), signature].join(".");
    expect(await letters.openAck(text)).toEqual(refused("bad_signature"));
  });

  it("is refused when its algorithm is another one, or none", async () => {
    const secret = await signed(ack, jwsType.ack, aes256(), "HS256");
    expect(await letters.openAck(secret)).toEqual(refused("bad_signature"));
    const header = Buffer.from(JSON.stringify({ alg: "none", typ: jwsType.ack })).toString("base64url");
    const payload = Buffer.from(JSON.stringify(ack)).toString("base64url");
    expect(await letters.openAck(`${header}.${payload}.`)).toEqual(refused("bad_signature"));
  });

  it.each(["", "no letter", "a.b.c", "{}"])("is refused when it is %j", async (text) => {
    expect(await letters.openAck(text)).toEqual(refused("bad_signature"));
    expect(await letters.openDesired(text)).toEqual(refused("not_sealed_for_us"));
  });

  it("is refused when it holds more than was agreed", async () => {
    expect(await letters.openAck(await signed({ ...ack, more: 1 }, jwsType.ack))).toEqual(refused("bad_document"));
  });

  it("is refused when it is for another locker", async () => {
    const other = await signed({ ...ack, aud: "otherlocker1" }, jwsType.ack);
    expect(await letters.openAck(other)).toEqual(refused("wrong_audience"));
  });
});

describe("a desired document", () => {
  it("brings the roster, time code secrets already under the board key", async () => {
    const opened = await letters.openDesired(await desiredLetter(desired));
    if (!opened.ok) throw new Error(opened.error.code);
    const [courier] = opened.value.roster;
    expect(opened.value).toMatchObject({ version: 3, issuedAt: desired.issuedAt });
    expect(courier).toMatchObject({ id: "10234", pinHash: entry.pinHash, mayDeposit: true, mayRecall: false });
    expect(JSON.stringify(opened.value)).not.toContain(entry.totpSecret);
    expect(unsealTotpSecret(boardKey, entry.courier, courier?.totpSealed ?? "")).toBe(entry.totpSecret);
  });

  it("is refused when it was sealed for another locker's key", async () => {
    const letter = await sealedFor(x25519().publicKey, await signed(desired, jwsType.desired));
    expect(await letters.openDesired(letter)).toEqual(refused("not_sealed_for_us"));
  });

  it("is refused when anybody else sealed it to us", async () => {
    expect(await letters.openDesired(await desiredLetter(desired, stranger.privateKey))).toEqual(
      refused("bad_signature"),
    );
    expect(await letters.openDesired(await desiredLetter(desired, fleet.privateKey, jwsType.command))).toEqual(
      refused("bad_signature"),
    );
    expect(await letters.openDesired(await desiredLetter({ ...desired, aud: "otherlocker1" }))).toEqual(
      refused("wrong_audience"),
    );
  });

  it("is refused when a PIN in it could never be checked", async () => {
    const costly = { ...entry, pinHash: entry.pinHash.replace("m=19456", "m=1048576") };
    expect(await letters.openDesired(await desiredLetter({ ...desired, roster: [costly] }))).toEqual(
      refused("bad_document"),
    );
  });
});
