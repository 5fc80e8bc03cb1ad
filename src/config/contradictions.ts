import type { Complaint, Path } from "./fault.ts";

/** Complains of every item whose `keyOf` an earlier one has already. */
export function duplicates<T>(
  items: readonly T[],
  { path, key, keyOf }: { readonly path: Path; readonly key: string; readonly keyOf: (item: T) => string | number },
): readonly Complaint[] {
  const firstAt = new Map<string | number, number>();
  return items.flatMap((item, index) => {
    const value = keyOf(item);
    const first = firstAt.get(value);
    if (first === undefined) {
      firstAt.set(value, index);
      return [];
    }
    const problem = `is the same as in item ${first} of this list (counted from 0); each must be another`;
    return [{ path: [...path, index, key], problem, hint: "Change one of them" }];
  });
}

/** TLS files beside a URL without TLS, or the other way round. */
export function tlsContradictions(
  path: Path,
  { url, tls }: { readonly url: string; readonly tls?: unknown },
): readonly Complaint[] {
  if (url.startsWith("mqtts:") === (tls !== undefined)) return [];
  return tls === undefined
    ? [
        {
          path: [...path, "tls"],
          problem: "is missing beside an mqtts:// URL",
          hint: "Name caFile, certFile and keyFile",
        },
      ]
    : [
        {
          path: [...path, "url"],
          problem: "is not encrypted, though tls files are named",
          hint: "Begin it with mqtts://",
        },
      ];
}

/** A user name without its password file, or the other way round. */
export function loginContradictions(
  path: Path,
  { username, passwordFile }: { readonly username?: string; readonly passwordFile?: string },
): readonly Complaint[] {
  if ((username === undefined) === (passwordFile === undefined)) return [];
  const [missing, present] = username === undefined ? ["username", "passwordFile"] : ["passwordFile", "username"];
  return [{ path: [...path, missing], problem: `is missing beside ${present}`, hint: "Give both, or none" }];
}
