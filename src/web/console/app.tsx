import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Banner } from "../ui/banner.tsx";
import { BrandMark } from "../ui/brand-mark.tsx";
import { LanguageSwitch } from "../ui/language-switch.tsx";
import { timeOfDayText } from "../ui/time-text.ts";
import type { Console } from "./console.ts";
import { LockerList } from "./locker-list-pane.tsx";
import { LockerPage } from "./locker-page.tsx";
import { SignInPage } from "./sign-in-page.tsx";
import { t } from "./words.ts";

/** The whole page: who is signed in, every locker, and the chosen one. */
export function App({ fleet }: { readonly fleet: Console }) {
  const session = fleet.session.value;
  return (
    <div class="console">
      <header class="bar">
        <p class="brand">
          <BrandMark />
          <span>lockerd</span>
        </p>
        <div class="bar-tools">
          {session.kind === "signed_in" ? (
            <>
              <span class="operator">{session.operator}</span>
              <button type="button" class="button" onClick={() => void fleet.signOut()}>
                {t("sign.out")}
              </button>
            </>
          ) : null}
          <LanguageSwitch t={t} onChoose={fleet.chooseLanguage} />
        </div>
      </header>
      {session.kind === "signed_out" ? <SignInPage fleet={fleet} problem={session.problem} /> : <Fleet fleet={fleet} />}
    </div>
  );
}

function Fleet({ fleet }: { readonly fleet: Console }) {
  const chosen = useHash();
  const lockers = fleet.lockers.value;
  const lostAtMs = fleet.lostAtMs.value;
  const all = [...(lockers?.values() ?? [])];
  // Where there is one locker, there is nothing to choose.
  const locker = all.length === 1 ? all[0] : all.find((each) => each.locker === chosen);
  return (
    <>
      <div aria-live="polite">
        {lostAtMs === null ? null : (
          <Banner kind="warning">{t("ui.staleSince", { time: timeOfDayText(lostAtMs) })}</Banner>
        )}
      </div>
      {lockers === null ? (
        <main class="waiting">
          <p class="hint">{t("list.loading")}</p>
        </main>
      ) : (
        <div class={locker === undefined ? "panes" : "panes is-chosen"}>
          <LockerList lockers={all} chosen={locker?.locker} />
          {locker === undefined ? (
            <main class="waiting">
              <p class="hint">{t("list.choose")}</p>
            </main>
          ) : (
            <LockerPage key={locker.locker} fleet={fleet} locker={locker} />
          )}
        </div>
      )}
    </>
  );
}

/** The chosen locker stands in the address, so it survives a reload and can be sent to a colleague. */
function useHash(): string {
  const hash = useSignal(location.hash.slice(1));
  useEffect(() => {
    const changed = (): void => {
      hash.value = location.hash.slice(1);
    };
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, [hash]);
  return hash.value;
}
