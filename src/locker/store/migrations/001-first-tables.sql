-- One table for each durable table of the state, one column for each field, and the journal beside them.

CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch TEXT NOT NULL CHECK (length(epoch) = 16 AND epoch NOT GLOB '*[^0-9a-f]*'),
  handle TEXT NOT NULL CHECK (length(handle) BETWEEN 8 AND 32 AND handle NOT GLOB '*[^a-z0-9]*'),
  acked_seq INTEGER NOT NULL CHECK (acked_seq >= 0),
  issuer_epoch INTEGER NOT NULL CHECK (issuer_epoch >= 0),
  command_seq INTEGER NOT NULL CHECK (command_seq >= 0),
  desired_version INTEGER NOT NULL CHECK (desired_version >= 0),
  roster_issued_at INTEGER NOT NULL CHECK (roster_issued_at >= 0),
  clean_stop INTEGER NOT NULL CHECK (clean_stop IN (0, 1)),
  wall_floor INTEGER NOT NULL CHECK (wall_floor >= 0)
) STRICT;

CREATE TABLE compartment (
  id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 1000),
  size TEXT NOT NULL CHECK (size IN ('S', 'M', 'L')),
  occupancy TEXT NOT NULL CHECK (occupancy IN ('available', 'reserved', 'occupied', 'unknown')),
  out_of_service TEXT CHECK (out_of_service IN ('broken', 'blocked', 'dirty', 'sensor_fault', 'audit')),
  door TEXT NOT NULL CHECK (door IN ('open', 'closed', 'unknown')),
  deposit TEXT REFERENCES deposit (id) DEFERRABLE INITIALLY DEFERRED,
  authorisation TEXT CHECK (length(authorisation) = 14 AND authorisation NOT GLOB '*[^0-9a-f]*')
) STRICT;

