-- A message may belong into a topic of its chat (Bot API: message_thread_id); null: the chat itself.
ALTER TABLE outbox ADD COLUMN topic_id INTEGER;

-- How long nobody had asked Telegram for updates when this one came, in ms: it may be that old; 0: it is fresh.
ALTER TABLE inbox ADD COLUMN away_ms INTEGER NOT NULL DEFAULT 0;

-- When the backup was made in which this draft stood undecided, or not known to be published, once it was restored; null: its fate is known.
ALTER TABLE draft ADD COLUMN restored_at INTEGER;

-- A digest: one row for each time of the schedule, and for each /digest.
CREATE TABLE digest (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- Key of the message with its text: an update that is handled twice is one digest.
  message_key TEXT NOT NULL UNIQUE,
  -- When it was due, or asked for.
  due_at INTEGER NOT NULL,
  -- Who asked for it; null: the schedule.
  asked_by TEXT,
  -- Where it goes; null: the fleet's chat.
  chat_id INTEGER,
  topic_id INTEGER,
  -- What it tells of.
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  -- due: its pictures are to be drawn · told: its messages are rows of the outbox.
  state TEXT NOT NULL CHECK (state IN ('due', 'told')),
  attempts INTEGER NOT NULL DEFAULT 0,
  -- JSON: the pictures that go with it; null: none.
  pictures TEXT,
  -- Why it has no pictures.
  error TEXT,
  -- How long drawing took, in ms.
  drawn_ms INTEGER,
  told_at INTEGER
) STRICT;
CREATE INDEX digest_due ON digest (state, due_at) WHERE state = 'due';
CREATE UNIQUE INDEX digest_scheduled ON digest (due_at) WHERE asked_by IS NULL;
CREATE INDEX digest_told ON digest (to_at) WHERE state = 'told';
-- What a digest counts, without a walk over all that ever was.
CREATE INDEX draft_created ON draft (created_at, agent);
CREATE INDEX due_lost ON due (settled_at) WHERE state IN ('skipped', 'missed');

-- Something that is done only after its owner said so once more: a command that waited through an outage, or one that takes something away.
CREATE TABLE confirmation (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- Key of the message that asks.
  message_key TEXT NOT NULL UNIQUE,
  command TEXT NOT NULL,
  argument TEXT NOT NULL,
  -- Who said it, and when he did.
  actor TEXT NOT NULL,
  said_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'confirmed', 'dropped')),
  decided_by TEXT,
  decided_at INTEGER
) STRICT;

-- A copy of this database.
CREATE TABLE backup (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  due_at INTEGER NOT NULL,
  -- Who asked for it; null: the schedule.
  asked_by TEXT,
  state TEXT NOT NULL CHECK (state IN ('wanted', 'running', 'done', 'failed')),
  -- Name of the file in HOME/backup; null until it is whole. Set back to null once the file has been removed for newer ones.
  file TEXT,
  size_bytes INTEGER,
  started_at INTEGER,
  ended_at INTEGER,
  error TEXT
) STRICT;
CREATE INDEX backup_open ON backup (state) WHERE state IN ('wanted', 'running');
CREATE INDEX backup_ended ON backup (state, ended_at);

-- Each fleet.yaml that was taken over.
CREATE TABLE fleet_load (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  -- SHA-256 of the file.
  hash TEXT NOT NULL,
  how TEXT NOT NULL CHECK (how IN ('start', 'reload', 'signal')),
  actor TEXT,
  -- JSON: one line for each thing that changed, without values that may be secret.
  changes TEXT NOT NULL
) STRICT;

-- A restart of Nightdesk itself, asked for by its owner.
CREATE TABLE self_restart (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  asked_by TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  -- When it goes, whoever still runs.
  deadline_at INTEGER NOT NULL,
  -- Key of the message that shows how it goes.
  message_key TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL CHECK (state IN ('draining', 'going', 'back', 'dropped')),
  ended_at INTEGER
) STRICT;
CREATE INDEX self_restart_open ON self_restart (state) WHERE state IN ('draining', 'going');
