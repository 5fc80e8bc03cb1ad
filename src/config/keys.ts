import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { errorCode } from "./error-code.ts";
import { StartRefused } from "./start-refused.ts";

/*
 * The keys and certificates a configuration names. Every reader throws StartRefused, which says which file and what
 * belongs into it, and nothing of what is there.
 */

type Curve = "Ed25519" | "X25519";

/** A pinned public key: the 32 raw bytes, base64url, in the form that the configuration's schema has checked already. */
export const publicKey = (curve: Curve, x: string): KeyObject =>
  createPublicKey({ key: { kty: "OKP", crv: curve, x }, format: "jwk" });

/** Reads a private key from a PKCS#8 PEM file without a passphrase. */
export function readPrivateKey(curve: Curve, file: string): KeyObject {
  const type = curve.toLowerCase();
  const wanted = `an ${curve} private key, PKCS#8 PEM; \`openssl genpkey -algorithm ${type}\` makes one`;
  const { parsed: key } = read({ file, wanted, parse: createPrivateKey });
  if (key.asymmetricKeyType !== type) throw refusal(file, "holds something else", wanted);
  return key;
}

const SECRET_BYTES = 32;

/** Reads 32 random bytes, written as base64 or base64url. */
export function readSecretKey(file: string): Uint8Array {
  const wanted = `${SECRET_BYTES} random bytes as base64; \`openssl rand -base64 ${SECRET_BYTES}\` makes them`;
  const text = readText(file, wanted).trim();
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) throw refusal(file, "holds something else", wanted);
  return Buffer.from(text, "base64");
}

export const readPassword = (file: string): string => readText(file, "a password").trim();

/** PEM texts, as TLS wants them. */
type TlsTexts = { readonly ca: string; readonly cert: string; readonly key: string };

/** Reads what proves a client to a TLS server and the server to it: TLS itself would tell of a slip too late. */
export function readTls(files: {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}): TlsTexts {
  const { caFile, certFile, keyFile } = files;
  const wanted = "a certificate, PEM";
  const keyWanted = `the private key of the certificate in ${certFile}, PEM without a passphrase`;
  const toCertificate = (text: string): X509Certificate => new X509Certificate(text);
  const ca = read({ file: caFile, wanted, parse: toCertificate });
  const cert = read({ file: certFile, wanted, parse: toCertificate });
  const key = read({ file: keyFile, wanted: keyWanted, parse: createPrivateKey });
  if (!cert.parsed.checkPrivateKey(key.parsed)) throw refusal(keyFile, "holds something else", keyWanted);
  return { ca: ca.text, cert: cert.text, key: key.text };
}

type Reading<T> = { readonly file: string; readonly wanted: string; readonly parse: (text: string) => T };

function read<T>({ file, wanted, parse }: Reading<T>): { readonly text: string; readonly parsed: T } {
  const text = readText(file, wanted);
  const parsed = unlessRefused(() => parse(text));
  if (parsed === undefined) throw refusal(file, "holds something else", wanted);
  return { text, parsed };
}

/** A parser's own words are left out: they could quote a key. */
function unlessRefused<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function readText(file: string, wanted: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw refusal(file, `cannot be read (${errorCode(error)})`, wanted, error);
  }
}

const refusal = (file: string, problem: string, wanted: string, cause?: unknown): StartRefused =>
  new StartRefused(`${file}: ${problem}; wanted: ${wanted}`, { cause });
