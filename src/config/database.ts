import { errorCode } from "./error-code.ts";
import { StartRefused } from "./start-refused.ts";

/** What SQLite says of a file that no restart makes better; a full disk or a lock may go away by itself. */
const HOPELESS = /^SQLITE_(NOTADB|CORRUPT|CANTOPEN|READONLY|PERM)/;

/**
 * Opens the database a configuration names, by whatever opens it.
 *
 * @throws StartRefused when the file cannot be opened, is no database, or is damaged; else what `open` throws.
 */
export async function openingDatabase<T>(path: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    const reason = causesOf(error).find((cause) => HOPELESS.test(errorCode(cause)) || isAbout(path, cause));
    if (reason === undefined) throw error;
    const problem = `cannot be used as the database (${errorCode(reason)})`;
    throw new StartRefused(`${path}: ${problem}; put a backup back, or name another file`, { cause: error });
  }
}

/** Whoever opens the database may have put the error into one of their own. */
const causesOf = (error: unknown): readonly Error[] =>
  error instanceof Error ? [error, ...causesOf(error.cause)] : [];

/** The system names the file it could not open. */
const isAbout = (path: string, error: Error): boolean => "path" in error && error.path === path;
