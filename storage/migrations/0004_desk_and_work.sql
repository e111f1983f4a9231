-- The desk: what waits and until when, and what was asked of a draft's author.
ALTER TABLE draft ADD COLUMN snoozed_until INTEGER;
-- The percent of its window that its owner was reminded at last; 0: not yet.
ALTER TABLE draft ADD COLUMN reminded_percent INTEGER NOT NULL DEFAULT 0;
-- The owner wants another version: what is to be different, who wants it, since when; null once it came, or the draft was decided.
ALTER TABLE draft ADD COLUMN revise_instruction TEXT;
ALTER TABLE draft ADD COLUMN revise_wanted_by TEXT;
ALTER TABLE draft ADD COLUMN revise_wanted_at INTEGER;
-- When the owner could first see it, on a card or in a queue message: what the time to a decision is counted from.
ALTER TABLE draft ADD COLUMN shown_at INTEGER;
-- 1: it came with many others, and is told of in one message for all of them until something happens to it.
ALTER TABLE draft ADD COLUMN is_queued INTEGER NOT NULL DEFAULT 0;
-- The end of the time in which an approval can be taken back.
ALTER TABLE draft ADD COLUMN undo_until INTEGER;
-- JSON: files that go out with this text, each {name, type, sizeBytes, sha256}; their bytes are under HOME/media.
ALTER TABLE draft_revision ADD COLUMN media TEXT NOT NULL DEFAULT '[]';
-- When the desk watch next has something to do for it (0: at once, nothing is planned yet); null: nothing any more.
ALTER TABLE draft ADD COLUMN watch_at INTEGER;
-- When its last snooze ended: the time that its owner has to object to a rule is counted from then.
ALTER TABLE draft ADD COLUMN woken_at INTEGER;
-- 1: when a rule was to approve it, the rule had reached its number for that day: from then on it waits for a person.
ALTER TABLE draft ADD COLUMN rule_over INTEGER NOT NULL DEFAULT 0;
CREATE INDEX draft_watch ON draft (watch_at) WHERE watch_at IS NOT NULL;
CREATE INDEX draft_queued ON draft (id) WHERE is_queued = 1 AND state = 'pending' AND shown_at IS NULL;
CREATE INDEX draft_snoozed ON draft (snoozed_until) WHERE snoozed_until IS NOT NULL AND state = 'pending';
CREATE INDEX draft_decided ON draft (decided_at, state) WHERE decided_at IS NOT NULL;
CREATE INDEX draft_record ON draft (agent, id) WHERE state <> 'pending';
-- Texts with files, without which looking for the files of a year reads the texts of a year.
CREATE INDEX draft_revision_media ON draft_revision (created_at) WHERE media <> '[]';

-- More verdicts: SQLite changes a CHECK only with the whole table.
CREATE TABLE decision_2 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  draft_id INTEGER NOT NULL REFERENCES draft (id),
  revision INTEGER NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN
    ('approved', 'edited', 'rejected', 'expired', 'published', 'failed', 'unknown', 'undone', 'revise', 'revised')),
  actor TEXT NOT NULL,
  reason TEXT,
  at INTEGER NOT NULL
) STRICT;
INSERT INTO decision_2 SELECT id, draft_id, revision, verdict, actor, reason, at FROM decision;
DROP TABLE decision;
ALTER TABLE decision_2 RENAME TO decision;
CREATE INDEX decision_draft ON decision (draft_id, id);
CREATE INDEX decision_at ON decision (at);

-- A message that shows one waiting draft after the other, and moves on with each decision.
CREATE TABLE review (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- Key of its message in the outbox.
  message_key TEXT NOT NULL UNIQUE,
  -- Who opened it: an owner by /drafts, a queue of drafts without cards, or what an outage left behind.
  origin TEXT NOT NULL CHECK (origin IN ('command', 'queue', 'triage')),
  -- Whose drafts it goes through: JSON {kind} or {agent}; {} is all of them.
  filter TEXT NOT NULL DEFAULT '{}',
  shows TEXT NOT NULL CHECK (shows IN ('draft', 'batch', 'triage', 'end')),
  -- The draft that it shows now; and what was wanted of it (a later time, another version) when it came into view.
  draft_id INTEGER REFERENCES draft (id),
  revision INTEGER,
  seen TEXT NOT NULL DEFAULT '',
  -- JSON: what it says above the draft besides the numbers: {title, past} of a triage, or a sentence about the last batch.
  words TEXT,
  -- JSON: what it went through, in order: {draft, said}.
  passed TEXT NOT NULL DEFAULT '[]',
  opened_at INTEGER NOT NULL,
  -- When somebody last moved it on; null: nobody has yet.
  moved_at INTEGER
) STRICT;
CREATE INDEX review_shown ON review (draft_id) WHERE shows = 'draft';

-- Several drafts that were listed to be approved together: exactly these texts, and no others.
CREATE TABLE batch (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  review_id INTEGER REFERENCES review (id),
  -- JSON: [{draft, revision, hash}].
  drafts TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  decided_at INTEGER,
  decided_by TEXT
) STRICT;
CREATE INDEX batch_review ON batch (review_id, id);

