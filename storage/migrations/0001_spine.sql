-- Times are epoch milliseconds. Every row that stands for an act carries the state of that act.

CREATE TABLE setting (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

-- Who did what, for people: decisions, holds, logins.
CREATE TABLE journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  subject TEXT NOT NULL,
  event TEXT NOT NULL,
  actor TEXT NOT NULL,
  detail TEXT
) STRICT;
CREATE INDEX journal_subject ON journal (subject, id);

-- What Telegram sent us: stored before it is confirmed.
CREATE TABLE inbox (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  update_id INTEGER NOT NULL,
  -- What makes the update itself one of a kind: update ids may start again lower.
  identity TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  urgent INTEGER NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'done', 'dead')),
  attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  UNIQUE (update_id, identity)
) STRICT;
CREATE INDEX inbox_queued ON inbox (urgent DESC, sequence) WHERE state = 'queued';

-- What Telegram shall show: `wanted` counts the versions asked for, `shown` is the last one delivered.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  class TEXT NOT NULL CHECK (class IN ('answer', 'alert', 'reply', 'card', 'notice')),
  priority INTEGER NOT NULL,
  chat_id INTEGER,
  reply_to_key TEXT,
  content TEXT NOT NULL,
  silent INTEGER NOT NULL DEFAULT 0,
  wanted INTEGER NOT NULL DEFAULT 1,
  shown INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'refused', 'unknown')),
  message_id INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER NOT NULL,
  give_up_at INTEGER,
  created_at INTEGER NOT NULL,
  sent_at INTEGER,
  error TEXT
) STRICT;
CREATE INDEX outbox_queued ON outbox (priority, next_at, id) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_message ON outbox (chat_id, message_id) WHERE message_id IS NOT NULL;

-- State of grammY's conversations: the short dialogues with the owner.
CREATE TABLE conversation (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

-- One execution of an agent.
CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agent TEXT NOT NULL,
  cause TEXT NOT NULL,
  publication_id INTEGER REFERENCES publication (id),
  state TEXT NOT NULL CHECK (state IN ('starting', 'running', 'done', 'failed', 'stopped', 'lost')),
  wanted_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  failure TEXT,
  evidence TEXT,
  exit TEXT,
  stop_reason TEXT,
  stop_wanted_at INTEGER,
  generations TEXT NOT NULL DEFAULT '{}',
  token_hash TEXT UNIQUE,
  pid INTEGER,
  start_ticks TEXT,
  boot_id TEXT,
  log_path TEXT,
  output_bytes INTEGER NOT NULL DEFAULT 0,
  output_at INTEGER,
  beat_at INTEGER,
  beat_note TEXT,
  progress_at INTEGER,
  progress_note TEXT
) STRICT;
CREATE UNIQUE INDEX run_alive ON run (agent) WHERE state IN ('starting', 'running');
CREATE INDEX run_agent ON run (agent, id);
CREATE INDEX run_ended ON run (ended_at);

-- When an agent is due, and what came of it: the scheduler's receipts. One row may stand for several due times that were settled alike.
CREATE TABLE due (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agent TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  times INTEGER NOT NULL DEFAULT 1,
  cause TEXT NOT NULL CHECK (cause IN ('schedule', 'catch-up', 'resumed', 'owner', 'task', 'trial')),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'ran', 'skipped', 'missed')),
  reason TEXT,
  run_id INTEGER REFERENCES run (id),
  settled_at INTEGER
) STRICT;
CREATE UNIQUE INDEX due_waiting ON due (agent) WHERE state = 'waiting';
CREATE INDEX due_agent ON due (agent, id);

-- What keeps agents from running; holds add up. Agent '' is the whole fleet.
CREATE TABLE hold (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agent TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('owner', 'credential', 'crash-loop', 'backoff')),
  subject TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  released_at INTEGER
) STRICT;
CREATE UNIQUE INDEX hold_active ON hold (agent, kind, subject) WHERE released_at IS NULL;

