import { Banner } from "../../ui/banner.tsx";
import { Cabinet } from "../../ui/cabinet.tsx";
import { screenMenu } from "../action.ts";
import { Actions } from "../actions.tsx";
import type { DoorScene } from "../screen.ts";
import { Status } from "../status.tsx";
import { t } from "../words.ts";
import type { ScreenProps } from "./screen-props.ts";

/** How a scene looks from afar: the door moves, stands open, is done with, or needs somebody. */
const moods: { readonly [S in DoorScene]: "moving" | "open" | "done" | "trouble" } = {
  opening: "moving",
  pickupOpen: "open",
  pickupDisputed: "open",
  pickupClosed: "done",
  pickupClosedFinal: "done",
  pickupBlocked: "trouble",
  pickupRejected: "trouble",
  pickupInDoubt: "trouble",
  depositOpen: "open",
  depositCancelled: "open",
  depositClosed: "done",
  depositBlocked: "trouble",
  depositRejected: "trouble",
  depositInDoubt: "trouble",
  remoteOpen: "open",
  remoteClosed: "done",
  remoteFailed: "trouble",
};

/** The door that matters now: its number huge, its place in the cabinet, and what to do. */
export function DoorScreen({ kiosk, screen }: ScreenProps<"door">) {
  const state = kiosk.state.value;
  const { scene, compartment } = screen;
  return (
    <main class="screen is-door" data-scene={scene}>
      <DoorTile compartment={compartment} mood={moods[scene]} />
      <div class="words" aria-live="assertive">
        <h1 tabIndex={-1}>{t(`door.${scene}.title`, { compartment })}</h1>
        <p class="hint">{t(`door.${scene}.hint`, { compartment })}</p>
        {screen.abandoned && moods[scene] === "open" ? <Banner kind="warning">{t("door.longOpen")}</Banner> : null}
        <Status kiosk={kiosk} />
      </div>
      <div class="picture">
        <Cabinet doors={state.view?.snapshot.doors ?? []} highlighted={compartment} t={t} />
      </div>
      <Actions kiosk={kiosk} menu={screenMenu(state, screen)} />
    </main>
  );
}

/** A door as big as the screen allows. Its leaf stands as the real one does. */
function DoorTile({ compartment, mood }: { readonly compartment: number; readonly mood: string }) {
  return (
    <svg
      class={`door-tile is-${mood}`}
      viewBox="0 0 300 200"
      role="img"
      aria-label={`${t("door.word")} ${compartment}`}
    >
      <rect class="tile-inside" x="6" y="6" width="288" height="188" rx="14" />
      <g class="tile-leaf">
        <rect class="tile-front" x="6" y="6" width="288" height="188" rx="14" />
        <rect class="tile-handle" x="270" y="84" width="8" height="32" rx="4" />
      </g>
      <text class="tile-word" x="150" y="46">
        {t("door.word")}
      </text>
      <text class="tile-number" x="150" y="164">
        {compartment}
      </text>
      {mood === "done" ? <path class="tile-mark" d="M226 34l10 10l20-20" /> : null}
      {mood === "trouble" ? <path class="tile-mark" d="M230 24l20 20M250 24l-20 20" /> : null}
    </svg>
  );
}
