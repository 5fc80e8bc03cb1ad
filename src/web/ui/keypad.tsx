import type { Translate } from "./translate.ts";

type Props = {
  readonly t: Translate;
  readonly onDigit: (digit: string) => void;
  readonly onErase: () => void;
  readonly onAccept: () => void;
  /** What was typed is complete: OK is what comes next. */
  readonly ready: boolean;
};

/** In the order of a telephone. */
const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

/** Twelve big keys. They never take the focus from a tap, so a following Enter of a scanner presses none of them. */
export function Keypad({ t, onDigit, onErase, onAccept, ready }: Props) {
  return (
    <fieldset class="keypad" aria-label={t("keypad.label")} onMouseDown={(event) => event.preventDefault()}>
      {DIGITS.map((digit) => (
        <button key={digit} type="button" class="key" onClick={() => onDigit(digit)}>
          {digit}
        </button>
      ))}
      <button type="button" class="key is-word" onClick={onErase}>
        <EraseMark />
        <span>{t("keypad.erase")}</span>
      </button>
      <button type="button" class="key" onClick={() => onDigit("0")}>
        0
      </button>
      <button type="button" class={ready ? "key is-word is-ready" : "key is-word"} onClick={onAccept}>
        {t("keypad.accept")}
      </button>
    </fieldset>
  );
}

export function EraseMark() {
  return (
    <svg class="key-mark" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M8 5h12a1.5 1.5 0 0 1 1.5 1.5v11A1.5 1.5 0 0 1 20 19H8l-6-7zM11 9l6 6M17 9l-6 6" />
    </svg>
  );
}