CREATE TABLE credential (
  name TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('unknown', 'alive', 'dead', 'logging-in')),
  generation INTEGER NOT NULL DEFAULT 1,
  since INTEGER NOT NULL,
  proved_at INTEGER,
  checked_at INTEGER,
  check_wanted_at INTEGER,
  check_detail TEXT,
  evidence TEXT,
  probes INTEGER NOT NULL DEFAULT 0,
  trial_open INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Every check that was made, and every login: the rows that the prober works through.
CREATE TABLE credential_check (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  credential TEXT NOT NULL,
  at INTEGER NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('ok', 'failed', 'unclear')),
  detail TEXT NOT NULL
) STRICT;
CREATE TABLE login (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  credential TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('wanted', 'running', 'done', 'failed')),
  wanted_by TEXT NOT NULL,
  wanted_at INTEGER NOT NULL,
  ended_at INTEGER,
  detail TEXT,
  pid INTEGER,
  start_ticks TEXT,
  boot_id TEXT
) STRICT;
CREATE UNIQUE INDEX login_open ON login (credential) WHERE state IN ('wanted', 'running');

CREATE TABLE incident (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  subject TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('critical', 'warning')),
  state TEXT NOT NULL CHECK (state IN ('firing', 'acknowledged', 'resolved')),
  title TEXT NOT NULL,
  evidence TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  times INTEGER NOT NULL DEFAULT 1,
  acknowledged_at INTEGER,
  acknowledged_by TEXT,
  resolved_at INTEGER,
  note TEXT
) STRICT;
CREATE UNIQUE INDEX incident_open ON incident (fingerprint) WHERE state <> 'resolved';
CREATE TABLE incident_agent (
  incident_id INTEGER NOT NULL REFERENCES incident (id),
  agent TEXT NOT NULL,
  PRIMARY KEY (incident_id, agent)
) STRICT, WITHOUT ROWID;

CREATE TABLE draft (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agent TEXT NOT NULL,
  run_id INTEGER NOT NULL REFERENCES run (id),
  key TEXT,
  kind TEXT NOT NULL,
  recipient TEXT NOT NULL,
  url TEXT,
  context TEXT,
  priority INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'publishing', 'published', 'unknown', 'rejected', 'expired')),
  revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  window_ends_at INTEGER,
  decided_at INTEGER,
  decided_by TEXT,
  reason TEXT,
  published_url TEXT,
  published_id TEXT
) STRICT;
CREATE UNIQUE INDEX draft_key ON draft (agent, key) WHERE key IS NOT NULL;
CREATE INDEX draft_open ON draft (state, window_ends_at) WHERE state IN ('pending', 'approved', 'publishing', 'unknown');
CREATE INDEX draft_agent ON draft (agent, id);
CREATE TABLE draft_revision (
  draft_id INTEGER NOT NULL REFERENCES draft (id),
  revision INTEGER NOT NULL,
  body TEXT NOT NULL,
  hash TEXT NOT NULL,
  author TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (draft_id, revision)
) STRICT, WITHOUT ROWID;
-- What became of a draft, in order: what `nightdesk decisions` tells the agent.
CREATE TABLE decision (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  draft_id INTEGER NOT NULL REFERENCES draft (id),
  revision INTEGER NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('approved', 'edited', 'rejected', 'expired', 'published', 'failed', 'unknown')),
  actor TEXT NOT NULL,
  reason TEXT,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX decision_draft ON decision (draft_id, id);
CREATE INDEX decision_at ON decision (at);

-- One attempt to publish one approved revision.
CREATE TABLE publication (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  draft_id INTEGER NOT NULL REFERENCES draft (id),
  revision INTEGER NOT NULL,
  hash TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  publisher TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('wanted', 'running', 'published', 'later', 'failed', 'unknown', 'dropped')),
  approved_by TEXT NOT NULL,
  approved_at INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  ended_at INTEGER,
  detail TEXT,
  UNIQUE (draft_id, revision, attempt)
) STRICT;
CREATE UNIQUE INDEX publication_open ON publication (draft_id) WHERE state IN ('wanted', 'running', 'unknown');
CREATE INDEX publication_wanted ON publication (next_at) WHERE state = 'wanted';
