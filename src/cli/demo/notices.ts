import { until } from "./http.ts";

/** Marks of the vault's console notifier. */
const BEGIN = "===== notice to a recipient =====";
const END = "===== end of notice =====";

/** What a recipient reads in a notice. */
export type PickupCode = { readonly code: string; readonly extension: string };

/**
 * Passes the vault's notices on to the person at the terminal, and remembers their codes: the only place in the whole
 * demo where a code can be read.
 */
export function notices(print: (text: string) => void): {
  readonly read: (output: string) => void;
  /** Told so far, oldest first. */
  readonly received: readonly PickupCode[];
  /** Waits for this many notices since the start. */
  readonly codes: (count: number) => Promise<readonly PickupCode[]>;
} {
  const codes: PickupCode[] = [];
  let unread = "";
  const read = (output: string): void => {
    unread += output;
    for (let end = unread.indexOf(END); end >= 0; end = unread.indexOf(END)) {
      const block = unread.slice(unread.indexOf(BEGIN), end + END.length);
      unread = unread.slice(end + END.length);
      const code = /\b(\d{3}) (\d{3}) (\d{3})\b/.exec(block)?.slice(1).join("");
      const extension = /: (\d{4})$/m.exec(block)?.[1];
      if (code !== undefined && extension !== undefined) codes.push({ code, extension });
      print(block.replaceAll(/^/gm, "  "));
    }
  };
  return {
    read,
    received: codes,
    codes: (count) =>
      until(`${count} notices of the vault`, 20_000, () =>
        Promise.resolve(codes.length >= count ? codes.slice(0, count) : undefined),
      ),
  };
}