CREATE TABLE deposit (
  id TEXT PRIMARY KEY CHECK (length(id) = 32 AND id NOT GLOB '*[^0-9a-f]*'),
  compartment INTEGER NOT NULL CHECK (compartment BETWEEN 1 AND 1000),
  verifier TEXT NOT NULL CHECK (length(verifier) = 32 AND verifier NOT GLOB '*[^0-9a-f]*'),
  courier TEXT NOT NULL CHECK (length(courier) BETWEEN 4 AND 8 AND courier NOT GLOB '*[^0-9]*'),
  state TEXT NOT NULL CHECK (state IN ('depositing', 'stored', 'collecting', 'collected', 'cancelled', 'disputed')),
  doubted_by TEXT CHECK (doubted_by = 'break_in'
    OR (length(doubted_by) = 14 AND doubted_by NOT GLOB '*[^0-9a-f]*')),
  held INTEGER NOT NULL CHECK (held IN (0, 1)),
  code TEXT NOT NULL CHECK (code IN ('none', 'pending', 'live', 'claimed', 'burned')),
  code_digest TEXT CHECK (length(code_digest) = 32 AND code_digest NOT GLOB '*[^0-9a-f]*'),
  extension_digest TEXT CHECK (length(extension_digest) = 32 AND extension_digest NOT GLOB '*[^0-9a-f]*'),
  qr_digest TEXT CHECK (length(qr_digest) = 32 AND qr_digest NOT GLOB '*[^0-9a-f]*'),
  started_at INTEGER NOT NULL CHECK (started_at >= 0),
  ended_at INTEGER CHECK (ended_at >= 0),
  CHECK (code NOT IN ('live', 'claimed')
    OR (code_digest IS NOT NULL AND extension_digest IS NOT NULL AND qr_digest IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX one_live_deposit_per_compartment ON deposit (compartment)
  WHERE state IN ('depositing', 'stored', 'collecting');

CREATE TABLE authorisation (
  id TEXT PRIMARY KEY CHECK (length(id) = 14 AND id NOT GLOB '*[^0-9a-f]*'),
  purpose TEXT NOT NULL CHECK (purpose IN ('deposit', 'pickup', 'reopen', 'remote')),
  compartment INTEGER NOT NULL CHECK (compartment BETWEEN 1 AND 1000),
  deposit TEXT CHECK (length(deposit) = 32 AND deposit NOT GLOB '*[^0-9a-f]*'),
  state TEXT NOT NULL CHECK (state IN ('commanded', 'opened', 'closed', 'blocked', 'rejected', 'in_doubt')),
  at INTEGER NOT NULL CHECK (at >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
  op TEXT PRIMARY KEY CHECK (length(op) = 16 AND op NOT GLOB '*[^0-9a-f]*'),
  authorisation TEXT NOT NULL CHECK (length(authorisation) = 14 AND authorisation NOT GLOB '*[^0-9a-f]*'),
  number INTEGER NOT NULL CHECK (number IN (1, 2)),
  outcome TEXT NOT NULL CHECK (outcome IN ('sent', 'accepted', 'rejected', 'unknown', 'stayed_closed')),
  at INTEGER NOT NULL CHECK (at >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE proof (
  digest TEXT PRIMARY KEY CHECK (length(digest) = 32 AND digest NOT GLOB '*[^0-9a-f]*'),
  kind TEXT NOT NULL CHECK (kind IN ('code', 'qr')),
  deposit TEXT REFERENCES deposit (id) DEFERRABLE INITIALLY DEFERRED,
  died_at INTEGER CHECK (died_at >= 0)
) STRICT, WITHOUT ROWID;

-- Finds the proofs of a pruned deposit; dead proofs no longer name one.
CREATE INDEX proof_of_deposit ON proof (deposit) WHERE deposit IS NOT NULL;

CREATE TABLE courier (
  id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 4 AND 8 AND id NOT GLOB '*[^0-9]*'),
  pin_hash TEXT NOT NULL CHECK (pin_hash GLOB '$argon2id$*'),
  totp_sealed TEXT NOT NULL,
  may_deposit INTEGER NOT NULL CHECK (may_deposit IN (0, 1)),
  may_recall INTEGER NOT NULL CHECK (may_recall IN (0, 1)),
  totp_step INTEGER NOT NULL CHECK (totp_step >= -1)
) STRICT, WITHOUT ROWID;

CREATE TABLE budget (
  name TEXT PRIMARY KEY CHECK (name IN ('code', 'pin', 'remote_occupied')),
  level REAL NOT NULL CHECK (level >= 0),
  strikes INTEGER NOT NULL CHECK (strikes >= 0)
) STRICT, WITHOUT ROWID;

-- What happened, in the exact bytes that are published, each row bound to the one before it by its hash.
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY CHECK (seq >= 1),
  payload TEXT NOT NULL,
  hash TEXT NOT NULL CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
  at INTEGER NOT NULL CHECK (at >= 0)
) STRICT;

-- The sealed secret a journal row speaks of, until the fleet has stored it.
CREATE TABLE attachment (
  seq INTEGER PRIMARY KEY REFERENCES journal (seq),
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64 AND sha256 NOT GLOB '*[^0-9a-f]*'),
  text TEXT NOT NULL
) STRICT;

CREATE TRIGGER attachment_ends_at_ack AFTER UPDATE OF acked_seq ON meta
WHEN NEW.acked_seq > OLD.acked_seq
BEGIN
  DELETE FROM attachment WHERE seq <= NEW.acked_seq;
END;

-- When the fleet acknowledged up to which row, noted at most once an hour: the age pruning goes by.
CREATE TABLE ack_mark (
  seq INTEGER PRIMARY KEY CHECK (seq >= 1),
  at INTEGER NOT NULL CHECK (at >= 0)
) STRICT;

-- The row the retained journal follows: sequence 0 and 32 zero bytes, or the last row that was pruned.
CREATE TABLE journal_base (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL CHECK (seq >= 0),
  hash TEXT NOT NULL CHECK (length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
  -- Why this database was made; what it follows decides how far compartments can be believed.
  origin TEXT NOT NULL CHECK (origin IN ('created', 'after_quarantine'))
) STRICT;
