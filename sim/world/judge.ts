import type { CompartmentId } from "../../src/contract/ids.ts";
import type { State } from "../../src/locker/domain/model.ts";
import type { SqliteStore } from "../../src/locker/store/sqlite-store.ts";
import type { Cabinet } from "../cabinet.ts";
import {
  commitFaults,
  DoorNews,
  type Evidence,
  openingFaults,
  parcelFaults,
  pulseFaults,
  stateFaults,
  tableFaults,
  touchedFaults,
} from "../checks.ts";
import { copiedRowsFaults, foldFaults, journalFaults, pictureFaults } from "../checks-fleet.ts";
import { Ledger } from "./ledger.ts";
import type { ModelFleet } from "./model-fleet.ts";
import type { Trace } from "./trace.ts";
import { type Commit, keyOf, Witness } from "./witness.ts";

export type JudgeParts = {
  readonly cabinet: Cabinet;
  readonly trace: Trace;
  readonly nowMs: () => number;
  readonly isMiswired: () => boolean;
  readonly plannedCompartment: (board: number, channel: number) => CompartmentId | undefined;
};

/** Further violations of one world add nothing but noise. */
const VIOLATIONS_MAX = 20;

/** Watches a world and runs every check at its time. What it finds stands in the trace, where it was found. */
export class Judge {
  readonly witness: Witness;
  readonly ledger: Ledger;
  readonly violations: string[] = [];
  readonly #parts: JudgeParts;
  readonly #doorNews = new DoorNews();
  readonly #touched: Commit[] = [];

  constructor(parts: JudgeParts) {
    this.#parts = parts;
    this.witness = new Witness(parts.nowMs, (commit) => this.#committed(commit));
    this.ledger = new Ledger(parts.cabinet, this.witness.attempts);
    parts.cabinet.watch((entry) => {
      parts.trace.say("truth", entry);
      if (entry.kind === "pulse") this.report(pulseFaults(this.#evidence(), entry));
      if (entry.kind === "door" && entry.door === "opened") {
        this.report(openingFaults(this.#evidence(), entry.compartment as CompartmentId));
      }
    });
  }

  report(faults: readonly string[]): void {
    for (const fault of faults) {
      if (this.violations.length >= VIOLATIONS_MAX) return;
      if (this.violations.includes(fault)) continue;
      this.violations.push(fault);
      this.#parts.trace.say("VIOLATION", fault);
    }
  }

  /** A run of the daemon begins: what it finds in its file is what was committed, in one unbroken chain. */
  opened(store: SqliteStore, opened: SqliteStore["opened"]): void {
    this.#doorNews.forget();
    const loaded = store.load();
    if (opened === "created") this.witness.begin(loaded);
    this.report(tableFaults("after a restart the file differs from what was committed", loaded, this.witness.rows));
    this.report(journalFaults(store.rowsAfter(0, Number.MAX_SAFE_INTEGER), this.witness.lastSeq));
  }

  /** After every input of the daemon. */
  afterInput(state: State): void {
    const evidence = this.#evidence();
    for (const { changes } of this.#touched.splice(0)) {
      this.report(touchedFaults(this.witness, state, changes, keyOf));
    }
    this.report(stateFaults(state));
    this.report(parcelFaults(evidence, state));
    this.report(this.#doorNews.faults(evidence, state, this.#parts.nowMs()));
  }

  /** The daemon is gone: nothing it had in memory counts any more. */
  daemonEnded(): void {
    this.#touched.length = 0;
    this.#doorNews.forget();
  }

  /** At the very end, with everything said and nothing moving. */
  atTheEnd(state: State, store: SqliteStore, fleet: ModelFleet): void {
    const rows = store.rowsAfter(0, Number.MAX_SAFE_INTEGER);
    this.report(tableFaults("at the end memory differs from the file", state, store.load()));
    this.report(journalFaults(rows, store.lastSeq()));
    this.report(copiedRowsFaults(rows, fleet.rows));
    this.report(foldFaults(fleet.state, fleet.refolded()));
    this.report(pictureFaults(fleet.state, state));
  }

  #committed(commit: Commit): void {
    this.#touched.push(commit);
    this.report(commitFaults(this.#evidence(), commit));
    for (const { name, data } of commit.facts) {
      if (name === "deposit.stored") this.ledger.stored(data.deposit, data.verifier, data.compartment);
    }
  }

  #evidence(): Evidence {
    const { cabinet, plannedCompartment, isMiswired } = this.#parts;
    const { witness, ledger } = this;
    return { witness, ledger, cabinet, plannedCompartment, isMiswired: isMiswired() };
  }
}
