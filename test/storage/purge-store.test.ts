import type Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { SweptTable } from '../../storage/purge-store.ts';
import type { Storage } from '../../storage/storage.ts';
import { createHousekeeper } from '../../src/vigil/housekeeper.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 22, 12);

function open() {
  const opened = openStorage();
  opened.database.pragma('synchronous = OFF'); // The tests end the process, not the machine.
  const count = (what: string): number => Number(opened.database.prepare(`SELECT count(*) FROM ${what}`).pluck().get());
  return { ...opened, count };
}

/** Goes through a table to its end; gives how many pieces that took. */
function sweepAll(storage: Storage, table: SweptTable, before: number, most: number): number {
  let after: number | undefined = 0;
  for (let pieces = 1; ; pieces += 1) {
    const from: number = after;
    after = storage.transaction(() => storage.purges.sweep(table, before, from, most));
    if (after === undefined) return pieces;
  }
}

function addRuns(database: Database.Database, times: readonly number[], agent = 'scout'): void {
  const insert = database.prepare(
    `INSERT INTO run (agent, cause, state, wanted_at, ended_at) VALUES (?, 'schedule', 'done', ?, ?)`,
  );
  for (const at of times) insert.run(agent, at, at);
}

test('a table is gone through in pieces, and its end is where nothing is old any more', () => {
  const { storage, database, count } = open();
  addRuns(
    database,
    Array.from({ length: 250 }, (_, index) => NOW - 100 * DAY + index),
  );
  addRuns(
    database,
    Array.from({ length: 250 }, (_, index) => NOW - index),
  );

  const pieces = sweepAll(storage, 'run', NOW - 32 * DAY, 100);

  expect(count('run')).toBe(250);
  expect(pieces).toBe(3);
});

test('runs that something names stay, and so does the last one of an agent', () => {
  const { storage, database } = open();
  addRuns(database, [1, 2, 3, 4, 5, 6]);
  database.exec(
    `INSERT INTO draft (agent, run_id, kind, recipient, priority, state, revision, created_at) VALUES ('scout', 1, 'reply', '@a', 3, 'pending', 1, 1);
     INSERT INTO question (run_id, agent, kind, request, text, options, state, asked_at, expires_at) VALUES (2, 'scout', 'ask', 'q', 't', '[]', 'open', 1, 2);
     INSERT INTO due (agent, due_at, last_at, cause, state, run_id) VALUES ('scout', 1, 1, 'schedule', 'ran', 3);`,
  );

  sweepAll(storage, 'run', NOW, 2);

  expect(database.prepare('SELECT id FROM run ORDER BY id').pluck().all()).toEqual([1, 2, 3, 6]);
});

test('the card of a draft that waits and the alert of an incident that lasts keep their rows, however old', () => {
  const { storage, database } = open();
  addRuns(database, [1]);
  database.exec(
    `INSERT INTO draft (agent, run_id, kind, recipient, priority, state, revision, created_at)
       VALUES ('scout', 1, 'reply', '@a', 3, 'pending', 2, 1), ('scout', 1, 'reply', '@a', 3, 'rejected', 1, 1);
     INSERT INTO incident (kind, fingerprint, subject, severity, state, title, evidence, opened_at, last_seen_at, resolved_at, message_key)
       VALUES ('crash', 'a', 'scout', 'critical', 'firing', 't', '', 1, 1, NULL, 'incident:1'), ('crash', 'b', 'scout', 'critical', 'resolved', 't', '', 1, 1, 2, 'incident:2');`,
  );
  const insert = database.prepare(
    `INSERT INTO outbox (key, class, priority, content, state, next_at, created_at) VALUES (?, 'card', 3, '', ?, 1, 1)`,
  );
  for (const key of ['draft:1:r1', 'draft:1:r2', 'draft:2:r1', 'incident:1', 'incident:2']) insert.run(key, 'sent');
  insert.run('notice', 'queued');

  sweepAll(storage, 'outbox', NOW, 3);

  expect(database.prepare('SELECT key FROM outbox ORDER BY id').pluck().all()).toEqual([
    'draft:1:r2',
    'incident:1',
    'notice',
  ]);
});

test('of a draft that was decided long ago the record stays and the text goes', () => {
  const { storage, database } = open();
  addRuns(database, [1]);
  database.exec(
    `INSERT INTO draft (agent, run_id, kind, recipient, context, priority, state, revision, created_at, decided_at, decided_by)
       VALUES ('scout', 1, 'reply', '@old', 'post', 3, 'published', 1, 1, 2, 'owner:1'), ('scout', 1, 'reply', '@waits', 'post', 3, 'pending', 1, 1, NULL, NULL),
              ('scout', 1, 'reply', '@new', 'post', 3, 'rejected', 1, ${NOW - 1}, ${NOW}, 'owner:1');
     INSERT INTO draft_revision (draft_id, revision, body, hash, author, created_at) VALUES (1, 1, 'old', 'h1', 'agent:scout', 1), (2, 1, 'waits', 'h2', 'agent:scout', 1), (3, 1, 'new', 'h3', 'agent:scout', 1);
     INSERT INTO decision (draft_id, revision, verdict, actor, at) VALUES (1, 1, 'approved', 'owner:1', 2);`,
  );

  sweepAll(storage, 'draft', NOW - 400 * DAY, 2);

  const rows = database
    .prepare(
      'SELECT d.recipient, d.context, r.body, r.hash FROM draft d JOIN draft_revision r ON r.draft_id = d.id ORDER BY d.id',
    )
    .raw()
    .all();
  expect(rows).toEqual([
    ['@old', null, '', 'h1'],
    ['@waits', 'post', 'waits', 'h2'],
    ['@new', 'post', 'new', 'h3'],
  ]);
  expect(storage.drafts.lastDecision(1)).toMatchObject({ verdict: 'approved', actor: 'owner:1', at: 2 });
});

test('a review goes with its batches, and the fleet.yaml in force stays', () => {
  const { storage, database, count } = open();
  database.exec(
    `INSERT INTO review (message_key, origin, shows, opened_at) VALUES ('a', 'command', 'end', 1), ('b', 'command', 'end', ${NOW});
     INSERT INTO batch (review_id, drafts, made_at) VALUES (1, '[]', 1), (2, '[]', ${NOW});
     INSERT INTO fleet_load (at, hash, how, changes) VALUES (1, 'a', 'start', '[]'), (2, 'b', 'reload', '[]');`,
  );

  sweepAll(storage, 'review', NOW - DAY, 10);
  sweepAll(storage, 'fleet_load', NOW - DAY, 10);

  expect([count('review'), count('batch'), storage.fleetLoads.last()?.hash, count('fleet_load')]).toEqual([
    1,
    1,
    'b',
    1,
  ]);
});

test('the housekeeper goes through every table an hour, and none of its steps is long', async () => {
  const { storage, database, count } = open();
  addRuns(
    database,
    Array.from({ length: 1_000 }, (_, index) => NOW - 100 * DAY + index),
  );
  const clock = createManualClock(NOW);
  const steps: number[] = [];
  const fatal: unknown[] = [];
  const housekeeper = createHousekeeper({
    storage: {
      ...storage,
      transaction(change) {
        const before = count('run');
        const result = storage.transaction(change);
        steps.push(before - count('run'));
        return result;
      },
    },
    clock,
    log: createMemoryLog(),
    onFatal: (error) => void fatal.push(error),
  });

  housekeeper.start();
  await clock.pass(60_000);
  await housekeeper.stop();

  expect(fatal).toEqual([]);
  expect(count('run')).toBe(1);
  expect(Math.max(...steps)).toBe(100);
});
