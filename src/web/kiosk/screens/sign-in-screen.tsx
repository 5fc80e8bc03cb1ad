import { screenMenu } from "../action.ts";
import { Actions } from "../actions.tsx";
import { FieldKeypad } from "../field-keypad.tsx";
import { signInDigits } from "../sign-in-fields.ts";
import { Status } from "../status.tsx";
import { t } from "../words.ts";
import type { ScreenProps } from "./screen-props.ts";

/** A courier's number, PIN and authenticator digits, one after the other. */
export function SignInScreen({ kiosk, screen }: ScreenProps<"sign_in">) {
  const { step, typedCount } = screen;
  const name = t(`signIn.${step}`);
  return (
    <main class="screen is-typing">
      <div class="words">
        <p class="step">
          <span>{t("signIn.title")}</span>
          <span>{t("signIn.step", { step: screen.stepNumber })}</span>
        </p>
        <h1 tabIndex={-1}>{name}</h1>
        <div class="text-field" role="img" aria-label={t("signIn.field", { name, typed: typedCount })}>
          {screen.shown}
          <span class="caret" />
        </div>
        <Status kiosk={kiosk} />
      </div>
      <FieldKeypad kiosk={kiosk} ready={typedCount >= signInDigits[step].min} />
      <Actions kiosk={kiosk} menu={screenMenu(kiosk.state.value, screen)} />
    </main>
  );
}
