-- Secrets that end, and those that were changed. Secrets themselves are in no table.
ALTER TABLE credential ADD COLUMN first_seen_at INTEGER;
-- The last login, pasted token or rotation that passed its check: what `lifetime` and `rotate` count from.
ALTER TABLE credential ADD COLUMN renewed_at INTEGER;
-- How long before its end (ms) the owner was warned last, and of which end.
ALTER TABLE credential ADD COLUMN warned_ms INTEGER;
ALTER TABLE credential ADD COLUMN warned_end INTEGER;
UPDATE credential SET first_seen_at = since;

-- How far a login has come: what the owner is shown of it. What he answers is in no row.
ALTER TABLE login ADD COLUMN stage TEXT NOT NULL DEFAULT 'starting'
  CHECK (stage IN ('starting', 'waiting', 'asking', 'typed', 'checking'));
ALTER TABLE login ADD COLUMN link TEXT;
-- What a device login shows, to be typed in on the vendor's page.
ALTER TABLE login ADD COLUMN user_code TEXT;
ALTER TABLE login ADD COLUMN question TEXT;
ALTER TABLE login ADD COLUMN answers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE login ADD COLUMN chat_id INTEGER;
ALTER TABLE login ADD COLUMN cancel_wanted_at INTEGER;

-- One change of a secret by its rotation command.
CREATE TABLE rotation (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  credential TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'checking', 'done', 'failed')),
  started_at INTEGER,
  ended_at INTEGER,
  detail TEXT,
  pid INTEGER,
  start_ticks TEXT,
  boot_id TEXT
) STRICT;
CREATE UNIQUE INDEX rotation_open ON rotation (credential) WHERE state IN ('waiting', 'running', 'checking');
CREATE INDEX rotation_credential ON rotation (credential, id);

ALTER TABLE incident ADD COLUMN silenced_until INTEGER;
-- When it was last sent anew, and how often.
ALTER TABLE incident ADD COLUMN repeated_at INTEGER;
ALTER TABLE incident ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0;
-- The incident that it follows from: it is not told by itself as long as that one lasts.
ALTER TABLE incident ADD COLUMN inhibited_by INTEGER REFERENCES incident (id) ON DELETE SET NULL;
ALTER TABLE incident ADD COLUMN is_drill INTEGER NOT NULL DEFAULT 0;
-- Key of the outbox message that tells of it: one of its own, or one for many; null while it is not told.
ALTER TABLE incident ADD COLUMN message_key TEXT;
-- What it cost, in words, once it is over.
ALTER TABLE incident ADD COLUMN cost TEXT;
-- Key of the outbox message that tells that it is over; null while none does.
ALTER TABLE incident ADD COLUMN recovery_key TEXT;
-- When the fallback was last asked to tell of it.
ALTER TABLE incident ADD COLUMN fallback_at INTEGER;
UPDATE incident SET message_key = 'incident:' || id;
UPDATE incident SET recovery_key = message_key || ':recovery' WHERE state = 'resolved';
CREATE INDEX incident_resolved ON incident (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX incident_message ON incident (message_key);
CREATE INDEX incident_recovery ON incident (recovery_key) WHERE recovery_key IS NOT NULL;
-- How many alerts came of late: what a storm is judged by.
CREATE INDEX outbox_alert ON outbox (created_at) WHERE class = 'alert';

-- What the second route shall tell: a row before the program is started.
CREATE TABLE fallback (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  incident_id INTEGER REFERENCES incident (id) ON DELETE SET NULL,
  text TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  error TEXT
) STRICT;
CREATE INDEX fallback_open ON fallback (next_at) WHERE state IN ('queued', 'sending');

-- Incidents that the owner does not want to be told of for a while.
CREATE TABLE silence (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  matcher TEXT NOT NULL,
  by TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;

-- The clocks of a run beside its own words: what its CLI's stream showed of new work, what its folder showed.
ALTER TABLE run ADD COLUMN lively_at INTEGER;
ALTER TABLE run ADD COLUMN worked_at INTEGER;
-- A step that its agent declared to be long, and until when nothing is expected of it.
ALTER TABLE run ADD COLUMN patient_until INTEGER;
-- When it was last asked for a sign of life.
ALTER TABLE run ADD COLUMN asked_at INTEGER;
-- What it does over and over, in words.
ALTER TABLE run ADD COLUMN repeating TEXT;

-- Fire drills: a fault that was made on purpose, and how long the owner's phone took to ring.
CREATE TABLE drill (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'passed', 'failed')),
  wanted_by TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  -- The run that was made to fail; null for a fault of another kind.
  run_id INTEGER,
  -- When the fault came about, was noticed, and was told.
  fault_at INTEGER,
  detected_at INTEGER,
  incident_id INTEGER REFERENCES incident (id) ON DELETE SET NULL,
  delivered_at INTEGER,
  ended_at INTEGER,
  detail TEXT
) STRICT;
CREATE UNIQUE INDEX drill_open ON drill (state) WHERE state = 'running';
CREATE INDEX drill_kind ON drill (kind, id);

-- Percents of a budget of which the owner was told, once each.
CREATE TABLE budget_notice (
  month TEXT NOT NULL,
  -- '' is the whole fleet.
  agent TEXT NOT NULL,
  percent INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (month, agent, percent)
) STRICT, WITHOUT ROWID;
-- All that the sum of a month reads, so that it need not look at the runs themselves.
CREATE INDEX run_cost ON run (ended_at, agent, cost_micro_usd) WHERE cost_micro_usd IS NOT NULL;
