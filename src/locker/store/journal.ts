import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type Database from "better-sqlite3";
import { type EventEnvelope, eventType, type Fact } from "../../contract/events.ts";
import type { Epoch, LockerHandle } from "../../contract/ids.ts";
import { err, ok, type Result } from "../../contract/result.ts";
import type { ClockTrust, EpochMs } from "../../contract/time.ts";
import { invariant } from "../domain/invariant.ts";
import type { JournalRow } from "../ports.ts";

/** The row hash before the first row of every epoch: 32 zero bytes. */
export const GENESIS_HASH: Uint8Array = new Uint8Array(32);

/** The end of the chain: what the next row follows. */
export type ChainHead = { readonly seq: number; readonly hash: Uint8Array };

export type FactTime = { readonly wall: EpochMs; readonly clockTrust: ClockTrust };

/** The first row whose hash, or whose place, is not what the chain says. */
export type BrokenChain = { readonly code: "chain_broken"; readonly seq: number };

/** Rows hashed before the event loop gets its turn: a few milliseconds of work on a small board. */
const VERIFY_ROWS_PER_TURN = 500;

/** The exact text of a fact's journal row: a structured CloudEvents 1.0 document. */
export function eventText(
  place: { readonly handle: LockerHandle; readonly epoch: Epoch; readonly seq: number },
  fact: Fact,
  at: FactTime,
): string {
  const envelope: EventEnvelope = {
    specversion: "1.0",
    id: `${place.epoch}-${place.seq}`,
    source: `/lockers/${place.handle}`,
    type: eventType(fact.name),
    time: new Date(at.wall).toISOString(),
    clocktrust: at.clockTrust,
    datacontenttype: "application/json",
    data: fact.data,
  };
  return JSON.stringify(envelope);
}

/** SHA-256 of the former row's hash and this row's exact bytes. */
export const chainHash = (previous: Uint8Array, payload: string): Uint8Array =>
  createHash("sha256").update(previous).update(payload, "utf8").digest();

const sha256Hex = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");
const fromHex = (hex: string): Uint8Array => Buffer.from(hex, "hex");
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

type StoredRow = { readonly seq: number; readonly payload: string; readonly hash: string };
type OutboxRow = StoredRow & { readonly sha256: string | null; readonly text: string | null };

/** The journal table. Every method that writes belongs inside the transaction of its state change. */
export type Journal = ReturnType<typeof openJournal>;

export function openJournal(db: Database.Database, identity: { readonly handle: LockerHandle; readonly epoch: Epoch }) {
  const insert = db.prepare("INSERT INTO journal (seq, payload, hash, at) VALUES (?, ?, ?, ?)");
  const attach = db.prepare("INSERT INTO attachment (seq, sha256, text) VALUES (?, ?, ?)");
  const selectBase = db.prepare<[], StoredRow>("SELECT seq, hash FROM journal_base");
  const selectHash = db.prepare<[number], string>("SELECT hash FROM journal WHERE seq = ?").pluck();
  const selectLast = db.prepare<[], StoredRow>("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1");
  const selectRange = db.prepare<[number, number], StoredRow>(
    "SELECT seq, payload, hash FROM journal WHERE seq BETWEEN ? AND ? ORDER BY seq",
  );
  const selectAfter = db.prepare<[number, number], OutboxRow>(
    "SELECT seq, payload, hash, sha256, text FROM journal LEFT JOIN attachment USING (seq) " +
      "WHERE seq > ? ORDER BY seq LIMIT ?",
  );

  const base = (): StoredRow => {
    const row = selectBase.get();
    invariant(row !== undefined, "the journal has no base row");
    return row;
  };

  /** Hash before row `seq`, if the journal still knows it. */
  function hashBefore(seq: number): string | undefined {
    const start = base();
    return start.seq === seq - 1 ? start.hash : selectHash.get(seq - 1);
  }

  /** Checks the rows of a range, both ends included, and that none is missing. */
  function verifyRange(from: number, to: number): Result<void, BrokenChain> {
    const before = hashBefore(from);
    if (before === undefined) return err({ code: "chain_broken", seq: from });
    let head: ChainHead = { seq: from - 1, hash: fromHex(before) };
    for (const row of selectRange.all(from, to)) {
      const hash = chainHash(head.hash, row.payload);
      if (row.seq !== head.seq + 1 || toHex(hash) !== row.hash) return err({ code: "chain_broken", seq: head.seq + 1 });
      head = { seq: row.seq, hash };
    }
    return head.seq === to ? ok(undefined) : err({ code: "chain_broken", seq: head.seq + 1 });
  }

  const readHead = (): ChainHead => {
    const last = selectLast.get() ?? base();
    return { seq: last.seq, hash: fromHex(last.hash) };
  };

  return {
    base,
    readHead,
    verifyRange,

    /** Adds facts after `head`; answers the new head. */
    append(head: ChainHead, facts: readonly Fact[], at: FactTime): ChainHead {
      let { seq, hash } = head;
      for (const fact of facts) {
        seq += 1;
        const payload = eventText({ ...identity, seq }, fact, at);
        hash = chainHash(hash, payload);
        insert.run(seq, payload, toHex(hash), at.wall);
        if (fact.attachment === undefined) continue;
        const sha256 = sha256Hex(fact.attachment);
        invariant(payload.includes(sha256), `row ${seq} does not name its attachment by its SHA-256`);
        attach.run(seq, sha256, fact.attachment);
      }
      return { seq, hash };
    },

    /** Rows after `seq`, oldest first. Pruned rows are passed over. */
    rowsAfter: (seq: number, limit: number): readonly JournalRow[] =>
      selectAfter.all(seq, limit).map((row) => ({
        seq: row.seq,
        payload: row.payload,
        hash: row.hash,
        attachment: row.sha256 === null || row.text === null ? null : { sha256: row.sha256, text: row.text },
      })),

    /** Checks all that is kept, in turns, so that doors never wait for it. */
    async verifyAll(signal: AbortSignal): Promise<Result<{ readonly rowsCount: number }, BrokenChain>> {
      const first = base().seq + 1;
      const { seq: last } = readHead();
      for (let from = first; from <= last; from += VERIFY_ROWS_PER_TURN) {
        await setImmediate(undefined, { signal });
        // Rows may have been pruned since the last turn.
        const kept = Math.max(from, base().seq + 1);
        const to = Math.min(from + VERIFY_ROWS_PER_TURN - 1, last);
        const checked = kept > to ? ok(undefined) : verifyRange(kept, to);
        if (!checked.ok) return checked;
      }
      return ok({ rowsCount: Math.max(0, last - first + 1) });
    },
  };
}
