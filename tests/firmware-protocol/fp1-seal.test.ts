import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFrame, FP1_BLOCK_BYTES_MAX } from "../../firmware-protocol/fp1/codec.ts";
import type { Fp1Frame } from "../../firmware-protocol/fp1/message.ts";
import { decodeSealedFrame, deriveSessionKey, sealFrame } from "../../firmware-protocol/fp1/seal.ts";
import { newCobsFramer, pushBytes } from "../../firmware-protocol/framer.ts";
import { fp1Frame } from "./arbitraries.ts";
import { fp1Session, fromSpacedHex, toSpacedHex, vectorBytes } from "./fp1-vectors.ts";

const hmacSha256 = (key: Uint8Array, data: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac("sha256", key).update(data).digest());
const sessionKey = fromSpacedHex(fp1Session.sessionKey);
const key = { sessionKey, hmacSha256 };

/** The unstuffed frame in these wire bytes. */
function unstuffed(wire: Uint8Array): Uint8Array {
  const [output] = pushBytes(newCobsFramer(FP1_BLOCK_BYTES_MAX), wire).outputs;
  if (output?.kind !== "frame") throw new Error("no frame");
  return output.bytes;
}

function sealedWire(frame: Fp1Frame, counter: number): Uint8Array {
  const sealed = sealFrame(frame, counter, key);
  const encoded = sealed.ok ? encodeFrame(sealed.value) : sealed;
  if (!encoded.ok) throw new Error(`not encodable: ${encoded.error.field}`);
  return encoded.value;
}

const open = (name: string, lastCounter = 0, withKey = key) =>
  decodeSealedFrame(unstuffed(vectorBytes(name)), lastCounter, withKey);

describe("FP1 authentication", () => {
  it("derives the session key of the vectors", () => {
    const derived = deriveSessionKey(
      {
        nodeKey: fromSpacedHex(fp1Session.nodeKey),
        hostNonce: fromSpacedHex(fp1Session.hostNonce),
        nodeNonce: fromSpacedHex(fp1Session.nodeNonce),
        bootId: fp1Session.bootId,
        address: fp1Session.address,
      },
      hmacSha256,
    );
    expect(toSpacedHex(derived)).toBe(toSpacedHex(sessionKey));
  });

  it.each(["F8", "F9"])("opens %s, and sealing its content again gives the same bytes", (name) => {
    const opened = open(name);
    if (!opened.ok) throw new Error(opened.error.code);
    expect(opened.value.counter).toBe(1);
    expect(toSpacedHex(sealedWire({ ...opened.value.frame, seal: null }, 1))).toBe(toSpacedHex(vectorBytes(name)));
  });

  it("refuses a frame without a seal", () => {
    expect(open("F3")).toEqual({ ok: false, error: { code: "not_sealed" } });
  });

  it("refuses the seal of another session", () => {
    const otherKey = { sessionKey: new Uint8Array(32), hmacSha256 };
    expect(open("F8", 0, otherKey)).toEqual({ ok: false, error: { code: "bad_tag" } });
  });

  it("refuses a counter it has accepted before", () => {
    expect(open("F8", 1)).toEqual({ ok: false, error: { code: "stale_counter" } });
  });

  it("says noise, not forgery, of a frame with a bad checksum", () => {
    const bytes = unstuffed(vectorBytes("F8"));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(decodeSealedFrame(bytes, 0, key)).toEqual({ ok: false, error: { code: "bad_checksum" } });
  });

  it("does not seal with a counter no session has", () => {
    const opened = open("F8");
    if (!opened.ok) throw new Error(opened.error.code);
    const outOfRange = { ok: false, error: { code: "out_of_range", field: "seal.counter" } };
    expect(sealFrame(opened.value.frame, 0, key)).toEqual(outOfRange);
    expect(sealFrame(opened.value.frame, 2 ** 32, key)).toEqual(outOfRange);
  });

  it("covers everything in the frame: no other content passes with its tag", () => {
    fc.assert(
      fc.property(fp1Frame, fp1Frame, fc.integer({ min: 1, max: 0xffff_ffff }), (frame, other, counter) => {
        const sealed = sealFrame(frame, counter, key);
        if (!sealed.ok) throw new Error(sealed.error.field);
        const forged = encodeFrame({ ...other, seal: sealed.value.seal });
        if (!forged.ok) throw new Error(forged.error.field);
        const isSame = toSpacedHex(forged.value) === toSpacedHex(sealedWire(frame, counter));
        expect(decodeSealedFrame(unstuffed(forged.value), 0, key).ok).toBe(isSame);
        expect(decodeSealedFrame(unstuffed(sealedWire(frame, counter)), counter - 1, key).ok).toBe(true);
      }),
    );
  });
});
