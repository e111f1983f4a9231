import { expect, test } from 'vitest';
import { openStorage } from '../fakes/open-storage.ts';

const DAY_MS = 86_400_000;

function open() {
  const opened = openStorage();
  const { storage } = opened;
  const add = (agent: string, at: number, runId: number | null = null): number =>
    storage.checkpoints.add({
      agent,
      runId,
      at,
      author: 'agent',
      hash: `${agent} ${at}`,
      contextPercent: null,
      text: 'x',
    });
  const count = (agent: string): unknown =>
    opened.database.prepare('SELECT count(*) FROM checkpoint WHERE agent = ?').pluck().get(agent);
  return { ...opened, add, count };
}

test('at most 200 versions of an agent are kept, and of old ones the newest 20', () => {
  const { storage, add, count } = open();
  for (let index = 0; index < 230; index += 1) add('busy', 100 * DAY_MS + index);
  for (let index = 0; index < 30; index += 1) add('old', index);

  storage.transaction(() => storage.checkpoints.purge(90 * DAY_MS, 200, 20, 1_000));

  expect([count('busy'), count('old')]).toEqual([200, 20]);
  expect(storage.checkpoints.newest('busy')?.at).toBe(100 * DAY_MS + 229);
});

test('a version outlives its run, and a run that others go on with may go', () => {
  const { storage, add } = open();
  const run = { agent: 'scout', cause: 'schedule', publicationId: null, wantedAt: 1, generations: '{}' };
  const end = { state: 'stopped', failure: null, evidence: null, exit: null, endedAt: 2 } as const;
  const first = storage.runs.add(run);
  storage.runs.settle(first, end);
  const second = storage.runs.add({ ...run, continues: first });
  storage.runs.settle(second, end);
  const id = add('scout', 1, first);

  storage.transaction(() => storage.purges.sweep('run', DAY_MS, 0, 100));

  expect(storage.checkpoints.get(id)?.runId).toBeNull();
  expect(storage.runs.get(second)?.continues).toBeNull();
});

test('another agent holds a text only while that is its newest version', () => {
  const { storage, add } = open();
  add('writer', 1);
  expect(storage.checkpoints.holderOf('writer 1', 'scout')).toBe('writer');
  expect(storage.checkpoints.holderOf('writer 1', 'writer')).toBeUndefined();

  add('writer', 2);

  expect(storage.checkpoints.holderOf('writer 1', 'scout')).toBeUndefined();
});

test('versions are not later than now after the clock was set back', () => {
  const { storage, add } = open();
  const id = add('scout', 5_000);

  storage.transaction(() => storage.checkpoints.setBack({ now: 2_000, byMs: 4_000 }));

  expect(storage.checkpoints.get(id)?.at).toBe(1_000);
});
