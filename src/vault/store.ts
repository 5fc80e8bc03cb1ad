import type Database from "better-sqlite3";
import type { DepositId, LockerHandle, ParcelVerifier } from "../contract/ids.ts";
import type { EpochMs } from "../contract/time.ts";
import type { EmailContact, NoticeLanguage } from "../contract/vault-api.ts";
import { openDatabase } from "./database.ts";
import { openRow, type SealedRow, sealRow } from "./row-seal.ts";

/** What is sealed of a recipient. */
export type ContactCard = { readonly contact: EmailContact; readonly language: NoticeLanguage };

/** `sending`: handed to the notifier, outcome not yet written down. */
export type SecretState = "waiting" | "sending" | "notified";

export type SecretRow = {
  readonly sealedHash: string;
  readonly deposit: DepositId;
  readonly verifier: ParcelVerifier;
  readonly locker: LockerHandle;
  readonly state: SecretState;
  /** Failed tries so far. */
  readonly failures: number;
};

/** `kept`: new or known. The others are refusals, except `ended`: the parcel is gone. */
export type KeepOutcome = "kept" | "ended" | "other_subject" | "notice_reused";
export type EndOutcome = "ended" | "other_subject" | "notice_reused";

export type VaultStore = {
  /** Refused when another carrier announced the contact, or the parcel is gone. */
  readonly putContact: (entry: {
    readonly verifier: ParcelVerifier;
    readonly locker: LockerHandle;
    readonly carrier: string;
    readonly card: ContactCard;
    readonly now: EpochMs;
    readonly eraseAt: EpochMs;
  }) => "created" | "replaced" | "other_carrier" | "gone";
  /** Opens a contact that is not due for erasure; for RAM, and briefly. */
  readonly contactOf: (
    verifier: ParcelVerifier,
    now: EpochMs,
  ) => { readonly locker: LockerHandle; readonly card: ContactCard } | undefined;
  /** Keeps what a locker sealed, once. */
  readonly keepSecret: (entry: {
    readonly notice: string;
    readonly sealedHash: string;
    readonly sealed: string;
    readonly deposit: DepositId;
    readonly verifier: ParcelVerifier;
    readonly locker: LockerHandle;
    readonly now: EpochMs;
    readonly eraseAt: EpochMs;
    readonly forgetAt: EpochMs;
  }) => KeepOutcome;
  readonly secret: (sealedHash: string) => SecretRow | undefined;
  /** The locker's JWS of a secret that is still there. */
  readonly sealedOf: (sealedHash: string) => string | undefined;
  readonly markSending: (sealedHash: string) => void;
  /** Counts a failed try; the next is due at `tryAt`. */
  readonly markFailed: (sealedHash: string, tryAt: EpochMs) => void;
  readonly markNotified: (sealedHash: string) => void;
  /** Secrets of one parcel that nobody has been told yet. */
  readonly untoldOf: (verifier: ParcelVerifier) => readonly string[];
  /** Untold secrets whose parcel lies where its contact was announced for, and whose next try is due, oldest first. */
  readonly untoldDue: (now: EpochMs, limit: number) => readonly string[];
  /** When the vault first heard of a deposit or its parcel, whichever is later, of what it still holds. */
  readonly learnedAt: (deposit: DepositId, verifier: ParcelVerifier) => EpochMs | undefined;
  /** Erases the secrets of a deposit now and its contact at `eraseContactAt`; null when the parcel may come again. */
  readonly end: (entry: {
    readonly notice: string;
    readonly deposit: DepositId;
    readonly verifier: ParcelVerifier;
    readonly eraseContactAt: EpochMs | null;
    readonly forgetAt: EpochMs;
  }) => EndOutcome;
  /** Erases and forgets what is due; returns how many contacts and secrets went. */
  readonly eraseDue: (now: EpochMs) => number;
  /** When the next contact or secret is due for erasure. */
  readonly nextErasureAt: () => EpochMs | undefined;
  readonly close: () => void;
};

type Row = SealedRow & { readonly locker: LockerHandle };

/** Opens the vault's store. Deletion is the loss of the row's key, its bytes overwritten, and the WAL cut to nothing. */
export function openStore(path: string, masterKey: Uint8Array): VaultStore {
  const database = openDatabase(path);
  const checkpoint = (): void => cutWal(database);
  return {
    ...contactQueries(database, masterKey, checkpoint),
    ...secretQueries(database, masterKey),
    ...deliveryQueries(database),
    ...endingQueries(database, checkpoint),
    close: () => {
      database.close();
    },
  };
}

/** Without this the log keeps copies of rows that are deleted in the database. */
function cutWal(database: Database.Database): void {
  const [outcome] = database.pragma("wal_checkpoint(TRUNCATE)") as readonly { readonly busy: number }[];
  if (outcome?.busy !== 0) throw new Error("another process holds the vault's database open: nothing can be erased");
}

