import { useSignal } from "@preact/signals";
import { Banner } from "../ui/banner.tsx";
import type { Console } from "./console.ts";
import { t } from "./words.ts";

/** The key is sent once and kept nowhere: the session lives in a cookie no script can read. */
export function SignInPage({ fleet, problem }: { readonly fleet: Console; readonly problem: string | null }) {
  const key = useSignal("");
  const sending = useSignal(false);
  return (
    <main class="sign-in">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          sending.value = true;
          void fleet.signIn(key.value.trim()).finally(() => {
            sending.value = false;
          });
        }}
      >
        <h1>{t("sign.title")}</h1>
        <p class="hint" id="sign-in-hint">
          {t("sign.hint")}
        </p>
        <label class="field">
          <span>{t("sign.key")}</span>
          <input
            type="password"
            name="key"
            autocomplete="current-password"
            spellcheck={false}
            required
            aria-describedby="sign-in-hint"
            value={key.value}
            onInput={(event) => {
              key.value = event.currentTarget.value;
            }}
          />
        </label>
        <div role="alert">{problem === null ? null : <Banner kind="problem">{t(`sign.${problem}`)}</Banner>}</div>
        <button type="submit" class="button is-primary" disabled={sending.value}>
          {t(sending.value ? "sign.checking" : "sign.in")}
        </button>
      </form>
    </main>
  );
}
