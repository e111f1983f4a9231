import type Database from 'better-sqlite3';

/** What is known of a restore, besides what stands in the backup itself. */
export interface RestoreFacts {
  /** When it was restored, and when the backup was made (epoch ms). */
  readonly at: number;
  readonly takenAt: number;
  /** How the backup is called, for people. */
  readonly name: string;
  /** How far the numbers of each table had come in the database that it replaces; empty where nobody can tell. */
  readonly sequences: ReadonlyMap<string, number>;
}

/** What the restore changed, for the owner. */
export interface RestoreCounts {
  readonly runs: number;
  readonly unknown: number;
  readonly pending: number;
  readonly messages: number;
  readonly updates: number;
}

/** Setting: JSON of a restore that the owner is to be told of, and was told of. */
export const RESTORED_KEY = 'restored';

/**
 * How far numbers jump where nobody knows how far they had come: a run's number is the name of its log, which may be there already. No fleet
 * starts so many runs, or writes so many messages, between two backups that it keeps.
 */
const UNKNOWN_JUMP = 100_000;
/** Room for what was numbered in the replaced database after it was last read. */
const JUMP = 100;

/**
 * What a message that waited is worth after a restore. Alerts stay: a double is harmless, silence is not. So do calls that only tidy the
 * chat. All others were sent meanwhile, or answer something long past; edits would bring messages back to how they stood then.
 */
const DROPPED = `state IN ('queued', 'sending') AND class <> 'alert' AND content NOT LIKE '{"kind":"delete"%'
  AND content NOT LIKE '{"kind":"strip"%' AND content NOT LIKE '{"kind":"commands"%'`;

/**
 * Marks a backup, before it takes the place of a database, as what it is: a picture of a past after which the world has moved on. Nothing
 * that may have gone out since goes out again by itself. One transaction, on the newest schema.
 */
export function markRestored(database: Database.Database, facts: RestoreFacts): RestoreCounts {
  const { at, takenAt } = facts;
  const why = `restored from a backup of ${new Date(takenAt).toISOString()}`;
  const run = (sql: string): number => {
    const names = new Set([...sql.matchAll(/@(\w+)/g)].map(([, name]) => name));
    const values = Object.entries({ at, takenAt, why }).filter(([name]) => names.has(name));
    return database.prepare(sql).run(Object.fromEntries(values)).changes;
  };
  const mark = database.transaction((): RestoreCounts => {
    const runs = run(
      `UPDATE run SET state = 'lost', failure = 'lost', evidence = 'it ran when the backup was made', exit = NULL, ended_at = @takenAt,
         flush_wanted_at = NULL WHERE state IN ('starting', 'running')`,
    );
    run(`UPDATE question SET state = 'withdrawn', settled_at = @at WHERE state = 'open'`);
    run(
      `UPDATE task SET state = 'open', run_id = NULL, claimed_at = NULL, lease_until = NULL, offer_at = @at WHERE state = 'claimed'`,
    );
    // Approved then: whether it went out since, only its owner can see.
    const open = `SELECT draft_id FROM publication WHERE state IN ('wanted', 'running')`;
    const approved = `state IN ('approved', 'publishing') AND id IN (${open})`;
    run(
      `INSERT INTO decision (draft_id, revision, verdict, actor, reason, at)
       SELECT id, revision, 'unknown', 'nightdesk', @why, @at FROM draft WHERE ${approved}`,
    );
    run(
      `INSERT INTO journal (at, subject, event, actor, detail) SELECT @at, 'draft:' || id, 'unknown', 'nightdesk', @why FROM draft WHERE ${approved}`,
    );
    const unknown = run(
      `UPDATE draft SET state = 'unknown', reason = @why, undo_until = NULL, restored_at = @takenAt WHERE ${approved}`,
    );
    run(`UPDATE publication SET state = 'unknown', detail = @why, ended_at = @at WHERE state IN ('wanted', 'running')`);
    // Undecided then: it is shown anew, with a mark, and decided on what is shown from here on.
    const pending = run(`UPDATE draft SET restored_at = @takenAt, watch_at = 0 WHERE state = 'pending'`);
    run(
      `DELETE FROM outbox WHERE key IN (SELECT 'draft:' || id || ':r' || revision FROM draft WHERE state = 'pending')`,
    );
    run(`UPDATE outbox SET state = 'refused', message_id = NULL, error = @why WHERE key LIKE 'ask:%'`);
    run(`UPDATE review SET shows = 'end', draft_id = NULL WHERE shows <> 'end'`);
    run(`UPDATE batch SET decided_at = @at, decided_by = 'nightdesk' WHERE decided_at IS NULL`);
    run('DELETE FROM conversation');
    const messages = run(`UPDATE outbox SET state = 'refused', error = @why WHERE ${DROPPED} AND message_id IS NULL`);
    run(`UPDATE outbox SET state = 'sent', error = @why WHERE ${DROPPED}`);
    run(`UPDATE fallback SET state = 'failed', error = @why, ended_at = @at WHERE state IN ('queued', 'sending')`);
    // What its owner pressed or said then was done then.
    const updates = run(`UPDATE inbox SET state = 'dead', body = '', error = @why WHERE state = 'queued'`);
    run(
      `UPDATE due SET state = 'skipped', reason = @why, settled_at = @at WHERE state = 'waiting' AND cause = 'owner'`,
    );
    run(`UPDATE confirmation SET state = 'dropped', decided_by = 'nightdesk', decided_at = @at WHERE state = 'open'`);
    run(`UPDATE self_restart SET state = 'dropped', ended_at = @at WHERE state IN ('draining', 'going')`);
    run(`UPDATE backup SET state = 'failed', error = @why, ended_at = @at WHERE state IN ('wanted', 'running')`);
    continueNumbers(database, facts.sequences);
    const counts = { runs, unknown, pending, messages, updates };
    database
      .prepare(
        `INSERT INTO journal (at, subject, event, actor, detail) VALUES (?, 'database', 'restored', 'operator', ?)`,
      )
      .run(at, `${facts.name}, ${why}: ${JSON.stringify(counts)}`);
    database
      .prepare('INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
      .run(RESTORED_KEY, JSON.stringify({ at, takenAt, name: facts.name, isTold: false, counts }));
    return counts;
  });
  return mark.immediate();
}

/** How far the numbers of each table have come. */
export function readSequences(database: Database.Database): ReadonlyMap<string, number> {
  const rows = database.prepare<[], { name: string; seq: number }>('SELECT name, seq FROM sqlite_sequence').all();
  return new Map(rows.map(({ name, seq }) => [name, seq]));
}

/** No number is given twice: a button in the chat, or a log on the disk, may bear it. */
function continueNumbers(database: Database.Database, replaced: ReadonlyMap<string, number>): void {
  const move = database.prepare<[number, string]>('UPDATE sqlite_sequence SET seq = ? WHERE name = ?');
  for (const [name, seq] of readSequences(database))
    move.run(replaced.size === 0 ? seq + UNKNOWN_JUMP : Math.max(seq, replaced.get(name) ?? 0) + JUMP, name);
}
