/* Every number the domain decides by, with its reason. Times are milliseconds. */

/** From the first unlock to the last moment a second pulse may fire. Seconds later, somebody else may have closed that door. */
export const RETRY_WINDOW_MS = 1_500;
/** From the first unlock until a door that never moved is called blocked: the retry window, and as long again to open. */
export const BLOCKED_AFTER_MS = 3_000;
/** A door that opens this long after `blocked` was slow or was pulled: it still belongs to that authorisation. */
export const LATE_OPENING_MS = 60_000;
/** Silence after a sensed close that counts as "Done". */
export const CONFIRM_SILENCE_MS = 10_000;
/** A door open this long is reported. */
export const LEFT_OPEN_MS = 180_000;
/** After the close, the recipient may open once more, and nobody else gets the compartment. */
export const REOPEN_MS = 60_000;
/** How long the kiosk shows what became of an opening that is over. */
export const SHOWN_AFTER_END_MS = 60_000;
/** Without a touch for this long a courier's rights are gone. */
export const SESSION_IDLE_MS = 60_000;
/** A challenge for a remote open dies after this time. */
export const CHALLENGE_MS = 60_000;
export const CHALLENGES_MAX = 20;
/** Remote opens a minute, whatever the fleet says. */
export const REMOTE_OPENS_PER_MINUTE_MAX = 3;

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** Guesses a full bucket holds. */
export const GUESS_BURST = 20;
/** Remote opens of occupied compartments a full bucket holds, and its refill per day. */
export const REMOTE_OCCUPIED_BURST = 5;
/** Wrong PINs a day. */
export const PIN_REFILL_PER_DAY = 20;
/** Code space of 8 random digits. */
export const CODE_SPACE = 100_000_000;
/** Chance of one lucky guess we accept: per kiosk and year, and per parcel. */
export const KIOSK_YEAR_RISK_MAX = 1e-3;
export const PARCEL_RISK_MAX = 1e-6;
/** Days a parcel's code is assumed to be live. */
export const PARCEL_DAYS = 7;
/** Wrong tries before the first pause; each further one doubles it. */
export const STRIKES_FREE = 3;
export const PAUSE_FIRST_MS = 30_000;
export const PAUSE_MAX_MS = 900_000;
/** With the budget spent 13 digits are asked for, so the pause may be short. */
export const PAUSE_DEGRADED_MS = 2_000;
/** Guesses within an hour that raise an alarm. */
export const GUESS_ALARM_COUNT = 10;

/** A dead code still explains itself for this long. */
export const DEAD_PROOF_MS = 30 * DAY_MS;
/** Finished rows stay this long. */
export const FINISHED_MS = 14 * DAY_MS;
/** A roster older than this lets couriers deposit only. */
export const ROSTER_FRESH_MS = 7 * DAY_MS;
/** How often what is over is let go of, and the budgets of guesses fill up. */
export const HOUSEKEEPING_EVERY_MS = 60 * 60_000;
