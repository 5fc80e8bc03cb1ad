import { useSignal } from "@preact/signals";
import type { LockerView } from "../../contract/fleet-api.ts";
import type { CompartmentId } from "../../contract/ids.ts";
import { Banner } from "../ui/banner.tsx";
import { Cabinet } from "../ui/cabinet.tsx";
import { momentText } from "../ui/time-text.ts";
import { Badge } from "./badge.tsx";
import { CompartmentDialog } from "./compartment-dialog.tsx";
import type { Console } from "./console.ts";
import { Legend } from "./legend.tsx";
import { countsOf } from "./locker-list.ts";
import { RemoteOpenTrail } from "./remote-open-trail.tsx";
import { t } from "./words.ts";

/** One locker as it stands now: its cabinet, its figures, and what was opened from afar. */
export function LockerPage({ fleet, locker }: { readonly fleet: Console; readonly locker: LockerView }) {
  const chosen = useSignal<CompartmentId | null>(null);
  const compartment = locker.compartments.find((each) => each.compartment === chosen.value);
  return (
    <main class="locker-page">
      <header class="locker-head">
        <h2>{locker.name}</h2>
        <span class="badges">
          <Badge state={locker.link} />
          {locker.link === "never_seen" ? null : <Badge state={locker.health} />}
        </span>
      </header>
      {locker.chainBrokenAt === null ? null : (
        <Banner kind="problem">{t("locker.chainBroken", { row: locker.chainBrokenAt })}</Banner>
      )}
      {locker.link === "offline" ? <Banner kind="warning">{t("locker.offline")}</Banner> : null}
      <Figures locker={locker} />
      <section class="card cabinet-card">
        <Cabinet
          doors={locker.compartments.map((each) => ({ ...each, outOfService: each.outOfService !== null }))}
          t={t}
          onChoose={(next) => {
            chosen.value = next;
          }}
        />
        <p class="hint">{t("locker.hint")}</p>
        <Legend />
      </section>
      <RemoteOpens fleet={fleet} locker={locker} />
      {compartment === undefined ? null : (
        <CompartmentDialog
          fleet={fleet}
          locker={locker}
          compartment={compartment}
          onClose={() => {
            chosen.value = null;
          }}
        />
      )}
    </main>
  );
}

function Figures({ locker }: { readonly locker: LockerView }) {
  const { allCount, freeCount, occupiedCount, openCount, outOfServiceCount } = countsOf(locker);
  const { lastContactAt } = locker;
  const figures = [
    ["compartments", allCount],
    ["free", freeCount],
    ["occupied", occupiedCount],
    ["openDoors", openCount],
    ["outOfService", outOfServiceCount],
    ["lastContact", lastContactAt === null ? t("list.never") : momentText(lastContactAt, Date.now())],
  ] as const;
  return (
    <dl class="figures">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{t(`locker.${name}`)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function RemoteOpens({ fleet, locker }: { readonly fleet: Console; readonly locker: LockerView }) {
  const newestFirst = locker.remoteOpens.toSorted((a, b) => b.askedAt - a.askedAt);
  return (
    <section class="card remote-opens" aria-labelledby="remote-opens">
      <h3 id="remote-opens">{t("locker.remoteOpens")}</h3>
      {newestFirst.length === 0 ? <p class="hint">{t("locker.noRemoteOpens")}</p> : null}
      <ul>
        {newestFirst.map((status) => (
          <li key={status.command} class="remote-open">
            <RemoteOpenTrail status={status} witnessed={fleet.witnessed.value.get(status.command)} titled />
          </li>
        ))}
      </ul>
    </section>
  );
}
