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
  const long = compartment >= 1_000 ? " is-long" : "";
  return (
    <div class={`door-tile is-${mood}${long}`} role="img" aria-label={`${t("door.word")} ${compartment}`}>
      <div class="tile-leaf">
        <span class="tile-handle" />
      </div>
      <span class="tile-word">{t("door.word")}</span>
      <span class="tile-number">{compartment}</span>
      {mood === "done" || mood === "trouble" ? (
        <svg class="tile-mark" viewBox="0 0 24 24" aria-hidden="true">
          <path d={mood === "done" ? "M4 13l5.5 5.5L20 6.5" : "M5 5l14 14M19 5L5 19"} />
        </svg>
      ) : null}
    </div>
  );
}
