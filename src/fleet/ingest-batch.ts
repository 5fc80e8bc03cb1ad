import { createHash, type KeyObject, verify } from "node:crypto";
import { batchStatement, EventBatch } from "../contract/messages.ts";
import { jsonParser } from "../contract/parse.ts";
import { err, ok, type Result } from "../contract/result.ts";
import { type EpochMs, epochMs } from "../contract/time.ts";
import { type RowEvent, readRow } from "./fold-event.ts";

/** Bytes of one `up/event` message at most: a hundred rows of a large locker, with room. */
export const BATCH_BYTES_MAX = 2 * 1024 * 1024;

/** Hash before the first row of an epoch. */
export const GENESIS_HASH = "0".repeat(64);

/** What is wrong with a batch before the stored rows are looked at: nothing of it was believed. */
export type BatchFault =
  | { readonly code: "too_large"; readonly bytesCount: number }
  | { readonly code: "bad_document"; readonly faults: readonly string[] }
  | { readonly code: "wrong_topic" }
  | { readonly code: "bad_signature" }
  | { readonly code: "bad_attachment" };

const parseBatch = jsonParser(EventBatch);

export const lastSeqOf = (batch: EventBatch): number => batch.firstSeq + batch.rows.length - 1;

/** SHA-256 of the previous row's hash bytes and the exact payload bytes, hex. */
export const chainHash = (previous: string, payload: string): string =>
  createHash("sha256").update(previous, "hex").update(payload, "utf8").digest("hex");

export const sha256Hex = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

/**
 * Reads a message of `up/event` and checks everything that needs no database: it speaks for the locker of its topic,
 * it is a batch, and that locker signed it.
 */
export function readBatch(message: {
  readonly handle: string;
  readonly payload: Uint8Array;
  readonly signingKey: KeyObject;
}): Result<EventBatch, BatchFault> {
  const { handle, payload, signingKey } = message;
  if (payload.byteLength > BATCH_BYTES_MAX) return err({ code: "too_large", bytesCount: payload.byteLength });
  const parsed = parseBatch(new TextDecoder().decode(payload));
  if (!parsed.ok) return err({ code: "bad_document", faults: parsed.error.faults });
  const batch = parsed.value;
  if (batch.locker !== handle) return err({ code: "wrong_topic" });
  const statement = Buffer.from(batchStatement({ ...batch, lastSeq: lastSeqOf(batch) }), "utf8");
  const signature = Buffer.from(batch.signature, "base64url");
  if (!verify(null, statement, signingKey, signature)) return err({ code: "bad_signature" });
  for (const [hash, text] of Object.entries(batch.attachments)) {
    if (sha256Hex(text) !== hash) return err({ code: "bad_attachment" });
  }
  return ok(batch);
}

/** A verified row that is not stored yet. */
export type NewRow = {
  readonly seq: number;
  readonly payload: string;
  readonly hash: string;
  readonly event: RowEvent;
};

/** What is wrong with a signed batch against the rows already stored, or with its rows themselves. */
export type RowFault =
  /** Earlier rows are missing: the locker has to send them first. */
  | { readonly code: "gap" }
  /** The rows do not lead from what is stored to the hash that was signed. */
  | { readonly code: "broken_chain" }
  | { readonly code: "bad_row"; readonly seq: number; readonly faults: readonly string[] }
  /** A code was issued and its sealed secret did not come along: an acknowledgement would lose it. */
  | { readonly code: "missing_attachment"; readonly seq: number };

/** Checks a batch against the end of its epoch's stored chain, and gives the rows that are new, in order. */
export function newRowsOf(
  batch: EventBatch,
  stored: { readonly lastSeq: number; readonly lastHash: string },
): Result<readonly NewRow[], RowFault> {
  if (batch.firstSeq > stored.lastSeq + 1) return err({ code: "gap" });
  const hashed: { readonly seq: number; readonly payload: string; readonly hash: string }[] = [];
  let hash = stored.lastHash;
  for (const [index, payload] of batch.rows.entries()) {
    const seq = batch.firstSeq + index;
    if (seq <= stored.lastSeq) continue;
    hash = chainHash(hash, payload);
    hashed.push({ seq, payload, hash });
  }
  if (hash !== batch.lastHash) return err({ code: "broken_chain" });
  const rows: NewRow[] = [];
  for (const { seq, payload, hash: rowHash } of hashed) {
    const event = readOwnRow(batch, seq, payload);
    if (!event.ok) return event;
    rows.push({ seq, payload, hash: rowHash, event: event.value });
  }
  return ok(rows);
}

/** A row says itself which locker, epoch and place it belongs to; all three have to agree with the batch. */
function readOwnRow(batch: EventBatch, seq: number, payload: string): Result<RowEvent, RowFault> {
  const row = readRow(payload);
  if (!row.ok) return err({ code: "bad_row", seq, faults: row.error.faults });
  const { id, source, time } = row.value.envelope;
  if (id !== `${batch.epoch}-${seq}`) return err({ code: "bad_row", seq, faults: ["/id: is not the row's place"] });
  if (source !== `/lockers/${batch.locker}`) {
    return err({ code: "bad_row", seq, faults: ["/source: is not the locker that sent it"] });
  }
  if (readTime(time) === undefined) {
    return err({ code: "bad_row", seq, faults: ["/time: must be a moment of the calendar, from 1970 on"] });
  }
  if (row.value.kind === "known" && row.value.fact.name === "code.issued") {
    if (batch.attachments[row.value.fact.data.sealed] === undefined) return err({ code: "missing_attachment", seq });
  }
  return row;
}

/** A moment as a clock writes it. `2026-02-31` and `25:00` have its form too: read, they are nothing or another day. */
export function readTime(text: string): EpochMs | undefined {
  const ms = Date.parse(text);
  return ms >= 0 && new Date(ms).toISOString() === text ? epochMs(ms) : undefined;
}

/** When it happened, by the locker's clock if it has ever been set; else when the fleet heard of it. */
export const happenedAt = ({ envelope }: RowEvent, receivedAt: EpochMs): EpochMs =>
  (envelope.clocktrust === "unset" ? undefined : readTime(envelope.time)) ?? receivedAt;
