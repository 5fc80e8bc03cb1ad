import { useSignal } from "@preact/signals";
import type { LockerView } from "../../contract/fleet-api.ts";
import type { LockerHandle } from "../../contract/ids.ts";
import { momentText } from "../ui/time-text.ts";
import { Badge } from "./badge.tsx";
import { countsOf, type ListWish, ORDERS, type Order, pageOf } from "./locker-list.ts";
import { t } from "./words.ts";

type Props = {
  readonly lockers: readonly LockerView[];
  readonly chosen: LockerHandle | undefined;
};

/** Every locker at a glance. What an operator should look at first stands first. */
export function LockerList({ lockers, chosen }: Props) {
  const wish = useSignal<ListWish>({ filter: "", order: "sortTrouble", page: 1 });
  const shown = pageOf(lockers, wish.value);
  return (
    <nav class="list" aria-labelledby="list-title">
      <h1 id="list-title">{t("list.title")}</h1>
      <ListControls
        wish={wish.value}
        onWish={(next) => {
          wish.value = next;
        }}
      />
      {shown.lockers.length === 0 ? (
        <p class="hint">{t(lockers.length === 0 ? "list.none" : "list.noMatch", { filter: wish.value.filter })}</p>
      ) : null}
      <ul>
        {shown.lockers.map((locker) => (
          <li key={locker.locker}>
            <LockerCard locker={locker} chosen={locker.locker === chosen} />
          </li>
        ))}
      </ul>
      {shown.pages > 1 ? (
        <Pager
          page={shown.page}
          pages={shown.pages}
          onPage={(page) => {
            wish.value = { ...wish.value, page };
          }}
        />
      ) : null}
    </nav>
  );
}

function ListControls({ wish, onWish }: { readonly wish: ListWish; readonly onWish: (next: ListWish) => void }) {
  return (
    <div class="list-controls">
      <label class="field">
        <span>{t("list.filter")}</span>
        <input
          type="search"
          value={wish.filter}
          onInput={(event) => onWish({ ...wish, filter: event.currentTarget.value, page: 1 })}
        />
      </label>
      <label class="field">
        <span>{t("list.sort")}</span>
        <select
          value={wish.order}
          onChange={(event) => onWish({ ...wish, order: event.currentTarget.value as Order, page: 1 })}
        >
          {ORDERS.map((order) => (
            <option key={order} value={order}>
              {t(`list.${order}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function LockerCard({ locker, chosen }: { readonly locker: LockerView; readonly chosen: boolean }) {
  const { allCount, usedCount, openCount } = countsOf(locker);
  return (
    <a class="card locker-card" href={`#${locker.locker}`} aria-current={chosen ? "page" : undefined}>
      <strong>{locker.name}</strong>
      <span class="badges">
        <Badge state={locker.link} />
        {locker.link === "never_seen" ? null : <Badge state={locker.health} />}
      </span>
      <FillBar used={usedCount} all={allCount} />
      <span class="facts">
        <span>{t("list.fill", { used: usedCount, all: allCount })}</span>
        {openCount > 0 ? <span class="is-open-count">{t("list.openDoors", { count: openCount })}</span> : null}
      </span>
      <span class="facts is-quiet">
        {locker.lastContactAt === null
          ? t("list.never")
          : t("list.lastContact", { time: momentText(locker.lastContactAt, Date.now()) })}
      </span>
    </a>
  );
}

function FillBar({ used, all }: { readonly used: number; readonly all: number }) {
  return (
    <svg class="fill-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect class="fill-track" width={100} height={4} />
      <rect class="fill-used" width={all === 0 ? 0 : (100 * used) / all} height={4} />
    </svg>
  );
}

type PagerProps = { readonly page: number; readonly pages: number; readonly onPage: (page: number) => void };

function Pager({ page, pages, onPage }: PagerProps) {
  return (
    <div class="pager">
      <button type="button" class="button" disabled={page === 1} onClick={() => onPage(page - 1)}>
        {t("list.previous")}
      </button>
      <span>{t("list.page", { page, pages })}</span>
      <button type="button" class="button" disabled={page === pages} onClick={() => onPage(page + 1)}>
        {t("list.next")}
      </button>
    </div>
  );
}
