import { Cabinet } from "../../ui/cabinet.tsx";
import { countdownText } from "../../ui/time-text.ts";
import { screenMenu } from "../action.ts";
import { Actions } from "../actions.tsx";
import { Status } from "../status.tsx";
import { t } from "../words.ts";
import type { ScreenProps } from "./screen-props.ts";

/** Too many wrong codes: how long is left is shown before anything is typed. */
export function PausedScreen({ kiosk, screen }: ScreenProps<"paused">) {
  return (
    <main class="screen is-message">
      <div class="words">
        <h1 tabIndex={-1}>{t("paused.title")}</h1>
        <p class="hint">{t("paused.hint")}</p>
        <p class="countdown" role="timer">
          {countdownText(screen.remainingMs)}
        </p>
        <p class="hint">{t("paused.qr")}</p>
        <Status kiosk={kiosk} />
      </div>
      <div class="picture">
        <Cabinet doors={kiosk.state.value.view?.snapshot.doors ?? []} t={t} />
      </div>
      <Actions kiosk={kiosk} menu={screenMenu(kiosk.state.value, screen)} />
    </main>
  );
}
