import { useEffect } from "preact/hooks";
import { Banner } from "../ui/banner.tsx";
import { BrandMark } from "../ui/brand-mark.tsx";
import { LanguageSwitch } from "../ui/language-switch.tsx";
import { timeOfDayText } from "../ui/time-text.ts";
import { menuOf } from "./action.ts";
import { Actions } from "./actions.tsx";
import { idleOf } from "./idle.ts";
import type { Kiosk } from "./kiosk.ts";
import { Overlay } from "./overlay.tsx";
import { screenOf } from "./screen.ts";
import { CodeScreen } from "./screens/code-screen.tsx";
import { DoorScreen } from "./screens/door-screen.tsx";
import { MessageScreen } from "./screens/message-screen.tsx";
import { ParcelScreen } from "./screens/parcel-screen.tsx";
import { PausedScreen } from "./screens/paused-screen.tsx";
import { SignInScreen } from "./screens/sign-in-screen.tsx";
import { SizeScreen } from "./screens/size-screen.tsx";
import { t } from "./words.ts";

/** The whole page: what is always in the same place, and one screen in the middle. */
export function App({ kiosk }: { readonly kiosk: Kiosk }) {
  const { dispatch } = kiosk;
  return (
    <div class="kiosk" onPointerDown={(event) => isBesideButtons(event.target) && dispatch({ kind: "touch" })}>
      <header class="bar is-top">
        <p class="brand">
          <BrandMark />
          <span>{kiosk.state.value.view?.snapshot.locker ?? "lockerd"}</span>
        </p>
        <LanguageSwitch t={t} onChoose={(language) => dispatch({ kind: "speak", language })} />
      </header>
      <Banners kiosk={kiosk} />
      <CurrentScreen kiosk={kiosk} />
      <footer class="bar">
        <button type="button" class="button" onClick={() => dispatch({ kind: "escape" })}>
          {t("bar.startOver")}
        </button>
        <button type="button" class="button" onClick={() => dispatch({ kind: "help" })}>
          {t("bar.help")}
        </button>
      </footer>
      <TopLayer kiosk={kiosk} />
    </div>
  );
}

/** A button tells what it does itself. */
const isBesideButtons = (target: EventTarget | null): boolean =>
  !(target instanceof Element && target.closest("button") !== null);

/** What does not work now, and what still does. */
function Banners({ kiosk }: { readonly kiosk: Kiosk }) {
  const { view, lostAtMs } = kiosk.state.value;
  return (
    <div class="banners" aria-live="polite">
      {lostAtMs !== null && view !== null ? (
        <Banner kind="warning">{t("ui.staleSince", { time: timeOfDayText(lostAtMs) })}</Banner>
      ) : null}
      {view?.snapshot.boards === "silent" ? <Banner kind="warning">{t("banner.boards")}</Banner> : null}
      {view?.snapshot.link === "down" ? <Banner kind="notice">{t("banner.offline")}</Banner> : null}
    </div>
  );
}

function CurrentScreen({ kiosk }: { readonly kiosk: Kiosk }) {
  const screen = screenOf(kiosk.state.value, kiosk.nowMs.value);
  const place = "scene" in screen ? screen.scene : "step" in screen ? screen.step : "";
  // The new title takes the focus, so that it is read aloud and the keyboard starts from there.
  useEffect(() => {
    document.querySelector<HTMLElement>("main h1")?.focus();
  }, [screen.kind, place]);
  switch (screen.kind) {
    case "connecting":
    case "replaced": {
      const { kind } = screen;
      return <MessageScreen kiosk={kiosk} screen={screen} title={t(`${kind}.title`)} hint={t(`${kind}.hint`)} />;
    }
    case "code":
      return <CodeScreen kiosk={kiosk} screen={screen} />;
    case "paused":
      return <PausedScreen kiosk={kiosk} screen={screen} />;
    case "door":
      return <DoorScreen kiosk={kiosk} screen={screen} />;
    case "disputed":
    case "unfinished": {
      const { kind, compartment } = screen;
      const title = t(`${kind}.title`, { compartment });
      return <MessageScreen kiosk={kiosk} screen={screen} title={title} hint={t(`${kind}.hint`, { compartment })} />;
    }
    case "sign_in":
      return <SignInScreen kiosk={kiosk} screen={screen} />;
    case "parcel":
      return <ParcelScreen kiosk={kiosk} screen={screen} />;
    case "size":
      return <SizeScreen kiosk={kiosk} screen={screen} />;
  }
}

/** The question whether anybody is there lies above the help, and both above the screen. */
function TopLayer({ kiosk }: { readonly kiosk: Kiosk }) {
  const state = kiosk.state.value;
  const idle = idleOf(state, kiosk.nowMs.value);
  const actions = <Actions kiosk={kiosk} menu={menuOf(state, kiosk.nowMs.value)} />;
  if (idle.kind === "warning") {
    return (
      <Overlay key="idle" title={t("idle.title")} actions={actions}>
        <p>{t("idle.hint", { seconds: Math.ceil(idle.leftMs / 1_000) })}</p>
      </Overlay>
    );
  }
  if (!state.helpOpen) return null;
  return (
    <Overlay key="help" title={t("help.title")} actions={actions}>
      {["code", "wrong", "door", "keys"].map((topic) => (
        <p key={topic}>{t(`help.${topic}`)}</p>
      ))}
    </Overlay>
  );
}
