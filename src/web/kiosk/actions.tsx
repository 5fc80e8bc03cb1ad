import type { Menu } from "./action.ts";
import type { Kiosk } from "./kiosk.ts";
import { t } from "./words.ts";

type Props = {
  readonly kiosk: Kiosk;
  readonly menu: Menu;
  /** The number of the first button. */
  readonly numbersFrom?: number;
};

/** The buttons of a menu, each with the digit that presses it where digits do. */
export function Actions({ kiosk, menu, numbersFrom = 1 }: Props) {
  return (
    <div class="actions">
      {menu.actions.map(({ choice, primary, disabled }, index) => (
        <button
          key={choice}
          type="button"
          class={primary === true ? "button is-primary" : "button"}
          disabled={disabled === true}
          onClick={(event) => {
            // The second tap of a double tap was meant for what stood here before.
            if (event.detail <= 1) kiosk.dispatch({ kind: "choose", choice });
          }}
        >
          {menu.numbered ? (
            <span class="key-cap" aria-hidden="true">
              {numbersFrom + index}
            </span>
          ) : null}
          {t(`choice.${choice}`)}
        </button>
      ))}
    </div>
  );
}
