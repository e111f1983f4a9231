import { expect, test } from 'vitest';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../../src/config/fleet.ts';
import type { RunRow } from '../../storage/run-store.ts';
import { createWorkSearches } from '../../src/vigil/work-search.ts';
import { beginWatching } from '../../src/vigil/watched.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';

function searchThatMeets(error: Error) {
  const clock = createManualClock();
  const log = createMemoryLog();
  const fatal: unknown[] = [];
  const state = beginWatching();
  const searches = createWorkSearches({
    fleet: { home: '/home', agents: new Map() } as unknown as Fleet,
    storage: {
      transaction() {
        throw error;
      },
    } as unknown as Storage,
    clock,
    log,
    findNewestWork: async () => ({ path: '/work/report.md', at: clock.now() }),
    onEnd: () => {},
    onFatal: (met) => fatal.push(met),
  });
  const agent = { name: 'scout', workdir: '/work', progressMs: 60_000 } as Agent;
  searches.begin({ run: { id: 1 } as RunRow, agent, state, signs: undefined, now: clock.now() });
  return { searches, state, fatal, log };
}

test('work that a full disk does not take is looked for again, and no reason to end', async () => {
  const { searches, state, fatal, log } = searchThatMeets(Object.assign(new Error('full'), { code: 'SQLITE_FULL' }));

  await searches.ended();

  expect(fatal).toEqual([]);
  expect(state.isSearching).toBe(false);
  expect(log.lines.join()).toContain('cannot be written down right now');
});

test('anything else that a search for work meets is a bug, and ends the process', async () => {
  const bug = new Error('no such column');
  const { searches, fatal } = searchThatMeets(bug);

  await searches.ended();

  expect(fatal).toEqual([bug]);
});
