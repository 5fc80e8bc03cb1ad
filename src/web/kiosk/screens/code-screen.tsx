import { CODE_DIGITS } from "../../../contract/pickup-code.ts";
import { Cabinet } from "../../ui/cabinet.tsx";
import { screenMenu } from "../action.ts";
import { Actions } from "../actions.tsx";
import { CodeField } from "../code-field.tsx";
import { FieldKeypad } from "../field-keypad.tsx";
import { Status } from "../status.tsx";
import { t } from "../words.ts";
import type { ScreenProps } from "./screen-props.ts";

/** Where a recipient types the code. It is the screen nobody has to find. */
export function CodeScreen({ kiosk, screen }: ScreenProps<"code">) {
  const count = screen.slots.length;
  const state = kiosk.state.value;
  return (
    <main class="screen is-code">
      <div class="picture">
        <Cabinet doors={state.view?.snapshot.doors ?? []} t={t} />
      </div>
      <div class="words">
        <h1 tabIndex={-1}>{t("code.title")}</h1>
        <p class="hint">{t(count === CODE_DIGITS ? "code.hint" : "code.hintExtension", { count })}</p>
        <CodeField slots={screen.slots} label={t("code.field", { typed: screen.typedCount, count })} />
        <Status kiosk={kiosk} />
      </div>
      <FieldKeypad kiosk={kiosk} ready={screen.typedCount === count && state.problem === null} />
      <Actions kiosk={kiosk} menu={screenMenu(state, screen)} />
    </main>
  );
}
