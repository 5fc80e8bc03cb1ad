import { existsSync, readFileSync } from "node:fs";

/** One find: which planted text, written how, and where. */
export type CanaryHit = { readonly canary: string; readonly encoding: string; readonly where: string };

/** Every way a text might hide in bytes; base64 at each of its three alignments. */
function writingsOf(canary: string): ReadonlyMap<string, Buffer> {
  const utf8 = Buffer.from(canary, "utf8");
  const utf16 = Buffer.from(canary, "utf16le");
  const writings = new Map<string, Buffer>([
    ["utf8", utf8],
    ["utf16le", utf16],
    ["utf16be", Buffer.from(utf16).swap16()],
    ["hex", Buffer.from(utf8.toString("hex"))],
    ["hex upper case", Buffer.from(utf8.toString("hex").toUpperCase())],
    ["percent", Buffer.from(encodeURIComponent(canary))],
  ]);
  for (const edge of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(edge), utf8])
      .toString("base64")
      .replace(/=+$/, "");
    // The first and last characters mix in neighbouring bytes.
    const stable = text.slice(edge === 0 ? 0 : edge + 1, -1);
    writings.set(`base64 ${edge}`, Buffer.from(stable));
    writings.set(`base64url ${edge}`, Buffer.from(stable.replaceAll("+", "-").replaceAll("/", "_")));
  }
  return writings;
}

/** Searches bytes for planted texts, in every writing. */
export function scanBytes(bytes: Uint8Array, where: string, canaries: readonly string[]): readonly CanaryHit[] {
  const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return canaries.flatMap((canary) =>
    [...writingsOf(canary)]
      .filter(([, needle]) => haystack.includes(needle))
      .map(([encoding]) => ({ canary, encoding, where })),
  );
}

/** Searches a SQLite database: its file, its write-ahead log and its shared memory, as they lie on disk. */
export function scanDatabase(path: string, canaries: readonly string[]): readonly CanaryHit[] {
  return ["", "-wal", "-shm"]
    .map((suffix) => path + suffix)
    .filter((file) => existsSync(file))
    .flatMap((file) => scanBytes(readFileSync(file), file, canaries));
}
