import { DoorSample, type DrawnDoor } from "../ui/cabinet.tsx";
import { t } from "./words.ts";

type Sample = { readonly words: string; readonly door: Omit<DrawnDoor, "compartment" | "size"> };

const closed = { door: "closed", outOfService: false } as const;

/** One door for each thing a door can show. */
const samples: readonly Sample[] = [
  { words: "occupancy.available", door: { ...closed, occupancy: "available" } },
  { words: "occupancy.occupied", door: { ...closed, occupancy: "occupied" } },
  { words: "occupancy.reserved", door: { ...closed, occupancy: "reserved" } },
  { words: "occupancy.unknown", door: { ...closed, occupancy: "unknown" } },
  { words: "cabinet.open", door: { door: "open", outOfService: false } },
  { words: "cabinet.outOfService", door: { door: "closed", outOfService: true } },
];

/** What the marks on the doors mean, drawn as the doors are. */
export function Legend() {
  return (
    <ul class="legend" aria-label={t("locker.legend")}>
      {samples.map(({ words, door }) => (
        <li key={words}>
          <DoorSample door={door} t={t} />
          {t(words)}
        </li>
      ))}
    </ul>
  );
}
