import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../storage/database.ts';
import { copyDatabase } from '../../storage/database-copy.ts';
import { prepareRestore } from '../../storage/database-restore.ts';
import { markRestored } from '../../storage/restored.ts';
import { createStorage } from '../../storage/storage.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const TAKEN = 1_000;
const FACTS = { at: 5_000, takenAt: TAKEN, name: 'a.db', sequences: new Map<string, number>() };
const WHY = 'restored from a backup of 1970-01-01T00:00:01.000Z';

function open() {
  const opened = openStorage();
  const all = (sql: string): unknown[] => opened.database.prepare(sql).raw().all();
  return { ...opened, all };
}

test('what was under way in a restored database is over, and its tasks are offered again', () => {
  const { database, storage, all } = open();
  database.exec(
    `INSERT INTO run (agent, cause, state, wanted_at, started_at) VALUES ('a', 'schedule', 'running', 1, 2), ('b', 'schedule', 'starting', 1, NULL), ('c', 'schedule', 'done', 1, 2);
     INSERT INTO task (agent, title, by_agent, state, created_at, run_id, claimed_at, lease_until, offer_at, brief) VALUES ('a', 't', 'a', 'claimed', 1, 1, 1, 9, 1, '');
     INSERT INTO question (run_id, agent, kind, request, text, options, state, asked_at, expires_at) VALUES (1, 'a', 'ask', 'q', 't', '[]', 'open', 1, 9);
     INSERT INTO due (agent, due_at, last_at, cause, state) VALUES ('a', 1, 1, 'owner', 'waiting'), ('b', 1, 1, 'schedule', 'waiting');
     INSERT INTO backup (due_at, state) VALUES (1, 'running');
     INSERT INTO conversation (key, value, updated_at) VALUES ('1', '{}', 1);`,
  );

  const counts = markRestored(database, FACTS);

  expect(counts).toMatchObject({ runs: 2, unknown: 0, pending: 0 });
  expect(all('SELECT state, ended_at FROM run ORDER BY id')).toEqual([
    ['lost', TAKEN],
    ['lost', TAKEN],
    ['done', null],
  ]);
  expect(all('SELECT state, run_id, offer_at FROM task')).toEqual([['open', null, 5_000]]);
  expect(all('SELECT state FROM question')).toEqual([['withdrawn']]);
  expect(all('SELECT state, reason FROM due ORDER BY id')).toEqual([
    ['skipped', WHY],
    ['waiting', null],
  ]);
  expect(all('SELECT state FROM backup')).toEqual([['failed']]);
  expect(all('SELECT count(*) FROM conversation')).toEqual([[0]]);
  expect(storage.journal.of('database', 1)).toMatchObject([{ event: 'restored', actor: 'operator' }]);
});

test('of the messages that waited in a restored database only alerts and what tidies the chat are still sent', () => {
  const { database, all } = open();
  const insert = database.prepare(
    `INSERT INTO outbox (key, class, priority, content, state, message_id, next_at, created_at) VALUES (?, ?, 1, ?, ?, ?, 1, 1)`,
  );
  insert.run('answer', 'answer', '{"kind":"answer"}', 'queued', null);
  insert.run('reply', 'reply', '{"kind":"text"}', 'queued', null);
  insert.run('notice', 'notice', '{"kind":"text"}', 'sending', null);
  insert.run('alert', 'alert', '{"kind":"text"}', 'queued', null);
  insert.run('delete', 'notice', '{"kind":"delete","messageId":1}', 'queued', null);
  insert.run('edit', 'card', '{"kind":"text"}', 'queued', 7);
  insert.run('edited alert', 'alert', '{"kind":"text"}', 'queued', 8);
  insert.run('old', 'notice', '{"kind":"text"}', 'sent', 9);
  database.exec(
    `INSERT INTO inbox (update_id, identity, received_at, urgent, body, state) VALUES (1, 'a', 1, 1, '{"secret":1}', 'queued')`,
  );

  markRestored(database, FACTS);

  expect(all('SELECT key, state FROM outbox ORDER BY id')).toEqual([
    ['answer', 'refused'],
    ['reply', 'refused'],
    ['notice', 'refused'],
    ['alert', 'queued'],
    ['delete', 'queued'],
    ['edit', 'sent'],
    ['edited alert', 'queued'],
    ['old', 'sent'],
  ]);
  expect(all('SELECT state, body FROM inbox')).toEqual([['dead', '']]);
});

