import type { Fact } from "../../src/contract/events.ts";
import type { AuthorisationId, OpId } from "../../src/contract/ids.ts";
import { apply, stateFrom } from "../../src/locker/domain/apply.ts";
import {
  type Authorisation,
  type Change,
  DURABLE_TABLES,
  type DurableState,
  keyField,
  type State,
} from "../../src/locker/domain/model.ts";
import type { Store } from "../../src/locker/ports.ts";

/** An attempt as it was when its row became durable. */
export type CommittedAttempt = {
  readonly op: OpId;
  readonly authorisation: Authorisation;
  readonly atMs: number;
};

export type Commit = {
  readonly atMs: number;
  readonly changes: readonly Change[];
  readonly facts: readonly Fact[];
  /** The durable rows as they were before it. */
  readonly before: DurableState;
  readonly lastSeq: number;
};

const durableNames: ReadonlySet<string> = new Set(DURABLE_TABLES);
export const isDurable = (change: Change): boolean => durableNames.has(change.table);

/** Stands between engine and store and remembers what was really committed, run after run of the daemon. */
export class Witness {
  readonly attempts = new Map<OpId, CommittedAttempt>();
  /** When each authorisation's first attempt became durable. */
  readonly authorisedAtMs = new Map<AuthorisationId, number>();
  readonly #nowMs: () => number;
  readonly #onCommit: (commit: Commit) => void;
  /** Every durable row, from what was committed alone. */
  #rows: State;
  #lastSeq = 0;

  constructor(nowMs: () => number, onCommit: (commit: Commit) => void) {
    this.#nowMs = nowMs;
    this.#onCommit = onCommit;
    this.#rows = stateFrom(emptyTables());
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get rows(): DurableState {
    return this.#rows;
  }

  /** The store was opened for the first time: its one row is there before any commit. */
  begin(loaded: DurableState): void {
    this.#rows = stateFrom(structuredClone(loaded));
  }

  watch<S extends Store>(store: S): S {
    return {
      ...store,
      commit: (changes, facts, at) => {
        const lastSeq = store.commit(changes, facts, at);
        this.#committed(changes, facts, lastSeq);
        return lastSeq;
      },
    };
  }

  #committed(changes: readonly Change[], facts: readonly Fact[], lastSeq: number): void {
    const durable = changes.filter(isDurable);
    const commit: Commit = {
      atMs: this.#nowMs(),
      changes: durable,
      facts,
      before: this.#copyOfTouched(durable),
      lastSeq,
    };
    apply(this.#rows, durable);
    for (const change of durable) {
      if (change.table !== "attempt" || !("put" in change) || this.attempts.has(change.put.op)) continue;
      const authorisation = this.#rows.authorisation.get(change.put.authorisation);
      if (authorisation === undefined) continue;
      this.attempts.set(change.put.op, { op: change.put.op, authorisation, atMs: commit.atMs });
      if (!this.authorisedAtMs.has(authorisation.id)) this.authorisedAtMs.set(authorisation.id, commit.atMs);
    }
    this.#onCommit(commit);
    this.#lastSeq = lastSeq;
  }

  /** The rows a commit is about to replace. */
  #copyOfTouched(changes: readonly Change[]): DurableState {
    const before = stateFrom(emptyTables());
    for (const change of changes) {
      const table = this.#rows[change.table] as Map<unknown, unknown>;
      const key = keyOf(change);
      const row = table.get(key);
      if (row !== undefined) (before[change.table] as Map<unknown, unknown>).set(key, row);
    }
    return before;
  }
}

/** Key of the row a change writes or removes. */
export const keyOf = (change: Change): unknown =>
  "del" in change ? change.del : (change.put as Readonly<Record<string, unknown>>)[keyField[change.table]];

const emptyTables = (): DurableState =>
  Object.fromEntries(DURABLE_TABLES.map((table) => [table, new Map()])) as unknown as DurableState;
