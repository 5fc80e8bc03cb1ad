import type { Fact } from "../../src/contract/events.ts";
import { type Change, DURABLE_TABLES } from "../../src/locker/domain/model.ts";
import { type SqlValue, tableMaps } from "../../src/locker/store/rows.ts";
import type { SqliteStore } from "../../src/locker/store/sqlite-store.ts";

/** One statement as the store ran it. */
export type Statement = { readonly sql: string; readonly values: readonly SqlValue[] };
/** The statements of one transaction, in order. */
export type Transaction = readonly Statement[];

type Commit = { readonly changes: readonly Change[]; readonly facts: readonly Fact[]; readonly atWall: number };

/** A store that remembers what it was told to commit, at the cost of one reference for each commit. */
export type RecordingStore = SqliteStore & {
  /** The transactions since the last call, as statements. */
  readonly take: () => readonly Transaction[];
};

const INSERT_JOURNAL = "INSERT INTO journal (seq, payload, hash, at) VALUES (?, ?, ?, ?)";
const INSERT_ATTACHMENT = "INSERT INTO attachment (seq, sha256, text) VALUES (?, ?, ?)";
const durable: ReadonlySet<string> = new Set(DURABLE_TABLES);

/** Journal rows are read back from the store, so that payload and hash are its own, byte for byte. */
export function recordingStore(store: SqliteStore): RecordingStore {
  let commits: Commit[] = [];
  let takenSeq = store.lastSeq();

  const statementsOf = ({ changes, facts, atWall }: Commit): Transaction => {
    const rows = facts.length === 0 ? [] : store.rowsAfter(takenSeq, facts.length);
    takenSeq += facts.length;
    const journal = rows.flatMap(({ seq, payload, hash, attachment }): Statement[] => {
      const row = { sql: INSERT_JOURNAL, values: [seq, payload, hash, atWall] };
      if (attachment === null) return [row];
      return [row, { sql: INSERT_ATTACHMENT, values: [seq, attachment.sha256, attachment.text] }];
    });
    return [...changes.flatMap(statementOf), ...journal];
  };

  return {
    ...store,
    commit(changes, facts, at) {
      commits.push({ changes, facts, atWall: at.wall });
      return store.commit(changes, facts, at);
    },
    take() {
      const taken = commits;
      commits = [];
      // What holds nothing durable is no transaction.
      return taken.map(statementsOf).filter((statements) => statements.length > 0);
    },
  };
}

function statementOf(change: Change): Statement[] {
  if (!durable.has(change.table)) return [];
  const map = tableMaps[change.table as keyof typeof tableMaps] as {
    readonly upsert: string;
    readonly remove: string;
    readonly toColumns: (row: unknown) => readonly SqlValue[];
  };
  if ("put" in change) return [{ sql: map.upsert, values: map.toColumns(change.put) }];
  return [{ sql: map.remove, values: [change.del as SqlValue] }];
}