test('what was approved in a restored database goes out only when its owner says so, and no batch decides for him', () => {
  const { database, storage, all } = open();
  database.exec(
    `INSERT INTO run (agent, cause, state, wanted_at) VALUES ('a', 'schedule', 'done', 1);
     INSERT INTO draft (agent, run_id, kind, recipient, priority, state, revision, created_at, decided_by)
       VALUES ('a', 1, 'reply', '@wanted', 3, 'approved', 1, 1, 'owner:1'), ('a', 1, 'reply', '@running', 3, 'publishing', 1, 1, 'owner:1'),
              ('a', 1, 'reply', '@pending', 3, 'pending', 1, 1, NULL), ('a', 1, 'note', '@nobody', 3, 'approved', 1, 1, 'owner:1');
     INSERT INTO draft_revision (draft_id, revision, body, hash, author, created_at) SELECT id, 1, 'x', 'h', 'agent:a', 1 FROM draft;
     INSERT INTO publication (draft_id, revision, hash, attempt, publisher, state, approved_by, approved_at, next_at)
       VALUES (1, 1, 'h', 1, 'p', 'wanted', 'owner:1', 1, 1), (2, 1, 'h', 1, 'p', 'running', 'owner:1', 1, 1);
     INSERT INTO outbox (key, class, priority, content, state, message_id, next_at, created_at) VALUES ('draft:3:r1', 'card', 3, '', 'sent', 5, 1, 1);
     INSERT INTO review (message_key, origin, shows, draft_id, opened_at) VALUES ('r', 'command', 'draft', 3, 1);
     INSERT INTO batch (review_id, drafts, made_at) VALUES (1, '[]', 1);`,
  );

  const counts = markRestored(database, FACTS);

  expect(counts).toMatchObject({ unknown: 2, pending: 1 });
  expect(all('SELECT state, restored_at FROM draft ORDER BY id')).toEqual([
    ['unknown', TAKEN],
    ['unknown', TAKEN],
    ['pending', TAKEN],
    ['approved', null],
  ]);
  expect(all('SELECT state FROM publication')).toEqual([['unknown'], ['unknown']]);
  expect(storage.publications.due(9_999)).toEqual([]);
  expect(storage.drafts.restored(2)).toEqual({ pending: [3], unknown: [1, 2] });
  expect(storage.outbox.byMessage(1, 5)).toBeUndefined();
  expect(all('SELECT shows, draft_id FROM review')).toEqual([['end', null]]);
  expect(all('SELECT decided_by FROM batch')).toEqual([['nightdesk']]);
  const by = { at: 1, actor: 'owner:1', reason: null };
  expect(storage.drafts.move(3, { state: 'pending', revision: 1 }, 'rejected', by)).toBe(true);
  expect(storage.drafts.get(3)?.restoredAt).toBeNull();
});

test('numbers go on behind those of the replaced database, or far behind where nobody can read it', () => {
  const { database, storage } = open();
  const run = { agent: 'a', cause: 'x', publicationId: null, wantedAt: 1, generations: '{}' };
  storage.runs.settle(storage.runs.add(run), { state: 'done', failure: null, evidence: null, exit: null, endedAt: 2 });

  markRestored(database, { ...FACTS, sequences: new Map([['run', 700]]) });
  const second = storage.runs.add({ ...run, agent: 'b' });
  markRestored(database, FACTS);
  const third = storage.runs.add({ ...run, agent: 'c' });

  expect([second, third]).toEqual([801, 100_802]);
});

test('a restore puts the backup in the place of the database, which is kept with what its log held', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'nightdesk.db');
  const first = openDatabase(file, () => 'never');
  createStorage(first).settings.set('who', 'the backup');
  first.pragma('wal_checkpoint(TRUNCATE)');
  const backup = join(folder, 'kept.db');
  copyFileSync(file, backup);
  createStorage(first).settings.set('who', 'the replaced');
  // As a crash leaves it: with a log beside it.
  const crashed = join(folder, 'crashed');
  mkdirSync(crashed);
  for (const name of ['nightdesk.db', 'nightdesk.db-wal']) copyFileSync(join(folder, name), join(crashed, name));
  first.close();
  const database = join(crashed, 'nightdesk.db');
  const before = readFileSync(backup);

  const prepared = prepareRestore({ backup, database, now: 5_000, aliveKey: 'alive-at' });
  expect(readdirSync(crashed).sort()).toEqual([
    'nightdesk.db',
    'nightdesk.db-shm',
    'nightdesk.db-wal',
    'nightdesk.db.restoring',
  ]);
  prepared.commit(join(crashed, 'aside'));

  const whoIn = (path: string): string | undefined => {
    const opened = openDatabase(path, () => 'never');
    try {
      return createStorage(opened).settings.get('who');
    } finally {
      opened.close();
    }
  };
  expect(whoIn(database)).toBe('the backup');
  expect(whoIn(join(crashed, 'aside', 'nightdesk.db'))).toBe('the replaced');
  expect(readFileSync(backup).equals(before)).toBe(true);
});

test('a database that is too damaged to be read is kept as it is, and replaced', () => {
  const folder = temporaryFolder();
  const backup = join(folder, 'kept.db');
  openDatabase(backup, () => 'never').close();
  const database = join(folder, 'nightdesk.db');
  writeFileSync(database, 'no database at all\n'.repeat(400));
  writeFileSync(`${database}-wal`, 'nor a log');

  prepareRestore({ backup, database, now: 5_000, aliveKey: 'alive-at' }).commit(join(folder, 'aside'));

  expect(existsSync(`${database}-wal`)).toBe(false);
  expect(readFileSync(join(folder, 'aside', 'nightdesk.db'), 'utf8')).toContain('no database at all');
  openDatabase(database, () => 'never').close();
});

test('what root copies and restores belongs to whom the database belongs: its service opens it again', async ({
  skip,
}) => {
  if (process.getuid?.() !== 0) skip('only root can give files to another account');
  const SERVICE = 65_534;
  const folder = temporaryFolder();
  const database = join(folder, 'nightdesk.db');
  openDatabase(database, () => 'never').close();
  for (const path of [folder, database]) chownSync(path, SERVICE, SERVICE);
  const backup = join(folder, 'kept.db');

  expect(await copyDatabase(database, backup)).toMatchObject({ kind: 'made' });
  expect(statSync(backup).uid).toBe(SERVICE);
  chownSync(backup, 0, 0);
  prepareRestore({ backup, database, now: 5_000, aliveKey: 'alive-at' }).commit(join(folder, 'aside'));

  for (const path of [database, join(folder, 'aside'), join(folder, 'aside', 'nightdesk.db')])
    expect(statSync(path)).toMatchObject({ uid: SERVICE, gid: SERVICE });
  expect(statSync(backup).uid).toBe(0);
});
