/** A countdown, rounded up so that it never says zero too early: `0:07`, `12:40`. */
export function countdownText(leftMs: number): string {
  const seconds = Math.ceil(Math.max(0, leftMs) / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Time of day with seconds, as facts are dated: `12:03:01`. */
export function timeOfDayText(epochMs: number): string {
  const time = new Date(epochMs);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** Time of day, with the date in front unless it is today. */
export function momentText(epochMs: number, nowMs: number): string {
  const day = dayText(epochMs);
  return day === dayText(nowMs) ? timeOfDayText(epochMs) : `${day} ${timeOfDayText(epochMs)}`;
}

function dayText(epochMs: number): string {
  const date = new Date(epochMs);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, "0"))
    .join("-");
}
