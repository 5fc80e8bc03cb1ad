import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type Database from "better-sqlite3";
import { err, ok, type Result } from "../../contract/result.ts";
import { invariant } from "../domain/invariant.ts";

/** The row hash before the first row of every epoch: 32 zero bytes. */
export const GENESIS_HASH: Uint8Array = new Uint8Array(32);

/** The end of the chain: what the next row follows. */
export type ChainHead = { readonly seq: number; readonly hash: Uint8Array };

/** The first row whose hash, or whose place, is not what the chain says. */
export type BrokenChain = { readonly code: "chain_broken"; readonly seq: number };

/** Rows hashed before the event loop gets its turn: a few milliseconds of work on a small board. */
const VERIFY_ROWS_PER_TURN = 500;

/** SHA-256 of the former row's hash and this row's exact bytes. */
export const chainHash = (previous: Uint8Array, payload: string): Uint8Array =>
  createHash("sha256").update(previous).update(payload, "utf8").digest();

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const fromHex = (hex: string): Uint8Array => Buffer.from(hex, "hex");

type Link = { readonly seq: number; readonly hash: string };

/** The hash chain through the journal table, read only. */
export type Chain = ReturnType<typeof openChain>;

export function openChain(db: Database.Database) {
  const selectBase = db.prepare<[], Link>("SELECT seq, hash FROM journal_base");
  const selectHash = db.prepare<[number], string>("SELECT hash FROM journal WHERE seq = ?").pluck();
  const selectLast = db.prepare<[], Link>("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1");
  const selectRange = db.prepare<[number, number], Link & { readonly payload: string }>(
    "SELECT seq, payload, hash FROM journal WHERE seq BETWEEN ? AND ? ORDER BY seq",
  );

  /** What the oldest kept row follows. */
  function base(): Link {
    const row = selectBase.get();
    invariant(row !== undefined, "the journal has no base row");
    return row;
  }

  function head(): ChainHead {
    const last = selectLast.get() ?? base();
    return { seq: last.seq, hash: fromHex(last.hash) };
  }

  /** Checks the rows of a range, both ends included, and that none is missing. */
  function verifyRange(from: number, to: number): Result<void, BrokenChain> {
    const start = base();
    const before = start.seq === from - 1 ? start.hash : selectHash.get(from - 1);
    if (before === undefined) return err({ code: "chain_broken", seq: from });
    let link: ChainHead = { seq: from - 1, hash: fromHex(before) };
    for (const row of selectRange.all(from, to)) {
      const hash = chainHash(link.hash, row.payload);
      if (row.seq !== link.seq + 1 || toHex(hash) !== row.hash) return err({ code: "chain_broken", seq: link.seq + 1 });
      link = { seq: row.seq, hash };
    }
    return link.seq === to ? ok(undefined) : err({ code: "chain_broken", seq: link.seq + 1 });
  }

  /** Checks all that is kept, in turns, so that doors never wait for it. */
  async function verifyAll(signal: AbortSignal): Promise<Result<{ readonly rowsCount: number }, BrokenChain>> {
    const first = base().seq + 1;
    const { seq: last } = head();
    for (let from = first; from <= last; from += VERIFY_ROWS_PER_TURN) {
      await setImmediate(undefined, { signal });
      // Rows may have been pruned since the last turn.
      const kept = Math.max(from, base().seq + 1);
      const to = Math.min(from + VERIFY_ROWS_PER_TURN - 1, last);
      const checked = kept > to ? ok(undefined) : verifyRange(kept, to);
      if (!checked.ok) return checked;
    }
    return ok({ rowsCount: Math.max(0, last - first + 1) });
  }

  return { base, head, verifyRange, verifyAll };
}
