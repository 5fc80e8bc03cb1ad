import type { Log } from "../ports.ts";
import type { SqliteStore } from "./sqlite-store.ts";

/**
 * Checks the whole journal once, behind what the locker is for; at the start only its end was. A break stops nothing: no
 * door depends on old rows, the database stays evidence, and the fleet, which has the same chain, is who can tell more.
 *
 * @param onBroken Told in one sentence.
 * @returns the way to stop, before the store is closed.
 */
export function checkJournalInBackground(
  store: Pick<SqliteStore, "verifyJournal">,
  { log, onBroken }: { readonly log: Log; readonly onBroken: (sentence: string) => void },
): () => void {
  const stopped = new AbortController();
  store.verifyJournal(stopped.signal).then(
    (checked) => {
      if (checked.ok) return log.info(checked.value, "journal is whole");
      const { seq } = checked.error;
      log.error(
        { seq },
        "journal is broken: rows were changed or lost; keep a copy of the database and compare it with the fleet",
      );
      onBroken(`journal is broken at row ${seq}: keep a copy of the database and compare it with the fleet`);
    },
    (error: unknown) => {
      if (stopped.signal.aborted) return;
      log.error({ err: error }, "journal cannot be read");
      onBroken("journal cannot be read: copy the database and look at the disk");
    },
  );
  return () => stopped.abort();
}
