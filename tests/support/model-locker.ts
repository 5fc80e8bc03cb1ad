import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { eventType, type Fact } from "../../src/contract/events.ts";
import type { Epoch, LockerHandle } from "../../src/contract/ids.ts";
import { batchStatement, type EventBatch } from "../../src/contract/messages.ts";
import type { ClockTrust } from "../../src/contract/time.ts";

export type ModelRow = { readonly seq: number; readonly payload: string; readonly hash: string };

/**
 * A locker that only keeps a journal and signs batches of it, with a real key. It hashes and signs by itself, so that
 * a fault in the fleet's own reading of the chain cannot hide.
 */
export class ModelLocker {
  readonly handle: LockerHandle;
  readonly epoch: Epoch;
  readonly signingKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly sealingKey: KeyObject;
  readonly sealingPublicKey: KeyObject;
  /** What its clock says before the first row, and whether a time source agrees. Each row is a second later. */
  clock: { readonly ms: number; readonly trust: ClockTrust } = { ms: Date.UTC(2026, 0, 1), trust: "synced" };
  readonly rows: ModelRow[] = [];
  readonly attachments = new Map<number, string>();

  constructor(handle = `model${randomBytes(4).toString("hex")}`, epoch = randomBytes(8).toString("hex")) {
    const signing = generateKeyPairSync("ed25519");
    const sealing = generateKeyPairSync("x25519");
    this.handle = handle as LockerHandle;
    this.epoch = epoch as Epoch;
    this.signingKey = signing.privateKey;
    this.publicKey = signing.publicKey;
    this.sealingKey = sealing.privateKey;
    this.sealingPublicKey = sealing.publicKey;
  }

  /** Writes facts into the journal, one row each. */
  write(...facts: readonly Fact[]): this {
    for (const { name, data, attachment } of facts) {
      const seq = this.rows.length + 1;
      this.writeText(
        JSON.stringify({
          specversion: "1.0",
          id: `${this.epoch}-${seq}`,
          source: `/lockers/${this.handle}`,
          type: eventType(name),
          time: new Date(this.clock.ms + seq * 1000).toISOString(),
          clocktrust: this.clock.trust,
          datacontenttype: "application/json",
          data,
        }),
      );
      if (attachment !== undefined) this.attachments.set(seq, attachment);
    }
    return this;
  }

  /** Writes any text as the next row, properly chained. */
  writeText(payload: string): this {
    const previous = this.rows.at(-1)?.hash ?? "00".repeat(32);
    const hash = createHash("sha256")
      .update(Buffer.concat([Buffer.from(previous, "hex"), Buffer.from(payload, "utf8")]))
      .digest("hex");
    this.rows.push({ seq: this.rows.length + 1, payload, hash });
    return this;
  }

  /** The rows `first..last` as a signed batch. */
  batch(first = 1, last = this.rows.length): EventBatch {
    const rows = this.rows.slice(first - 1, last);
    const lastHash = rows.at(-1)?.hash ?? "";
    const attachments = Object.fromEntries(
      [...this.attachments]
        .filter(([seq]) => seq >= first && seq <= last)
        .map(([, text]) => [createHash("sha256").update(text).digest("hex"), text]),
    );
    const statement = batchStatement({ locker: this.handle, epoch: this.epoch, lastSeq: last, lastHash });
    return {
      locker: this.handle,
      epoch: this.epoch,
      firstSeq: first,
      rows: rows.map(({ payload }) => payload),
      attachments,
      lastHash,
      signature: sign(null, Buffer.from(statement), this.signingKey).toString("base64url"),
    };
  }

  /** Signs a batch that was tampered with, as a locker gone wrong would. */
  resign(batch: EventBatch): EventBatch {
    const lastSeq = batch.firstSeq + batch.rows.length - 1;
    const statement = batchStatement({ ...batch, lastSeq });
    return { ...batch, signature: sign(null, Buffer.from(statement), this.signingKey).toString("base64url") };
  }

  bytes(first?: number, last?: number): Uint8Array {
    return bytesOf(this.batch(first, last));
  }
}

export const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