-- Work that agents hand to each other. Long texts come last: what is counted and looked for is read without them.
CREATE TABLE task (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agent TEXT NOT NULL,
  title TEXT NOT NULL,
  key TEXT,
  by_agent TEXT NOT NULL,
  by_run INTEGER REFERENCES run (id) ON DELETE SET NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'claimed', 'done', 'failed')),
  created_at INTEGER NOT NULL,
  -- Who has it, and until when without a sign of theirs; of an ended one who ended it; null while nobody has.
  run_id INTEGER REFERENCES run (id) ON DELETE SET NULL,
  claimed_at INTEGER,
  lease_until INTEGER,
  -- Claims that ended without a result, since the last result; and when it is offered again.
  attempts INTEGER NOT NULL DEFAULT 0,
  offer_at INTEGER NOT NULL,
  ended_at INTEGER,
  reason TEXT,
  brief TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX task_key ON task (agent, key) WHERE key IS NOT NULL;
CREATE INDEX task_open ON task (agent, id) WHERE state IN ('open', 'claimed');
CREATE INDEX task_offered ON task (agent, offer_at, id) WHERE state = 'open';
CREATE INDEX task_claimed ON task (lease_until) WHERE state = 'claimed';
CREATE INDEX task_ended ON task (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX task_run ON task (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX task_by_run ON task (by_run) WHERE by_run IS NOT NULL;
CREATE TABLE task_phase (
  task_id INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  run_id INTEGER REFERENCES run (id) ON DELETE SET NULL,
  done_at INTEGER,
  output TEXT,
  PRIMARY KEY (task_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_phase_run ON task_phase (run_id) WHERE run_id IS NOT NULL;

-- Each version of a WORKSTATE.md, with the run that it was written in. The text comes last: what stands before it is read without it.
CREATE TABLE checkpoint (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agent TEXT NOT NULL,
  run_id INTEGER REFERENCES run (id) ON DELETE SET NULL,
  at INTEGER NOT NULL,
  -- Who wrote it: the agent, or we, without a model.
  author TEXT NOT NULL CHECK (author IN ('agent', 'nightdesk')),
  hash TEXT NOT NULL,
  -- Percent of the usable context that was full; null: not known.
  context_percent INTEGER,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX checkpoint_agent ON checkpoint (agent, id);
CREATE INDEX checkpoint_run ON checkpoint (run_id, id) WHERE run_id IS NOT NULL;
CREATE INDEX checkpoint_hash ON checkpoint (hash);

-- What a run has to do with tasks, checkpoints and money.
-- The task and the phase (its position) that it was started with.
ALTER TABLE run ADD COLUMN task_id INTEGER REFERENCES task (id) ON DELETE SET NULL;
ALTER TABLE run ADD COLUMN phase INTEGER;
CREATE INDEX run_task ON run (task_id) WHERE task_id IS NOT NULL;
-- Its agent is asked to write WORKSTATE.md: why (its context fills up, its owner asks, it is paused), since when, and when it was told.
ALTER TABLE run ADD COLUMN flush_reason TEXT CHECK (flush_reason IN ('context', 'owner', 'pause'));
ALTER TABLE run ADD COLUMN flush_wanted_at INTEGER;
ALTER TABLE run ADD COLUMN flush_asked_at INTEGER;
-- Its CLI compacted its context by itself.
ALTER TABLE run ADD COLUMN compacted_at INTEGER;
-- The run whose work it goes on with in a fresh session.
ALTER TABLE run ADD COLUMN continues INTEGER REFERENCES run (id) ON DELETE SET NULL;
-- Runs that go are looked for here: without it each would cost a walk over all runs.
CREATE INDEX run_continues ON run (continues) WHERE continues IS NOT NULL;
CREATE INDEX draft_run ON draft (run_id);
CREATE INDEX due_run ON due (run_id) WHERE run_id IS NOT NULL;
-- And so are incidents that go.
CREATE INDEX incident_inhibited ON incident (inhibited_by) WHERE inhibited_by IS NOT NULL;
CREATE INDEX fallback_incident ON fallback (incident_id) WHERE incident_id IS NOT NULL;
-- What it may spend, set aside before it was started (millionths of a US dollar); null: not limited.
ALTER TABLE run ADD COLUMN reserved_micro_usd INTEGER;
-- Whether its login is a subscription's, which pays for it already.
ALTER TABLE run ADD COLUMN is_covered INTEGER NOT NULL DEFAULT 0;
DROP INDEX run_cost;
CREATE INDEX run_cost ON run (ended_at, agent, is_covered, cost_micro_usd) WHERE cost_micro_usd IS NOT NULL;

-- Budgets that the owner raised, for that month only.
CREATE TABLE budget_raise (
  month TEXT NOT NULL,
  -- '' is the whole fleet.
  agent TEXT NOT NULL,
  limit_micro_usd INTEGER NOT NULL,
  by TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (month, agent)
) STRICT, WITHOUT ROWID;
