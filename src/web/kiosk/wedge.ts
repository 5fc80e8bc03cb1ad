/*
 * A keyboard-wedge scanner types like a keyboard, only faster than a person. What it types is hostile input: it is
 * read as text, and only text of a known form does anything.
 */

/** Longest silence between two keys of a scanner. */
export const WEDGE_GAP_MS_MAX = 100;
/** Longest time from the first to the last key. */
export const WEDGE_MS_MAX = 1_500;
/** Fewer characters than these are somebody typing. */
export const WEDGE_CHARACTERS_MIN = 4;
/** More characters than any label has. */
export const WEDGE_CHARACTERS_MAX = 128;

/** Keys that followed each other fast enough to come from a scanner. */
export type Wedge = { readonly text: string; readonly firstMs: number; readonly lastMs: number };

export const EMPTY_WEDGE: Wedge = { text: "", firstMs: 0, lastMs: 0 };

/** Takes one printable character. A pause begins a new text. */
export function wedgeTyped(wedge: Wedge, character: string, nowMs: number): Wedge {
  const follows = wedge.text !== "" && nowMs - wedge.lastMs <= WEDGE_GAP_MS_MAX;
  return follows
    ? { ...wedge, text: (wedge.text + character).slice(0, WEDGE_CHARACTERS_MAX), lastMs: nowMs }
    : { text: character, firstMs: nowMs, lastMs: nowMs };
}

/** The scanned text when Enter comes now, or null when a person has typed. Control characters are stripped. */
export function wedgeScan(wedge: Wedge, nowMs: number): string | null {
  const text = wedge.text.replaceAll(/[^\x20-\x7e]/g, "");
  if (text.length < WEDGE_CHARACTERS_MIN || nowMs - wedge.lastMs > WEDGE_GAP_MS_MAX) return null;
  return nowMs - wedge.firstMs <= WEDGE_MS_MAX ? text : null;
}
