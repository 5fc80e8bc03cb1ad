import { useSignal } from "@preact/signals";
import type { CompartmentStatus, LockerView } from "../../contract/fleet-api.ts";
import { Banner } from "../ui/banner.tsx";
import { Dialog } from "../ui/dialog.tsx";
import type { Console } from "./console.ts";
import { RemoteOpenTrail } from "./remote-open-trail.tsx";
import { isPending } from "./trail.ts";
import { problemText, t } from "./words.ts";

type Props = {
  readonly fleet: Console;
  readonly locker: LockerView;
  readonly compartment: CompartmentStatus;
  readonly onClose: () => void;
};

/** One compartment on its three separate axes, and the one thing that can be done to it from here. */
export function CompartmentDialog({ fleet, locker, compartment, onClose }: Props) {
  const { compartment: number, size, occupancy, outOfService, door } = compartment;
  const last = locker.remoteOpens
    .filter((status) => status.compartment === number)
    .toSorted((a, b) => b.askedAt - a.askedAt)[0];
  const facts = [
    ["door", t(`cabinet.${door}`)],
    ["occupancy", t(`occupancy.${occupancy}`)],
    ["service", t(`service.${outOfService ?? "in_service"}`)],
    ["size", size],
  ] as const;
  return (
    <Dialog title={t("compartment.title", { compartment: number })} onClose={onClose}>
      <dl class="figures">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{t(`compartment.${name}`)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <OpenForm {...{ fleet, locker, compartment }} pending={last !== undefined && isPending(last)} />
      <section aria-live="polite" class="outcome">
        {last === undefined ? null : (
          <>
            <h3>{t("compartment.outcome")}</h3>
            <RemoteOpenTrail status={last} witnessed={fleet.witnessed.value.get(last.command)} />
          </>
        )}
      </section>
      <button type="button" class="button" onClick={onClose}>
        {t("compartment.close")}
      </button>
    </Dialog>
  );
}

/** As the fleet takes them. */
const REASONS = ["recipient_present", "maintenance", "inspection", "authority", "test"] as const;

type FormProps = Omit<Props, "onClose"> & { readonly pending: boolean };

function OpenForm({ fleet, locker, compartment, pending }: FormProps) {
  const reason = useSignal("");
  const sending = useSignal(false);
  const problem = useSignal<string | null>(null);
  const number = compartment.compartment;
  const submit = async (): Promise<void> => {
    sending.value = true;
    problem.value = await fleet.openDoor(locker.locker, number, reason.value);
    sending.value = false;
    if (problem.value === null) reason.value = "";
  };
  return (
    <form
      class="open-form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h3>{t("compartment.openTitle")}</h3>
      <label class="field">
        <span>{t("compartment.reason")}</span>
        <select
          required
          value={reason.value}
          onChange={(event) => {
            reason.value = event.currentTarget.value;
          }}
        >
          <option value="">{t("compartment.chooseReason")}</option>
          {REASONS.map((each) => (
            <option key={each} value={each}>
              {t(`reason.${each}`)}
            </option>
          ))}
        </select>
      </label>
      <p class="hint">
        {t(locker.link === "online" ? "compartment.whatHappens" : "compartment.whatHappensOffline", {
          compartment: number,
        })}
      </p>
      {problem.value === null ? null : <Banner kind="problem">{problemText(problem.value)}</Banner>}
      <button type="submit" class="button is-primary" disabled={reason.value === "" || sending.value || pending}>
        {sending.value ? t("compartment.asking") : t("compartment.open", { compartment: number })}
      </button>
    </form>
  );
}
