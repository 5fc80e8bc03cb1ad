import { Cabinet } from "../../ui/cabinet.tsx";
import { screenMenu } from "../action.ts";
import { Actions } from "../actions.tsx";
import type { Kiosk } from "../kiosk.ts";
import type { Screen } from "../screen.ts";
import { Status } from "../status.tsx";
import { t } from "../words.ts";

type Props = {
  readonly kiosk: Kiosk;
  readonly screen: Screen;
  readonly title: string;
  readonly hint: string;
};

/** A sentence and what can be done about it, with the door it is about. */
export function MessageScreen({ kiosk, screen, title, hint }: Props) {
  const state = kiosk.state.value;
  return (
    <main class="screen is-message">
      <div class="words">
        <h1 tabIndex={-1}>{title}</h1>
        <p class="hint">{hint}</p>
        {screen.kind === "unfinished" && screen.count > 1 ? (
          <p class="hint">{t("unfinished.left", { count: screen.count })}</p>
        ) : null}
        <Status kiosk={kiosk} />
      </div>
      <div class="picture">
        {state.view === null ? null : (
          <Cabinet
            doors={state.view.snapshot.doors}
            highlighted={"compartment" in screen ? screen.compartment : undefined}
            t={t}
          />
        )}
      </div>
      <Actions kiosk={kiosk} menu={screenMenu(state, screen)} />
    </main>
  );
}
