import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../storage/database.ts';

/** How much stands in the database, and over which time it came about. */
export interface Past {
  readonly runs: number;
  readonly drafts: number;
  readonly tasks: number;
  /** They are called agent-1 and so on; `publisher` publishes. */
  readonly agents: number;
  /** Everything ended within so long before now, evenly. */
  readonly spanMs: number;
}

/** Drafts that still wait, and tasks that are still open: the newest ones. */
const WAITING_DRAFTS = 40;
const OPEN_TASKS = 30;
const PHASES = 3;
/** What else such a fleet leaves behind. */
const INCIDENTS = 5_000;
const CHECKPOINTS = 24_000;
const CHECKS = 35_000;
const UPDATES = 40_000;
const QUESTIONS = 2_000;
const REVIEWS = 3_000;

/**
 * Fills a new database of a state folder with the rows of a fleet's past; the program has not been started in it yet. Long texts are as
 * long as theirs: they are what a query reads that walks a table.
 */
export function writePast(home: string, past: Past): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const database = openDatabase(join(home, 'nightdesk.db'), () => join(home, 'never'));
  // Runs, drafts and publications name each other: nothing is checked before all of it stands.
  database.pragma('foreign_keys = OFF');
  database.pragma('synchronous = OFF');
  const now = Date.now();
  const from = now - past.spanMs;
  const minuteMs = 60_000;
  /** When the row of number `i` of so many came about. */
  const at = (rows: number): string => `(${from} + i * ${(past.spanMs - minuteMs) / rows})`;
  const at0 = (expression: string): string => `CAST(${expression} AS INTEGER)`;
  const agent = `('agent-' || (1 + i % ${past.agents}))`;
  const text = (bytes: number): string => `substr(hex(zeroblob(${Math.ceil(bytes / 2)})), 1, ${bytes})`;
  const fill = (table: string, columns: string, rows: number, values: string): void =>
    void database.exec(
      `WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < ${rows})
       INSERT INTO ${table} (${columns}) SELECT ${values} FROM number`,
    );
  const published = `(i % 5 < 3 AND i <= ${past.drafts - WAITING_DRAFTS})`;
  const draftAt = at0(at(past.drafts));
  const draftState = `CASE WHEN i > ${past.drafts - WAITING_DRAFTS} THEN 'pending' WHEN i % 5 < 3 THEN 'published' WHEN i % 5 = 3 THEN 'rejected' ELSE 'expired' END`;
  const isWaiting = `i > ${past.drafts - WAITING_DRAFTS}`;
  const runsOfDraft = Math.floor(past.runs / past.drafts);
  const runAt = at0(at(past.runs));
  const taskAt = at0(at(past.tasks));
  const incidentAt = at0(at(INCIDENTS));
  database.transaction(() => {
    fill(
      'run',
      `agent, cause, publication_id, state, wanted_at, started_at, ended_at, failure, evidence, exit, token_hash, pid, start_ticks, boot_id,
       log_path, output_bytes, output_at, beat_at, progress_at, progress_note, resume_token, model, cli_version, containment, input_tokens,
       output_tokens, cost_micro_usd, context_tokens, context_limit, is_covered`,
      past.runs,
      `CASE WHEN i % ${runsOfDraft} = 1 AND i / ${runsOfDraft} % 5 < 3 THEN 'publisher' ELSE ${agent} END, 'schedule',
       CASE WHEN i % ${runsOfDraft} = 1 AND i / ${runsOfDraft} % 5 < 3 AND i / ${runsOfDraft} BETWEEN 1 AND ${past.drafts - WAITING_DRAFTS} THEN i / ${runsOfDraft} END,
       CASE i % 20 WHEN 0 THEN 'failed' WHEN 10 THEN 'stopped' ELSE 'done' END, ${runAt} - 60000, ${runAt} - 59000, ${runAt},
       CASE i % 20 WHEN 0 THEN 'crash' END, CASE i % 20 WHEN 0 THEN 'it ended with exit code 1: ' || ${text(100)} END, 'exited with 0',
       lower(hex(randomblob(32))), 4000 + i % 20000, i, '3f0c7b1e-5a55-4a6e-9a39-1f0b0c3d9a11', '/srv/fleet/state/logs/agent/' || i || '.log',
       40000, ${runAt}, ${runAt} - 20000, ${runAt} - 10000, 'draft #' || i, lower(hex(randomblob(16))), 'claude-sonnet', '2.1.330', 'bubblewrap',
       120000, 3000, 100000 + i % 90000, 90000, 160000, i % 3 = 0`,
    );
    fill(
      'draft',
      `agent, run_id, key, kind, recipient, url, context, priority, state, revision, created_at, window_ends_at, decided_at, decided_by,
       published_url, published_id, shown_at, is_queued`,
      past.drafts,
      `${agent}, i * ${runsOfDraft}, 'key-' || i, 'reply', '@reader-' || i % 700, 'https://example.test/' || i, ${text(200)}, 1 + i % 5,
       ${draftState}, 1, ${draftAt}, CASE WHEN ${isWaiting} THEN ${now} + 14400000 + i ELSE ${draftAt} + 14400000 END,
       CASE WHEN ${isWaiting} THEN NULL ELSE ${draftAt} + 30000 END, CASE WHEN ${isWaiting} THEN NULL ELSE 'owner:4242' END,
       CASE WHEN ${published} THEN 'https://example.test/out/' || i END, CASE WHEN ${published} THEN i END, ${draftAt}, ${isWaiting}`,
    );
    fill(
      'draft_revision',
      'draft_id, revision, body, hash, author, created_at',
      past.drafts,
      `i, 1, ${text(600)}, lower(hex(randomblob(32))), 'agent:' || ${agent}, ${draftAt}`,
    );
    for (const verdict of ['approved', 'published'] as const)
      fill(
        'decision',
        'draft_id, revision, verdict, actor, at',
        past.drafts - WAITING_DRAFTS,
        `i, 1, CASE WHEN ${published} THEN '${verdict}' WHEN i % 5 = 3 THEN 'rejected' ELSE 'expired' END, CASE '${verdict}' WHEN 'approved' THEN 'owner:4242' ELSE 'publisher' END, ${draftAt} + 30000`,
      );
    fill(
      'publication',
      'id, draft_id, revision, hash, attempt, publisher, state, approved_by, approved_at, next_at, ended_at',
      past.drafts - WAITING_DRAFTS,
      `i, i, 1, lower(hex(randomblob(32))), 1, 'publisher', CASE WHEN ${published} THEN 'published' ELSE 'dropped' END, 'owner:4242', ${draftAt}, ${draftAt}, ${draftAt}`,
    );
    fill(
      'due',
      'agent, due_at, last_at, cause, state, reason, run_id, settled_at',
      past.runs,
      `${agent}, ${runAt} - 60000, ${runAt} - 60000, 'schedule', CASE i % 11 WHEN 0 THEN 'skipped' ELSE 'ran' END, CASE i % 11 WHEN 0 THEN 'it is held' END, CASE i % 11 WHEN 0 THEN NULL ELSE i END, ${runAt} - 60000`,
    );
    fill(
      'task',
      'agent, title, key, by_agent, by_run, state, created_at, run_id, claimed_at, offer_at, ended_at, brief',
      past.tasks,
      `${agent}, 'Answer the thread ' || i, 'task-' || i, ${agent}, i * ${Math.floor(past.runs / past.tasks)}, CASE WHEN i > ${past.tasks - OPEN_TASKS} THEN 'open' ELSE 'done' END, ${taskAt} - 600000,
       CASE WHEN i > ${past.tasks - OPEN_TASKS} THEN NULL ELSE i * ${Math.floor(past.runs / past.tasks)} END, CASE WHEN i > ${past.tasks - OPEN_TASKS} THEN NULL ELSE ${taskAt} - 300000 END, ${taskAt} - 600000,
       CASE WHEN i > ${past.tasks - OPEN_TASKS} THEN NULL ELSE ${taskAt} END, ${text(500)}`,
    );
    for (let position = 1; position <= PHASES; position += 1)
      fill(
        'task_phase',
        'task_id, position, name, run_id, done_at, output',
        past.tasks,
        `i, ${position}, 'phase-${position}', i * ${Math.floor(past.runs / past.tasks)}, ${taskAt}, ${text(1_000)}`,
      );
    fill(
      'checkpoint',
      'agent, run_id, at, author, hash, context_percent, text',
      CHECKPOINTS,
      `${agent}, i * ${Math.floor(past.runs / CHECKPOINTS)}, ${at0(at(CHECKPOINTS))}, CASE i % 10 WHEN 0 THEN 'nightdesk' ELSE 'agent' END, lower(hex(randomblob(32))), 82, '## Active Tasks' || char(10) || ${text(4_000)}`,
    );
    fill(
      'incident',
      'kind, fingerprint, subject, severity, state, title, evidence, opened_at, last_seen_at, resolved_at, message_key, recovery_key, cost',
      INCIDENTS,
      `'crash', 'crash:' || i, ${agent}, 'critical', 'resolved', ${agent} || ' crashed', ${text(300)}, ${incidentAt} - 600000, ${incidentAt}, ${incidentAt}, 'incident:' || i, 'incident:' || i || ':recovery', 'it missed 2 runs'`,
    );
    fill('incident_agent', 'incident_id, agent', INCIDENTS, `i, ${agent}`);
    const sent =
      'key, class, priority, chat_id, content, wanted, shown, state, message_id, next_at, created_at, sent_at';
    fill(
      'outbox',
      sent,
      INCIDENTS,
      `'incident:' || i, 'alert', 1, 4242, ${text(900)}, 2, 2, 'sent', i, ${incidentAt}, ${incidentAt}, ${incidentAt}`,
    );
    fill(
      'outbox',
      sent,
      INCIDENTS,
      `'incident:' || i || ':recovery', 'notice', 5, 4242, ${text(400)}, 1, 1, 'sent', 10000 + i, ${incidentAt}, ${incidentAt}, ${incidentAt}`,
    );
    fill(
      'outbox',
      sent,
      past.drafts - WAITING_DRAFTS,
      `'draft:' || i || ':r1', 'card', 3, 4242, ${text(1_500)}, 3, 3, 'sent', 20000 + i, ${draftAt}, ${draftAt}, ${draftAt}`,
    );
    fill(
      'journal',
      'at, subject, event, actor, detail',
      past.drafts * 2,
      `${at0(at(past.drafts * 2))}, 'draft:' || i / 2, 'approved', 'owner:4242', ${text(60)}`,
    );
    fill(
      'inbox',
      'update_id, identity, received_at, urgent, body, state',
      UPDATES,
      `i, 'update:' || i, ${at0(at(UPDATES))}, 0, '', 'done'`,
    );
    fill(
      'credential_check',
      'credential, at, verdict, detail',
      CHECKS,
      `'claude', ${at0(at(CHECKS))}, 'ok', 'AUTH_OK'`,
    );
    fill(
      'question',
      'run_id, agent, kind, request, text, options, state, asked_at, expires_at, settled_at',
      QUESTIONS,
      `i, ${agent}, 'ask', 'q' || i, ${text(200)}, '[]', 'answered', ${at0(at(QUESTIONS))}, ${at0(at(QUESTIONS))}, ${at0(at(QUESTIONS))}`,
    );
    fill(
      'review',
      'message_key, origin, shows, passed, opened_at, moved_at',
      REVIEWS,
      `'drafts:' || i, 'command', 'end', (SELECT json_group_array(json_object('draft', i * 9 + value, 'said', 'approved')) FROM json_each('[1,2,3,4,5,6,7,8,9]')), ${at0(at(REVIEWS))}, ${at0(at(REVIEWS))}`,
    );
  })();
  const astray = database.pragma('foreign_key_check') as readonly unknown[];
  database.close();
  if (astray.length > 0) throw new Error(`${astray.length} rows name rows that do not exist`);
}
