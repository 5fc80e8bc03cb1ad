import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Door, Occupancy } from "../../contract/events.ts";
import type { CompartmentId, Size } from "../../contract/ids.ts";
import { layOutCabinet, type Rectangle } from "./cabinet-layout.ts";
import { currentLanguage, type Translate } from "./translate.ts";
import "./cabinet.css";

/** One door as drawn. `occupancy` is left out where nobody may know it. */
export type DrawnDoor = {
  readonly compartment: CompartmentId;
  readonly size: Size;
  readonly door: Door;
  readonly outOfService: boolean;
  readonly occupancy?: Occupancy;
};

type Props = {
  readonly doors: readonly DrawnDoor[];
  readonly t: Translate;
  /** The one door meant. */
  readonly highlighted?: CompartmentId | undefined;
  /** Makes every door a button. */
  readonly onChoose?: ((compartment: CompartmentId) => void) | undefined;
};

/** The cabinet to scale. Each state of a door has a shape and a name of its own, beside its colour. */
export function Cabinet({ doors, t, highlighted, onChoose }: Props) {
  const language = currentLanguage();
  // A page looks at the clock all the time; a thousand doors are drawn again only when one of them has changed.
  return useMemo(() => draw({ doors, t, highlighted, onChoose }), [doors, t, highlighted, onChoose, language]);
}

function draw({ doors, t, highlighted, onChoose }: Props) {
  const layout = layOutCabinet(doors);
  const label =
    highlighted === undefined
      ? t("cabinet.label", { count: doors.length })
      : t("cabinet.labelHighlighted", { count: doors.length, compartment: highlighted });
  return (
    <svg
      class={highlighted === undefined ? "cabinet" : "cabinet is-pointing"}
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      role={onChoose === undefined ? "img" : "group"}
      aria-label={label}
    >
      <HatchPattern />
      <rect class="cabinet-body" width={layout.width} height={layout.height - 3} rx={2.5} />
      <rect class="cabinet-foot" x={6} y={layout.height - 3} width={12} height={3} />
      <rect class="cabinet-foot" x={layout.width - 18} y={layout.height - 3} width={12} height={3} />
      {layout.panels.map((panel) => (
        <rect key={`${panel.x}`} class="cabinet-panel" {...rounded(panel)} />
      ))}
      {layout.doors.map(({ door, ...place }) => (
        <DoorDrawing
          key={door.compartment}
          door={door}
          place={place}
          t={t}
          highlighted={door.compartment === highlighted}
          onChoose={onChoose}
        />
      ))}
    </svg>
  );
}

const SAMPLE: Rectangle = { x: 1, y: 1.5, width: 24, height: 11 };

/** One door by itself, for a legend. The words beside it say what it shows. */
export function DoorSample({
  door,
  t,
}: {
  readonly door: Omit<DrawnDoor, "compartment" | "size">;
  readonly t: Translate;
}) {
  return (
    <svg class="cabinet door-sample" viewBox="0 0 26 14" aria-hidden="true">
      <DoorDrawing
        door={{ ...door, compartment: 1 as CompartmentId, size: "S" }}
        place={SAMPLE}
        t={t}
        highlighted={false}
        onChoose={undefined}
        unnumbered
      />
    </svg>
  );
}

const rounded = ({ x, y, width, height }: Rectangle) => ({ x, y, width, height, rx: 1 });

type DoorProps = {
  readonly door: DrawnDoor;
  readonly place: Rectangle;
  readonly t: Translate;
  readonly highlighted: boolean;
  readonly onChoose: Props["onChoose"];
  readonly unnumbered?: boolean;
};

function DoorDrawing({ door, place, t, highlighted, onChoose, unnumbered = false }: DoorProps) {
  const classes = [
    "door",
    `is-${door.door}`,
    door.outOfService ? "is-out-of-service" : "",
    highlighted ? "is-highlighted" : "",
  ];
  const chosen = onChoose === undefined ? {} : asButton(nameOf(door, t), () => onChoose(door.compartment));
  const { x, y, width, height } = place;
  return (
    <g class={classes.join(" ")} data-compartment={door.compartment} {...chosen}>
      <rect class="door-inside" {...rounded(place)} />
      <g class="door-leaf">
        <rect class="door-front" {...rounded(place)} />
        {door.outOfService ? <rect class="door-hatch" {...rounded(place)} fill="url(#cabinet-hatch)" /> : null}
        <rect class="door-handle" x={x + width - 4} y={y + height / 2 - 2} width={1.6} height={4} rx={0.8} />
      </g>
      <text class="door-number" x={x + width / 2} y={y + height / 2} dy="0.36em">
        {unnumbered ? "" : door.compartment}
      </text>
      <Contents door={door} place={place} />
      {door.door === "unknown" ? (
        <text class="door-mark" x={x + width - 8} y={y + height / 2} dy="0.36em">
          ?
        </text>
      ) : null}
      {highlighted ? <path class="door-pointer" d={`M${x - 3} ${y + height / 2 - 4}l6 4l-6 4z`} /> : null}
    </g>
  );
}

/** What is behind the door, as a parcel: solid when it is there, dashed when it is expected, a mark when nobody knows. */
function Contents({ door, place }: { readonly door: DrawnDoor; readonly place: Rectangle }) {
  const x = place.x + 3.5;
  const y = place.y + place.height / 2 - 3;
  switch (door.occupancy) {
    case "occupied":
      return (
        <g class="parcel is-there">
          <rect x={x} y={y} width={6} height={6} rx={0.6} />
          <path d={`M${x + 3} ${y}v2.4`} />
        </g>
      );
    case "reserved":
      return <rect class="parcel is-expected" x={x} y={y} width={6} height={6} rx={0.6} />;
    case "unknown":
      return (
        <text class="door-mark" x={x + 3} y={place.y + place.height / 2} dy="0.36em">
          ?
        </text>
      );
    default:
      return null;
  }
}

function nameOf(door: DrawnDoor, t: Translate): string {
  const states = [
    t(`cabinet.${door.door}`),
    ...(door.outOfService ? [t("cabinet.outOfService")] : []),
    ...(door.occupancy === undefined ? [] : [t(`occupancy.${door.occupancy}`)]),
  ];
  return t("cabinet.door", { compartment: door.compartment, size: door.size, state: states.join(", ") });
}

function asButton(label: string, press: () => void): JSX.SVGAttributes<SVGGElement> {
  return {
    role: "button",
    tabIndex: 0,
    "aria-label": label,
    onClick: press,
    onKeyDown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      press();
    },
  };
}

function HatchPattern() {
  return (
    <defs>
      <pattern id="cabinet-hatch" width={4} height={4} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="hatch-line" width={1.1} height={4} />
      </pattern>
    </defs>
  );
}
