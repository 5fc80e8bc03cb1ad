import type { RemoteOpenStatus } from "../../contract/fleet-api.ts";
import { timeOfDayText } from "../ui/time-text.ts";
import { isFailure, isPending, trailOf, type Witnessed, witness } from "./trail.ts";
import { t } from "./words.ts";

type Props = {
  readonly status: RemoteOpenStatus;
  readonly witnessed: Witnessed | undefined;
  /** Says which door, for lists of several. */
  readonly titled?: boolean;
};

/** What became of a remote open, each fact with its time. Asked, accepted and opened are three facts, not one. */
export function RemoteOpenTrail({ status, witnessed, titled = false }: Props) {
  const steps = trailOf(status, witnessed ?? witness(undefined, status));
  return (
    <div class="trail">
      <p class="trail-head">
        {titled ? <strong>{t("compartment.title", { compartment: status.compartment })}</strong> : null}
        <span>{t(`reason.${status.reason}`)}</span>
        <span>{t("compartment.by", { by: status.by })}</span>
      </p>
      <ol>
        {steps.map(({ state, atMs }) => (
          <li key={state} class={isFailure(state) ? "is-failure" : ""} data-state={state}>
            <span>{t(`step.${state}`)}</span>
            {atMs === null ? null : <time dateTime={new Date(atMs).toISOString()}>{timeOfDayText(atMs)}</time>}
            {state === "refused" && status.code !== null ? <code>{status.code}</code> : null}
          </li>
        ))}
        {isPending(status) ? <li class="is-waiting">{t("step.waiting")}</li> : null}
      </ol>
    </div>
  );
}
