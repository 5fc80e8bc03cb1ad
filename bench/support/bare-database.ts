import Database from "better-sqlite3";
import { migrate } from "../../src/locker/store/migrate.ts";
import type { SqlValue } from "../../src/locker/store/rows.ts";
import type { Transaction } from "./recording.ts";

type Step = { readonly statement: Database.Statement<[readonly SqlValue[]]>; readonly values: readonly SqlValue[] };
/** A transaction whose statements are prepared. */
export type Prepared = readonly Step[];

/**
 * What better-sqlite3 does alone: write-ahead log, synchronous FULL, everything else at its default. The tables are the
 * locker's, since the rows are.
 */
export class BareDatabase implements Disposable {
  readonly #db: Database.Database;
  readonly #statements = new Map<string, Step["statement"]>();
  readonly #run: Database.Transaction<(steps: Prepared) => void>;

  constructor(path: string) {
    this.#db = new Database(path);
    migrate(this.#db);
    this.#db.pragma("journal_mode = WAL");
    this.#db.pragma("synchronous = FULL");
    this.#run = this.#db.transaction((steps: Prepared) => {
      for (const { statement, values } of steps) statement.run(values);
    });
  }

  prepare(transaction: Transaction): Prepared {
    return transaction.map(({ sql, values }) => ({ statement: this.#statementOf(sql), values }));
  }

  write(prepared: Prepared): void {
    this.#run.immediate(prepared);
  }

  writeAll(transactions: readonly Transaction[]): void {
    for (const transaction of transactions) this.write(this.prepare(transaction));
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #statementOf(sql: string): Step["statement"] {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare<[readonly SqlValue[]]>(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
