import { EraseMark } from "../../ui/keypad.tsx";
import { screenMenu } from "../action.ts";
import { Actions } from "../actions.tsx";
import { PARCEL_ALPHABET, PARCEL_TOKEN_CHARACTERS } from "../parcel-token.ts";
import { Status } from "../status.tsx";
import { t } from "../words.ts";
import type { ScreenProps } from "./screen-props.ts";

/** The next parcel: scanned, or its token typed on keys that hold just its characters. */
export function ParcelScreen({ kiosk, screen }: ScreenProps<"parcel">) {
  const { token, free } = screen;
  const { dispatch } = kiosk;
  const count = PARCEL_TOKEN_CHARACTERS;
  const full = free.S + free.M + free.L === 0;
  return (
    <main class="screen is-parcel">
      <div class="words">
        <h1 tabIndex={-1}>{t("parcel.title")}</h1>
        <p class="hint">{t("parcel.hint", { count })}</p>
        <p class={full ? "free is-full" : "free"}>
          {full ? t("parcel.full") : t("parcel.free", { small: free.S, medium: free.M, large: free.L })}
        </p>
        <div class="text-field is-token" role="img" aria-label={t("parcel.field", { typed: token.length, count })}>
          {token.replaceAll(/.{4}(?=.)/g, "$& ")}
          <span class="caret" />
          <span class="count" aria-hidden="true">
            {token.length}/{count}
          </span>
        </div>
        <Status kiosk={kiosk} />
      </div>
      <fieldset class="token-keys" aria-label={t("parcel.letters")} onMouseDown={(event) => event.preventDefault()}>
        {[...PARCEL_ALPHABET].map((character) => (
          <button key={character} type="button" class="key" onClick={() => dispatch({ kind: "character", character })}>
            {character}
          </button>
        ))}
        <button type="button" class="key is-word" onClick={() => dispatch({ kind: "erase" })}>
          <EraseMark />
          <span>{t("keypad.erase")}</span>
        </button>
        <button
          type="button"
          class={token.length === count ? "key is-word is-ready" : "key is-word"}
          onClick={() => dispatch({ kind: "accept" })}
        >
          {t("keypad.accept")}
        </button>
      </fieldset>
      <Actions kiosk={kiosk} menu={screenMenu(kiosk.state.value, screen)} />
    </main>
  );
}
