-- What a run's CLI told of itself, and what the run used. Costs are millionths of a US dollar, so that sums are exact.
ALTER TABLE run ADD COLUMN resume_token TEXT;
ALTER TABLE run ADD COLUMN model TEXT;
ALTER TABLE run ADD COLUMN cli_version TEXT;
ALTER TABLE run ADD COLUMN containment TEXT;
ALTER TABLE run ADD COLUMN input_tokens INTEGER;
ALTER TABLE run ADD COLUMN output_tokens INTEGER;
ALTER TABLE run ADD COLUMN cost_micro_usd INTEGER;
ALTER TABLE run ADD COLUMN context_tokens INTEGER;
ALTER TABLE run ADD COLUMN context_limit INTEGER;
-- What an unknown failure looks like, without what differs each time; and when the other side says that a new try is worth it.
ALTER TABLE run ADD COLUMN fingerprint TEXT;
ALTER TABLE run ADD COLUMN retry_at INTEGER;
CREATE INDEX run_fingerprint ON run (fingerprint, ended_at) WHERE fingerprint IS NOT NULL;

-- More reasons to hold an agent: SQLite changes a CHECK only with the whole table.
CREATE TABLE hold_2 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agent TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('owner', 'credential', 'crash-loop', 'backoff', 'orphan', 'memory', 'disk', 'budget')),
  subject TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  released_at INTEGER
) STRICT;
INSERT INTO hold_2 SELECT id, agent, kind, subject, reason, since, until, released_at FROM hold;
DROP TABLE hold;
ALTER TABLE hold_2 RENAME TO hold;
CREATE UNIQUE INDEX hold_active ON hold (agent, kind, subject) WHERE released_at IS NULL;

-- What a run asks its owner: a question of the agent, or a CLI's "may I?".
CREATE TABLE question (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL REFERENCES run (id),
  agent TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('ask', 'permission')),
  -- How the asker knows it: the CLI's own request id, or a key.
  request TEXT NOT NULL,
  tool TEXT,
  text TEXT NOT NULL,
  for_run TEXT,
  -- JSON: the answers that are offered.
  options TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'expired', 'withdrawn')),
  answer TEXT,
  answered_by TEXT,
  asked_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  settled_at INTEGER,
  -- When the answer to a permission was written to the CLI.
  delivered_at INTEGER,
  UNIQUE (run_id, request)
) STRICT;
CREATE INDEX question_open ON question (expires_at) WHERE state = 'open';
CREATE INDEX question_settled ON question (settled_at) WHERE settled_at IS NOT NULL;

-- Each agent CLI as it was last seen on this machine; `file` changes with every update of it.
CREATE TABLE cli (
  program TEXT PRIMARY KEY,
  runtime TEXT NOT NULL,
  file TEXT NOT NULL,
  version TEXT,
  previous TEXT,
  state TEXT NOT NULL CHECK (state IN ('wanted', 'reading', 'known', 'probing', 'unreadable')),
  seen_at INTEGER NOT NULL,
  detail TEXT
) STRICT;
