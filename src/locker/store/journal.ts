import { createHash } from "node:crypto";
import type Database from "better-sqlite3";
import { type EventEnvelope, eventType, type Fact } from "../../contract/events.ts";
import type { Epoch, LockerHandle } from "../../contract/ids.ts";
import type { ClockTrust, EpochMs } from "../../contract/time.ts";
import { invariant } from "../domain/invariant.ts";
import type { JournalRow } from "../ports.ts";
import { type ChainHead, chainHash, toHex } from "./chain.ts";

/** When facts happened, and how far that can be believed. */
export type FactTime = { readonly wall: EpochMs; readonly clockTrust: ClockTrust };

type Identity = { readonly handle: LockerHandle; readonly epoch: Epoch };

/** The exact text of a fact's journal row: a structured CloudEvents 1.0 document. */
function eventText(place: Identity & { readonly seq: number }, fact: Fact, at: FactTime): string {
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

type StoredRow = {
  readonly seq: number;
  readonly payload: string;
  readonly hash: string;
  readonly sha256: string | null;
  readonly text: string | null;
};

export function openJournal(db: Database.Database, identity: Identity) {
  const insert = db.prepare("INSERT INTO journal (seq, payload, hash, at) VALUES (?, ?, ?, ?)");
  const attach = db.prepare("INSERT INTO attachment (seq, sha256, text) VALUES (?, ?, ?)");
  const selectAfter = db.prepare<[number, number], StoredRow>(
    "SELECT seq, payload, hash, sha256, text FROM journal LEFT JOIN attachment USING (seq) " +
      "WHERE seq > ? ORDER BY seq LIMIT ?",
  );
  return {
    /** Adds facts after `head`, inside the transaction of their state change; answers the new head. */
    append(head: ChainHead, facts: readonly Fact[], at: FactTime): ChainHead {
      let { seq, hash } = head;
      for (const fact of facts) {
        seq += 1;
        const payload = eventText({ ...identity, seq }, fact, at);
        hash = chainHash(hash, payload);
        insert.run(seq, payload, toHex(hash), at.wall);
        if (fact.attachment === undefined) continue;
        const sha256 = createHash("sha256").update(fact.attachment, "utf8").digest("hex");
        invariant(payload.includes(sha256), `row ${seq} does not name its attachment by its SHA-256`);
        attach.run(seq, sha256, fact.attachment);
      }
      return { seq, hash };
    },

    /** Rows after `seq`, oldest first. Pruned rows are passed over. */
    rowsAfter: (seq: number, limit: number): readonly JournalRow[] =>
      selectAfter.all(seq, limit).map(({ sha256, text, ...row }) => ({
        ...row,
        attachment: sha256 === null || text === null ? null : { sha256, text },
      })),
  };
}