const contactPlace = (verifier: string): string => `contact/${verifier}`;
const secretPlace = (sealedHash: string): string => `secret/${sealedHash}`;

/** Remembers what a notice id stood for; an id that comes back with another subject is a mistake of the fleet. */
function noticeLog(database: Database.Database) {
  const put = database.prepare(
    "INSERT INTO notice (notice, subject, forget_at) VALUES (?, ?, ?) ON CONFLICT (notice) DO NOTHING",
  );
  const subjectOf = database.prepare<[string], string>("SELECT subject FROM notice WHERE notice = ?").pluck();
  return (notice: string, subject: string, forgetAt: EpochMs): "noted" | "reused" => {
    put.run(notice, subject, forgetAt);
    return subjectOf.get(notice) === subject ? "noted" : "reused";
  };
}

function contactQueries(database: Database.Database, masterKey: Uint8Array, checkpoint: () => void) {
  const find = database.prepare<[string], { carrier: string }>("SELECT carrier FROM contact WHERE verifier = ?");
  const isGone = database
    .prepare<{ verifier: string }, number>(
      `SELECT 1 FROM ended WHERE verifier = @verifier AND parcel_gone = 1
         AND NOT EXISTS (SELECT 1 FROM secret WHERE verifier = @verifier)`,
    )
    .pluck();
  const put = database.prepare(
    `INSERT INTO contact (verifier, locker, carrier, wrapped_key, sealed, erase_at, learned_at)
     VALUES (@verifier, @locker, @carrier, @wrappedKey, @sealed, @eraseAt, @now)
     ON CONFLICT (verifier) DO UPDATE SET locker = excluded.locker, wrapped_key = excluded.wrapped_key,
       sealed = excluded.sealed, erase_at = excluded.erase_at`,
  );
  const open = database.prepare<[string, number], Row>(
    "SELECT locker, wrapped_key AS wrappedKey, sealed FROM contact WHERE verifier = ? AND erase_at > ?",
  );
  const putContact = database.transaction((entry: Parameters<VaultStore["putContact"]>[0]) => {
    const { card, ...columns } = entry;
    if (isGone.get({ verifier: entry.verifier }) !== undefined) return "gone";
    const known = find.get(entry.verifier);
    if (known !== undefined && known.carrier !== entry.carrier) return "other_carrier";
    const content = Buffer.from(JSON.stringify(card));
    put.run({ ...columns, ...sealRow(masterKey, contactPlace(entry.verifier), content) });
    content.fill(0);
    return known === undefined ? "created" : "replaced";
  });
  return {
    putContact(entry) {
      const outcome = putContact.immediate(entry);
      if (outcome === "replaced") checkpoint();
      return outcome;
    },
    contactOf(verifier, now) {
      const row = open.get(verifier, now);
      if (row === undefined) return undefined;
      const content = openRow(masterKey, contactPlace(verifier), row);
      const card: ContactCard = JSON.parse(content.toString());
      content.fill(0);
      return { locker: row.locker, card };
    },
  } satisfies Partial<VaultStore>;
}

function secretQueries(database: Database.Database, masterKey: Uint8Array) {
  const note = noticeLog(database);
  const hasEnded = database.prepare<[string], number>("SELECT 1 FROM ended WHERE deposit = ?").pluck();
  const clashes = database
    .prepare<[string, string, string], number>(
      "SELECT 1 FROM secret WHERE deposit = ? AND (verifier <> ? OR locker <> ?)",
    )
    .pluck();
  const put = database.prepare(
    `INSERT INTO secret
       (sealed_hash, deposit, verifier, locker, state, failures, try_at, wrapped_key, sealed, erase_at, learned_at)
     VALUES (@sealedHash, @deposit, @verifier, @locker, 'waiting', 0, @now, @wrappedKey, @sealed, @eraseAt, @now)
     ON CONFLICT (sealed_hash) DO NOTHING`,
  );
  const row = database.prepare<[string], SecretRow>(
    `SELECT sealed_hash AS sealedHash, deposit, verifier, locker, state, failures FROM secret WHERE sealed_hash = ?`,
  );
  const open = database.prepare<[string], SealedRow>(
    "SELECT wrapped_key AS wrappedKey, sealed FROM secret WHERE sealed_hash = ?",
  );
  const keepSecret = database.transaction((entry: Parameters<VaultStore["keepSecret"]>[0]): KeepOutcome => {
    if (note(entry.notice, `issued/${entry.sealedHash}`, entry.forgetAt) === "reused") return "notice_reused";
    if (hasEnded.get(entry.deposit) !== undefined) return "ended";
    if (clashes.get(entry.deposit, entry.verifier, entry.locker) !== undefined) return "other_subject";
    const { notice: _notice, forgetAt: _forgetAt, sealed, ...columns } = entry;
    put.run({ ...columns, ...sealRow(masterKey, secretPlace(entry.sealedHash), Buffer.from(sealed)) });
    return "kept";
  });
  return {
    keepSecret: (entry) => keepSecret.immediate(entry),
    secret: (sealedHash) => row.get(sealedHash),
    sealedOf(sealedHash) {
      const found = open.get(sealedHash);
      return found === undefined ? undefined : openRow(masterKey, secretPlace(sealedHash), found).toString();
    },
  } satisfies Partial<VaultStore>;
}

