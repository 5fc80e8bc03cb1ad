import { readFileSync } from "node:fs";
import type { Fp1DecodeError, Fp1Frame } from "../../firmware-protocol/fp1/message.ts";

export type Fp1Vector = {
  readonly name: string;
  readonly hex: string;
  readonly expect:
    | { readonly decoded: Fp1Frame }
    | { readonly error: Fp1DecodeError["code"] | "bad_cobs" | "overflow" };
  readonly source: string;
};

type VectorFile = {
  readonly session: {
    readonly nodeKey: string;
    readonly hostNonce: string;
    readonly nodeNonce: string;
    readonly bootId: number;
    readonly address: number;
    readonly sessionKey: string;
  };
  readonly vectors: readonly Fp1Vector[];
};

const file = JSON.parse(
  readFileSync(new URL("../../firmware-protocol/fp1/vectors.json", import.meta.url), "utf8"),
) as VectorFile;

export const fp1Session = file.session;
export const fp1Vectors = file.vectors;

export const fromSpacedHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
export const toSpacedHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ");

export const vectorBytes = (name: string): Uint8Array => {
  const vector = fp1Vectors.find((candidate) => candidate.name === name || candidate.name.startsWith(`${name} `));
  if (vector === undefined) throw new Error(`no vector ${name}`);
  return fromSpacedHex(vector.hex);
};
