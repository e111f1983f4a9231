import type Database from 'better-sqlite3';
import type { Rows, WorldRecord } from './record.ts';

/** Reads what only rows can tell; the statements are compiled anew after each crash. */
export function createRowReader(database: Database.Database): (at: number) => Rows {
  const drafts = database.prepare(
    `SELECT d.id, d.state, d.revision, d.reason, r.created_at AS revisedAt FROM draft d JOIN draft_revision r ON r.draft_id = d.id AND r.revision = d.revision`,
  );
  const waiting = database.prepare(
    `SELECT key, class, created_at AS createdAt, error FROM outbox WHERE state IN ('queued', 'sending') AND message_id IS NULL AND class <> 'answer'`,
  );
  const refused = database.prepare(`SELECT key, class, state, error FROM outbox WHERE state IN ('refused', 'unknown')`);
  const dues = database.prepare(`SELECT agent, due_at AS dueAt, reason FROM due WHERE state = 'waiting'`);
  const holds = database.prepare('SELECT agent, kind, since FROM hold WHERE released_at IS NULL');
  const runs = database.prepare(`SELECT id, agent FROM run WHERE state IN ('starting', 'running')`);
  const inbox = database.prepare(`SELECT count(*) FROM inbox WHERE state = 'queued'`).pluck();
  return (at) => ({
    at,
    drafts: drafts.all() as Rows['drafts'],
    waiting: waiting.all() as Rows['waiting'],
    refused: refused.all() as Rows['refused'],
    dues: dues.all() as Rows['dues'],
    holds: holds.all() as Rows['holds'],
    runs: runs.all() as Rows['runs'],
    inbox: inbox.get() as number,
  });
}

/** Pids that a row knows: what an earlier incarnation can be swept of. */
export function readKnownPids(database: Database.Database): ReadonlySet<number> {
  return new Set(
    database
      .prepare(`SELECT pid FROM run WHERE pid IS NOT NULL UNION SELECT pid FROM login WHERE pid IS NOT NULL`)
      .pluck()
      .all() as number[],
  );
}

/** Tables that hold one of the secrets in the clear. */
export function findSecrets(database: Database.Database, secrets: readonly string[]): WorldRecord['leaks'] {
  const tables = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).pluck().all() as string[];
  return tables.flatMap((table) => {
    const text = JSON.stringify(database.prepare(`SELECT * FROM ${table}`).all());
    return secrets
      .filter((secret) => text.includes(secret))
      .map((secret) => ({ what: `the secret ${secret.slice(0, 8)}…`, where: `table ${table}` }));
  });
}

/** What is left to do after an hour without faults: nothing, if all is well. */
export function listUnsettled(
  database: Database.Database,
  now: number,
  agents: readonly string[],
  calmAt: number,
): readonly string[] {
  const all = (sql: string, ...given: unknown[]): string[] =>
    database
      .prepare(sql)
      .pluck()
      .all(...given) as string[];
  const minute = 60_000;
  return [
    ...all(`SELECT 'update ' || update_id || ' waits in the inbox' FROM inbox WHERE state = 'queued'`),
    ...all(`SELECT 'update ' || update_id || ' is dead: ' || error FROM inbox WHERE state = 'dead'`),
    ...all(
      `SELECT 'message ' || key || ' is ' || state FROM outbox WHERE state IN ('queued', 'sending') AND created_at < ? AND next_at < ?`,
      now - 2 * minute,
      now - 2 * minute,
    ),
    ...all(
      `SELECT 'credential ' || name || ' is ' || state FROM credential WHERE state NOT IN ('alive', 'unknown') AND name NOT LIKE '~%'`,
    ),
    ...all(
      `SELECT agent || ' is held: ' || reason FROM hold WHERE released_at IS NULL AND kind <> 'backoff' AND since < ?`,
      now - 10 * minute,
    ),
    ...all(
      `SELECT 'draft ' || id || ' is still ' || state FROM draft WHERE state IN ('approved', 'publishing', 'unknown') AND decided_at < ?`,
      now - 15 * minute,
    ),
    ...all(
      `SELECT 'incident ' || fingerprint || ' is ' || state FROM incident WHERE state <> 'resolved'
       AND (kind IN ('auth', 'poller') OR kind IN ('crash', 'crash-loop') AND subject IN (SELECT value FROM json_each(?)))`,
      JSON.stringify(agents),
    ),
    ...agents
      .filter(
        (agent) =>
          all(`SELECT id FROM run WHERE agent = ? AND state = 'done' AND ended_at > ?`, agent, calmAt).length === 0,
      )
      .map((agent) => `${agent} has not run well since the storm`),
  ];
}
