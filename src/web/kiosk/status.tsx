import { Banner } from "../ui/banner.tsx";
import type { Kiosk } from "./kiosk.ts";
import { problemText, t } from "./words.ts";

/** What became of the last thing that was asked. Read aloud when it changes. */
export function Status({ kiosk }: { readonly kiosk: Kiosk }) {
  const { problem, flash } = kiosk.state.value;
  return (
    <div class="status" role="status">
      {problem === null ? null : <Banner kind="problem">{problemText(problem.code, problem.compartment)}</Banner>}
      {flash === null || problem !== null ? null : (
        <Banner kind="success">{t(`flash.${flash.kind}`, { compartment: flash.compartment })}</Banner>
      )}
    </div>
  );
}
