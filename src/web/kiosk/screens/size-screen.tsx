import { screenMenu } from "../action.ts";
import { Actions } from "../actions.tsx";
import type { Kiosk } from "../kiosk.ts";
import { Status } from "../status.tsx";
import { t } from "../words.ts";
import type { ScreenProps } from "./screen-props.ts";

/** Heights of the drawn compartments, as of the real ones. */
const sizes = [
  { choice: "sizeS", size: "S", height: 11 },
  { choice: "sizeM", size: "M", height: 22 },
  { choice: "sizeL", size: "L", height: 44 },
] as const;

/** Three compartments to scale, each with how many of it are free. */
export function SizeScreen({ kiosk, screen }: ScreenProps<"size">) {
  const { actions } = screenMenu(kiosk.state.value, screen);
  const rest = actions.filter(({ choice }) => !sizes.some((size) => size.choice === choice));
  return (
    <main class="screen is-size">
      <div class="words">
        <h1 tabIndex={-1}>{t("size.title")}</h1>
        <p class="hint">{t("size.hint")}</p>
        <Status kiosk={kiosk} />
      </div>
      <div class="sizes">
        {sizes.map((size, index) => (
          <SizeButton key={size.size} kiosk={kiosk} number={index + 1} {...size} free={screen.free[size.size]} />
        ))}
      </div>
      <Actions kiosk={kiosk} menu={{ numbered: true, actions: rest }} numbersFrom={sizes.length + 1} />
    </main>
  );
}

type SizeProps = (typeof sizes)[number] & { readonly kiosk: Kiosk; readonly number: number; readonly free: number };

function SizeButton({ kiosk, choice, size, height, number, free }: SizeProps) {
  return (
    <button
      type="button"
      class="size"
      disabled={free === 0}
      onClick={(event) => {
        if (event.detail <= 1) kiosk.dispatch({ kind: "choose", choice });
      }}
    >
      <span class="key-cap" aria-hidden="true">
        {number}
      </span>
      <svg class="size-drawing" viewBox="0 0 42 44" aria-hidden="true">
        <rect x="1" y={45 - height} width="40" height={height - 2} rx="1.5" />
        <path d={`M36 ${43 - height / 2}v4`} />
      </svg>
      <strong>{t(`size.${size}`)}</strong>
      <span>{free === 0 ? t("size.none") : t("size.free", { count: free })}</span>
    </button>
  );
}
