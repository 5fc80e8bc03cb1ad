import type { LockerView } from "../../contract/fleet-api.ts";
import { t } from "./words.ts";

type Props = { readonly state: LockerView["link"] | LockerView["health"] };

/** A shape for each state, so that a list can be read without its colours. */
const shapes = {
  online: { mood: "good", drawing: <circle cx="8" cy="8" r="6" /> },
  healthy: { mood: "good", drawing: <path d="M3 8.5l3.5 3.5L13 4.5" class="is-line" /> },
  degraded: { mood: "warning", drawing: <path d="M8 2l6.5 12h-13z" /> },
  silent: { mood: "problem", drawing: <rect x="2.5" y="2.5" width="11" height="11" /> },
  offline: { mood: "problem", drawing: <path d="M3.5 3.5l9 9M12.5 3.5l-9 9" class="is-line" /> },
  never_seen: { mood: "quiet", drawing: <circle cx="8" cy="8" r="5.5" class="is-line" /> },
} as const;

export function Badge({ state }: Props) {
  const { mood, drawing } = shapes[state];
  const part = state === "online" || state === "offline" || state === "never_seen" ? "link" : "health";
  return (
    <span class={`badge is-${mood}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {drawing}
      </svg>
      {t(`${part}.${state}`)}
    </span>
  );
}
