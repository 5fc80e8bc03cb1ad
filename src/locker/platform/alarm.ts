import type { MonoMs } from "../../contract/time.ts";
import type { Alarm, Clock } from "../ports.ts";

/** Node rings at once when asked for more than 2^31 - 1 ms; a day is far from it. */
const NAP_MS_MAX = 86_400_000;

/** One alarm over `setTimeout`, which counts milliseconds of uptime as the monotonic clock does. */
export function openAlarm(clock: Clock): Alarm {
  let timer: NodeJS.Timeout | undefined;

  function wait(due: MonoMs, ring: () => void): void {
    const leftMs = due - clock.now().mono;
    timer = setTimeout(
      () => {
        // A timer may come up to a millisecond early, and a long wait comes in naps.
        if (clock.now().mono < due) wait(due, ring);
        else ring();
      },
      Math.ceil(Math.min(Math.max(leftMs, 0), NAP_MS_MAX)),
    );
  }

  return {
    set(due, ring) {
      clearTimeout(timer);
      if (due !== undefined) wait(due, ring);
    },
  };
}
