import pino from "pino";
import type { Log } from "../ports.ts";

export type LogLevel = keyof Log;

/** Names of fields whose value never leaves the process, by the words they are made of. */
const SECRET_WORDS =
  /(^|_)(code|codes|pin|pins|token|tokens|secret|secrets|pepper|password|totp|otp|phone|email|contact|digest|verifier|extension|qr)(_|$)/;
/** Codes nobody opens a door with. */
const HARMLESS = /(^|_)(exit|status|error|refusal|close)_code$/;
const REDACTED = "[redacted]";
const DEPTH_MAX = 6;

/** syslog(3) priorities by pino's levels. */
const PRIORITIES: readonly (readonly [levelMin: number, priority: number])[] = [
  [50, 3],
  [40, 4],
  [30, 6],
  [0, 7],
];

type Write = (line: string) => void;

/** Standard output, written before the call returns: the last line before a crash is the one that matters. */
function standardOutput(): Write {
  const output = pino.destination({ dest: 1, sync: true });
  return (line) => {
    output.write(line);
  };
}

/**
 * The daemon's log: one JSON object a line, on standard output; under journald with its `<priority>` in front.
 *
 * @param env `JOURNAL_STREAM` is set by systemd when the output goes to the journal.
 */
export function createLog(
  level: LogLevel,
  env: Readonly<Record<string, string | undefined>>,
  write: Write = standardOutput(),
): Log {
  const destination = {
    // Makes pino leave the level of the line in `lastLevel`.
    [pino.symbols.needsMetadataGsym]: true as const,
    lastLevel: 0,
    write(line: string): void {
      write(env["JOURNAL_STREAM"] === undefined ? line : `<${priorityOf(this.lastLevel)}>${line}`);
    },
  };
  const logger = pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }), log: (fields) => redacted(fields, 0) as typeof fields },
    },
    destination,
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

const priorityOf = (level: number): number => PRIORITIES.find(([levelMin]) => level >= levelMin)?.[1] ?? 7;

const snakeCase = (name: string): string => name.replaceAll(/([a-z\d])([A-Z])/g, "$1_$2").toLowerCase();

const isSecret = (name: string): boolean => SECRET_WORDS.test(snakeCase(name)) && !HARMLESS.test(snakeCase(name));

/** The same value without what a log must never hold. Whoever logs leaves such fields out; this is for the day he did not. */
function redacted(value: unknown, depth: number): unknown {
  if (value instanceof Error) return pino.stdSerializers.err(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEPTH_MAX) return "[too deep]";
  if (Array.isArray(value)) return value.map((item) => redacted(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, isSecret(name) ? REDACTED : redacted(field, depth + 1)]),
  );
}
