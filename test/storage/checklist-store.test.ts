import { expect, it } from 'vitest';
import { openStorage } from '../fakes/open-storage.ts';

const DAY = 86_400_000;
const NOW = 400 * DAY;

it('counts failures of tools since then, by agent, tool and kind, and nothing else of the journal', () => {
  const { storage } = openStorage();
  const fail = (at: number, subject: string, event = 'tool failed', actor = 'agent:scout'): void =>
    storage.journal.add({ at, subject, event, actor, detail: 'x' });
  fail(NOW - 30 * DAY, 'run:1:email:auth');
  fail(NOW - DAY, 'run:2:email:auth');
  fail(NOW - DAY, 'run:3:email:auth', 'tool seen failing');
  fail(NOW - DAY, 'run:3:email:auth', 'tool failed, as seen');
  fail(NOW - DAY, 'run:3:mcp:one:two:other', 'tool failed', 'agent:writer');
  fail(NOW - DAY, 'draft:3', 'tool failed');

  expect(storage.checklist.toolFailures(NOW - 7 * DAY)).toEqual([
    { agent: 'scout', tool: 'email', kind: 'auth', times: 2 },
    { agent: 'writer', tool: 'mcp:one:two', kind: 'other', times: 1 },
  ]);
});

it('knows when a message was last shown, whatever was asked for since', () => {
  const { storage, database } = openStorage();
  const row = (key: string) => ({
    key,
    class: 'notice' as const,
    priority: 4,
    chatId: 1,
    replyToKey: null,
    content: '{}',
    silent: 0,
    nextAt: 0,
    giveUpAt: null,
    createdAt: 0,
  });
  const before = storage.checklist.shownAt();
  for (const key of ['a', 'b', 'c']) storage.outbox.add({ ...row(key), topicId: null } as never);
  database.exec(`UPDATE outbox SET state = 'sent', message_id = 7, sent_at = 500 WHERE key = 'a'`);

  expect([before, storage.checklist.shownAt()]).toEqual([null, 500]);
});

it('wants one backup at a time', () => {
  const { storage } = openStorage();

  const wanted = [storage.checklist.wantBackup('owner:1', 5), storage.checklist.wantBackup('owner:1', 6)];

  expect(wanted).toEqual([true, false]);
  expect(storage.checklist.isBackupOpen()).toBe(true);
  expect(storage.backups.wanted()).toMatchObject({ askedBy: 'owner:1', dueAt: 5 });
});

it('tells how large the database is, and that all of it can be read', () => {
  const { storage } = openStorage();

  expect(storage.checklist.databaseBytes()).toBeGreaterThan(100_000);
  expect(storage.checklist.readAll()).toBe('ok');
});