function deliveryQueries(database: Database.Database) {
  const sending = database.prepare("UPDATE secret SET state = 'sending' WHERE sealed_hash = ?");
  const failed = database.prepare(
    "UPDATE secret SET state = 'waiting', failures = failures + 1, try_at = ? WHERE sealed_hash = ?",
  );
  const notified = database.prepare("UPDATE secret SET state = 'notified' WHERE sealed_hash = ?");
  const untold = database
    .prepare<[string], string>(
      "SELECT sealed_hash FROM secret WHERE verifier = ? AND state <> 'notified' ORDER BY rowid",
    )
    .pluck();
  const due = database
    .prepare<{ now: number; limit: number }, string>(
      `SELECT sealed_hash FROM secret WHERE state <> 'notified' AND try_at <= @now AND (verifier, locker) IN
         (SELECT verifier, locker FROM contact WHERE erase_at > @now) ORDER BY try_at, rowid LIMIT @limit`,
    )
    .pluck();
  return {
    markSending: (sealedHash) => void sending.run(sealedHash),
    markFailed: (sealedHash, tryAt) => void failed.run(tryAt, sealedHash),
    markNotified: (sealedHash) => void notified.run(sealedHash),
    untoldOf: (verifier) => untold.all(verifier),
    untoldDue: (now, limit) => due.all({ now, limit }),
  } satisfies Partial<VaultStore>;
}

function endingQueries(database: Database.Database, checkpoint: () => void) {
  const note = noticeLog(database);
  const clashes = database
    .prepare<[string, string], number>("SELECT 1 FROM secret WHERE deposit = ? AND verifier <> ?")
    .pluck();
  const learnedAt = database
    .prepare<[string, string], EpochMs | null>(
      `SELECT max(learned_at) FROM (SELECT learned_at FROM secret WHERE deposit = ?
         UNION ALL SELECT learned_at FROM contact WHERE verifier = ?)`,
    )
    .pluck();
  const putEnded = database.prepare(
    `INSERT INTO ended (deposit, verifier, parcel_gone, forget_at) VALUES (@deposit, @verifier, @parcelGone, @forgetAt)
     ON CONFLICT (deposit) DO NOTHING`,
  );
  const eraseSecrets = database.prepare("DELETE FROM secret WHERE deposit = ?");
  const hasten = database.prepare("UPDATE contact SET erase_at = min(erase_at, ?) WHERE verifier = ?");
  const dueDeletions = ["contact WHERE erase_at", "secret WHERE erase_at"].map((rows) =>
    database.prepare(`DELETE FROM ${rows} <= ?`),
  );
  const forget = ["ended", "notice"].map((table) => database.prepare(`DELETE FROM ${table} WHERE forget_at <= ?`));
  const next = database
    .prepare<[], EpochMs | null>(
      "SELECT min(erase_at) FROM (SELECT erase_at FROM contact UNION ALL SELECT erase_at FROM secret)",
    )
    .pluck();
  const end = database.transaction((entry: Parameters<VaultStore["end"]>[0]): EndOutcome => {
    if (note(entry.notice, `ended/${entry.deposit}`, entry.forgetAt) === "reused") return "notice_reused";
    if (clashes.get(entry.deposit, entry.verifier) !== undefined) return "other_subject";
    const { deposit, verifier, eraseContactAt, forgetAt } = entry;
    const isNews =
      putEnded.run({ deposit, verifier, forgetAt, parcelGone: eraseContactAt === null ? 0 : 1 }).changes > 0;
    eraseSecrets.run(deposit);
    if (isNews && eraseContactAt !== null) hasten.run(eraseContactAt, verifier);
    return "ended";
  });
  const erase = database.transaction((now: EpochMs): number => {
    for (const statement of forget) statement.run(now);
    return dueDeletions.map((statement) => statement.run(now).changes).reduce((sum, changes) => sum + changes, 0);
  });
  return {
    learnedAt: (deposit, verifier) => learnedAt.get(deposit, verifier) ?? undefined,
    end(entry) {
      const outcome = end.immediate(entry);
      checkpoint();
      return outcome;
    },
    eraseDue(now) {
      const erasedCount = erase.immediate(now);
      checkpoint();
      return erasedCount;
    },
    nextErasureAt: () => next.get() ?? undefined,
  } satisfies Partial<VaultStore>;
}
