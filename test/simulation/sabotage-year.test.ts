import { describe, expect, test } from 'vitest';
import { brokenAnyway, brokenBy, inStorage } from './broken-by.ts';
import { type Stage, thinkOfFaults } from './faults.ts';
import { credentialOf, fleetOf, makeAgent, MINUTE_MS } from './fleets.ts';
import type { Sabotage } from './story.ts';

/** One agent that writes now and then; a backup is due wherever in the day a storm begins. */
const FLEET = fleetOf({
  credentials: new Map([['mail', credentialOf('mail')]]),
  agents: [makeAgent('scout', { command: ['agent:scout'], schedule: { kind: 'every', everyMs: 7 * MINUTE_MS } })],
  backup: { atMinute: 12 * 60 + 10, keep: 1 },
});
/** Ten minutes before the backup. */
const NOON = Date.UTC(2026, 5, 1, 12);

const MADE = {
  id: 1,
  askedBy: null,
  state: 'done',
  file: null,
  sizeBytes: 1,
  startedAt: 0,
  error: null,
} as const;

/** A storm in which the owner wants Nightdesk restarted again and again. */
function withRestarts(world: Stage): void {
  thinkOfFaults(world);
  for (let at = 5; at < 85; at += 8)
    world.clock.after(at * MINUTE_MS, () => world.chat.write(`/restart nightdesk${at % 16 < 8 ? ' now' : ''}`));
}

/** Long, for a slow machine that does other things besides. */
const PATIENCE_MS = 300_000;

describe('a world that lasts notices', { timeout: PATIENCE_MS }, () => {
  test('nothing as long as nobody sabotages its backups and restarts', async () => {
    expect(await brokenAnyway(FLEET, { startAt: NOON, plot: withRestarts })).toBeUndefined();
  });

  test.each([
    {
      sabotage: 'when a backup that was not made counts as made',
      promise: 'each day has its backup',
      by: inStorage(({ backups }) => ({
        backups: { ...backups, lastScheduled: (now) => ({ ...MADE, dueAt: now, endedAt: now }) },
      })),
    },
    {
      sabotage: 'when a copy is cut off',
      promise: 'a copy of the database opens',
      by: { copy: (copy) => ({ ...copy, image: copy.image.subarray(0, copy.image.length / 2) }) },
    },
    {
      sabotage: 'when a copy is one of an empty database',
      promise: 'a copy of the database opens',
      by: { copy: (copy) => ({ ...copy, image: Buffer.alloc(0) }) },
    },
    {
      sabotage: 'when older copies are never removed',
      promise: 'no more copies are kept than wanted',
      by: {
        disk: (disk) => ({ ...disk, remove: (path) => (path.endsWith('.db') ? undefined : disk.remove(path)) }),
      },
    },
    {
      sabotage: 'when a restart never goes',
      promise: 'a restart that was asked for comes to its end',
      by: inStorage(({ selfRestarts }) => ({ selfRestarts: { ...selfRestarts, go: () => false } })),
    },
    {
      sabotage: 'when a new process does not know that it was awaited',
      promise: 'a restart that was asked for comes to its end',
      by: inStorage(({ selfRestarts }) => ({
        selfRestarts: { ...selfRestarts, end: (id, as, at) => as === 'dropped' && selfRestarts.end(id, as, at) },
      })),
    },
    {
      sabotage: 'when nobody says that Nightdesk is back',
      promise: 'what came of a restart is told',
      by: inStorage(({ outbox }) => ({
        outbox: { ...outbox, add: (row) => (/^restart:\d+:back$/.test(row.key) ? true : outbox.add(row)) },
      })),
    },
  ] satisfies readonly { sabotage: string; promise: string; by: Sabotage }[])('$sabotage', async ({ promise, by }) => {
    expect(await brokenBy(by, promise, { fleet: FLEET, startAt: NOON, plot: withRestarts })).toBe(promise);
  });
});
