import type { KioskEvent } from "./reduce.ts";
import { isWholeScan } from "./scan.ts";
import { EMPTY_WEDGE, WEDGE_GAP_MS_MAX, type Wedge, wedgeScan, wedgeTyped } from "./wedge.ts";

/** A little longer than a scanner's longest pause: after it, a lone key was a person's. */
const LONE_KEY_MS = WEDGE_GAP_MS_MAX + 20;

type Rim = {
  readonly nowMs: () => number;
  /** Whether keys go into a field now, rather than press numbered buttons. */
  readonly isTyping: () => boolean;
  readonly dispatch: (event: KioskEvent) => void;
};

/**
 * Listens to every key of the page: a keypad, a keyboard, or a scanner that types like one.
 *
 * Where digits press buttons, a key waits until it is sure not to be a scanner's first: a label that begins with 3 must
 * not press the third button.
 */
export function listenToKeys({ nowMs, isTyping, dispatch }: Rim): void {
  let wedge: Wedge = EMPTY_WEDGE;
  let timer: ReturnType<typeof setTimeout>;

  const settle = (): void => {
    const { text } = wedge;
    wedge = EMPTY_WEDGE;
    if (isWholeScan(text)) dispatch({ kind: "scan", text });
    else if (text.length === 1 && !isTyping()) dispatch({ kind: "character", character: text });
  };
  const typed = (character: string): void => {
    wedge = wedgeTyped(wedge, character, nowMs());
    if (isTyping()) dispatch({ kind: "character", character });
    clearTimeout(timer);
    timer = setTimeout(settle, LONE_KEY_MS);
  };
  const entered = (event: KeyboardEvent): void => {
    const scanned = wedgeScan(wedge, nowMs());
    clearTimeout(timer);
    if (scanned === null) settle();
    wedge = EMPTY_WEDGE;
    if (scanned === null && isFocusedByKeyboard(event.target)) return;
    event.preventDefault();
    dispatch(scanned === null ? { kind: "accept" } : { kind: "scan", text: scanned });
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key === "Enter") {
      if (!event.repeat) entered(event);
    } else if (event.key === "Backspace") dispatch({ kind: "erase" });
    else if (event.key === "Escape") dispatch({ kind: "escape" });
    else if (/^[\x21-\x7e]$/.test(event.key) && !event.repeat) typed(event.key);
  });
}

/** Somebody has tabbed to a button: Enter belongs to it. */
const isFocusedByKeyboard = (target: EventTarget | null): boolean =>
  target instanceof HTMLButtonElement && target.matches(":focus-visible");
