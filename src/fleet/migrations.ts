import { type Kysely, sql } from "kysely";
import { type Migration, type MigrationProvider, Migrator } from "kysely/migration";
import type { FleetDatabase } from "./schema.ts";

/*
 * Every key begins with the locker, so that the tables shard by it; only `idempotency` belongs to a carrier, because
 * the same key used for two lockers has to be noticed.
 */

const strict = sql`strict`;

async function createJournal(db: Kysely<FleetDatabase>): Promise<void> {
  await db.schema
    .createTable("locker")
    .addColumn("locker", "text", (column) => column.primaryKey())
    .addColumn("epoch", "text")
    .addColumn("link", "text", (column) => column.notNull())
    .addColumn("boards", "text", (column) => column.notNull())
    .addColumn("last_contact_at", "integer")
    .addColumn("chain_broken_at", "integer")
    .addColumn("command_seq", "integer", (column) => column.notNull())
    .addColumn("desired_applied", "integer", (column) => column.notNull())
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createTable("epoch")
    .addColumn("locker", "text", (column) => column.notNull())
    .addColumn("epoch", "text", (column) => column.notNull())
    .addColumn("last_seq", "integer", (column) => column.notNull())
    .addColumn("last_hash", "text", (column) => column.notNull())
    .addColumn("first_seen_at", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("epoch_key", ["locker", "epoch"])
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createTable("journal")
    .addColumn("locker", "text", (column) => column.notNull())
    .addColumn("epoch", "text", (column) => column.notNull())
    .addColumn("seq", "integer", (column) => column.notNull())
    .addColumn("type", "text", (column) => column.notNull())
    .addColumn("payload", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .addColumn("received_at", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("journal_key", ["locker", "epoch", "seq"])
    .modifyEnd(sql`strict, without rowid`)
    .execute();
  await db.schema
    .createTable("batch_signature")
    .addColumn("locker", "text", (column) => column.notNull())
    .addColumn("epoch", "text", (column) => column.notNull())
    .addColumn("last_seq", "integer", (column) => column.notNull())
    .addColumn("last_hash", "text", (column) => column.notNull())
    .addColumn("signature", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("batch_signature_key", ["locker", "epoch", "last_seq"])
    .modifyEnd(strict)
    .execute();
}

async function createPicture(db: Kysely<FleetDatabase>): Promise<void> {
  await db.schema
    .createTable("compartment")
    .addColumn("locker", "text", (column) => column.notNull())
    .addColumn("compartment", "integer", (column) => column.notNull())
    .addColumn("size", "text", (column) => column.notNull())
    .addColumn("occupancy", "text", (column) => column.notNull())
    .addColumn("out_of_service", "text")
    .addColumn("door", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("compartment_key", ["locker", "compartment"])
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createTable("board")
    .addColumn("locker", "text", (column) => column.notNull())
    .addColumn("board", "text", (column) => column.notNull())
    .addColumn("health", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("board_key", ["locker", "board"])
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createTable("parcel")
    .addColumn("locker", "text", (column) => column.notNull())
    .addColumn("id", "text", (column) => column.notNull())
    .addColumn("carrier", "text")
    .addColumn("verifier", "text", (column) => column.notNull())
    .addColumn("size", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("maybe_collected", "integer", (column) => column.notNull())
    .addColumn("deposit", "text")
    .addColumn("compartment", "integer")
    .addColumn("notified", "integer", (column) => column.notNull())
    .addColumn("announced_at", "integer", (column) => column.notNull())
    .addColumn("changed_at", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("parcel_key", ["locker", "id"])
    .modifyEnd(strict)
    .execute();
  await db.schema.createIndex("parcel_deposit").on("parcel").columns(["locker", "deposit"]).execute();
  await db.schema.createIndex("parcel_verifier").on("parcel").columns(["locker", "verifier"]).execute();
  await db.schema.createIndex("parcel_id").on("parcel").column("id").execute();
}

async function createOrders(db: Kysely<FleetDatabase>): Promise<void> {
  await db.schema
    .createTable("remote_open")
    .addColumn("locker", "text", (column) => column.notNull())
    .addColumn("command", "text", (column) => column.notNull())
    .addColumn("open_command", "text")
    .addColumn("compartment", "integer", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("code", "text")
    .addColumn("challenge", "text")
    .addColumn("authorisation", "text")
    .addColumn("by", "text", (column) => column.notNull())
    .addColumn("reason", "text", (column) => column.notNull())
    .addColumn("asked_at", "integer", (column) => column.notNull())
    .addColumn("changed_at", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("remote_open_key", ["locker", "command"])
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createIndex("remote_open_compartment")
    .on("remote_open")
    .columns(["locker", "compartment", "state"])
    .execute();
  await db.schema.createIndex("remote_open_asked").on("remote_open").columns(["locker", "asked_at"]).execute();
  for (const column of ["open_command", "authorisation"] as const) {
    await db.schema.createIndex(`remote_open_${column}`).on("remote_open").columns(["locker", column]).execute();
  }
  await db.schema.createIndex("remote_open_pending").on("remote_open").columns(["state", "asked_at"]).execute();
}

async function createOutgoing(db: Kysely<FleetDatabase>): Promise<void> {
  await db.schema
    .createTable("desired")
    .addColumn("locker", "text", (column) => column.primaryKey())
    .addColumn("version", "integer", (column) => column.notNull())
    .addColumn("document", "text", (column) => column.notNull())
    .addColumn("issued_at", "integer", (column) => column.notNull())
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createTable("roster")
    .addColumn("locker", "text", (column) => column.notNull())
    .addColumn("courier", "text", (column) => column.notNull())
    .addColumn("sealed", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("roster_key", ["locker", "courier"])
    .modifyEnd(strict)
    .execute();
  await db.schema
    .createTable("vault_outbox")
    .addColumn("locker", "text", (column) => column.notNull())
    .addColumn("notice", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("deposit", "text", (column) => column.notNull())
    .addColumn("verifier", "text", (column) => column.notNull())
    .addColumn("sealed", "text")
    .addColumn("ended_at", "integer")
    .addColumn("attempts_count", "integer", (column) => column.notNull())
    .addColumn("next_at", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("vault_outbox_key", ["locker", "notice"])
    .modifyEnd(strict)
    .execute();
  await db.schema.createIndex("vault_outbox_deposit").on("vault_outbox").columns(["locker", "deposit"]).execute();
  await db.schema.createIndex("vault_outbox_due").on("vault_outbox").column("next_at").execute();
  await db.schema
    .createTable("idempotency")
    .addColumn("carrier", "text", (column) => column.notNull())
    .addColumn("key", "text", (column) => column.notNull())
    .addColumn("request_hash", "text", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .addColumn("created_at", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("idempotency_key", ["carrier", "key"])
    .modifyEnd(strict)
    .execute();
}

const migrations: Record<string, Migration> = {
  "0001-first": {
    up: async (db: Kysely<FleetDatabase>) => {
      await createJournal(db);
      await createPicture(db);
      await createOrders(db);
      await createOutgoing(db);
    },
  },
  /** Which parcels a snapshot may doubt is asked without reading all that the locker ever had. */
  "0002-parcels-in-locker": {
    up: async (db: Kysely<FleetDatabase>) => {
      await db.schema
        .createIndex("parcel_in_locker")
        .on("parcel")
        .columns(["locker", "maybe_collected", "state"])
        .execute();
    },
  },
};

const provider: MigrationProvider = { getMigrations: async () => migrations };

/** Brings the tables up to date. Throws when a step fails: the process must not serve a half-made database. */
export async function migrate(db: Kysely<FleetDatabase>): Promise<void> {
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw new Error("migrate the fleet's database", { cause: error });
}
