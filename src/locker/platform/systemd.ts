import { writeSync } from "node:fs";

/** What the daemon tells the service manager. Each answers whether the manager took the message. */
export type Notify = {
  /** Start-up is over: the unit counts as started. */
  ready(): boolean;
  /** Shutdown has begun. */
  stopping(): boolean;
  /** All is well; when this is not said for `watchdogMs`, the manager kills and restarts the daemon. */
  watchdog(): boolean;
  /** One line for `systemctl status`. */
  status(text: string): boolean;
  /** The unit's `WatchdogSec`, milliseconds; undefined when nobody watches. Ping at least twice as often. */
  readonly watchdogMs: number | undefined;
};

/** Sends one datagram: bytes to a descriptor, at once. Throws as `fs.writeSync` does. */
export type WriteDatagram = (fd: number, text: string) => void;

/** Lowest descriptor a program inherits beside its input, output and errors. */
const FD_MIN = 3;

/**
 * The service manager's ear, by the descriptor that `systemd/notify-exec` leaves open; deaf without it.
 *
 * @throws Error that names the variable when it holds something else than the launcher writes.
 * @see sd_notify(3)
 */
export function openNotify(
  env: Readonly<Record<string, string | undefined>>,
  write: WriteDatagram = (fd, text) => void writeSync(fd, text),
): Notify {
  const fd = naturalOf(env, "LOCKERD_NOTIFY_FD", FD_MIN);
  const watchdogMicros = naturalOf(env, "WATCHDOG_USEC", 1);
  const say = (message: string): boolean => fd !== undefined && tryWrite(write, fd, message);
  return {
    ready: () => say("READY=1"),
    stopping: () => say("STOPPING=1"),
    watchdog: () => say("WATCHDOG=1"),
    // A line break would begin another assignment, and a status could then claim to be a watchdog ping.
    status: (text) => say(`STATUS=${text.replace(/[\r\n]+/g, " ")}`),
    watchdogMs: fd === undefined || watchdogMicros === undefined ? undefined : watchdogMicros / 1_000,
  };
}

/** A manager that is being replaced refuses a datagram; the daemon lives on, and a missed ping is for it to judge. */
function tryWrite(write: WriteDatagram, fd: number, message: string): boolean {
  try {
    write(fd, message);
    return true;
  } catch {
    return false;
  }
}

function naturalOf(env: Readonly<Record<string, string | undefined>>, name: string, min: number): number | undefined {
  const text = env[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text) || Number(text) < min) {
    throw new Error(`${name} must be a whole number from ${min}; start the daemon by systemd/notify-exec or unset it`);
  }
  return Number(text);
}
