import type { Epoch, LockerHandle } from "../../contract/ids.ts";
import type { EventBatch } from "../../contract/messages.ts";
import { invariant } from "../domain/invariant.ts";
import type { JournalRow, Letters, Outbox } from "../ports.ts";

/** Whose journal it is. */
export type BatchSource = {
  readonly handle: LockerHandle;
  readonly epoch: Epoch;
  readonly outbox: Outbox;
  readonly letters: Letters;
};

/** Reads consecutive rows of the journal as one signed batch, with the attachments they name. */
export function readBatch(
  { handle, epoch, outbox, letters }: BatchSource,
  { fromSeq, toSeq }: { readonly fromSeq: number; readonly toSeq: number },
): EventBatch {
  const rows = outbox.rowsAfter(fromSeq - 1, toSeq - fromSeq + 1);
  const last = rows.at(-1);
  invariant(
    last?.seq === toSeq && rows[0]?.seq === fromSeq && rows.length === toSeq - fromSeq + 1,
    `the journal has a gap between rows ${fromSeq} and ${toSeq}`,
  );
  return {
    locker: handle,
    epoch,
    firstSeq: fromSeq,
    rows: rows.map(({ payload }) => payload),
    attachments: Object.fromEntries(rows.flatMap(attachmentOf)),
    lastHash: last.hash,
    signature: letters.signBatch({ epoch, lastSeq: last.seq, lastHash: last.hash }),
  };
}

const attachmentOf = ({ attachment }: JournalRow): readonly (readonly [string, string])[] =>
  attachment === null ? [] : [[attachment.sha256, attachment.text]];
