import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import { createSystemClock } from '../../src/adapters/system-clock.ts';
import { createDrawing, drawProgram } from '../../src/digest/drawing.ts';
import { loadDigestFigures } from '../../src/digest/load-figures.ts';
import { MOST_SEGMENTS, timelineOf } from '../../src/digest/timeline.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { createDigestWorld, DAY, type DigestWorld, HOUR, MINUTE, START } from './digest-world.ts';

let world: DigestWorld | undefined;

afterEach(async () => {
  await world?.stop();
  world = undefined;
});

function open(): DigestWorld {
  world = createDigestWorld();
  return world;
}

function figures(of: DigestWorld, from = START - 12 * HOUR, to = START) {
  return loadDigestFigures({ ...of.rooms, fleet: of.fleet }, from, to, of.clock.now()).figures;
}

describe('the figures of spending', () => {
  test('each day of the month up to now has what ended on it, on the fleet’s wall', () => {
    const at = open();
    at.ran('scout', Date.UTC(2026, 9, 31, 22, 59), { usd: 99 }); // 23:59 on 31 October in Berlin.
    at.ran('scout', Date.UTC(2026, 9, 31, 23, 1), { usd: 1 });
    at.ran('scout', START - HOUR, { usd: 2 });
    at.ran('writer', START - DAY, { usd: 5 });
    at.ran('~drill-auth', START - DAY, { usd: 7 });

    const { spend } = figures(at);
    expect([spend.days[0], spend.days.at(-1), spend.days.length, spend.daysInMonth]).toEqual([
      '2026-11-01',
      '2026-11-22',
      22,
      30,
    ]);
    expect(spend.agents.map(({ name, usd }) => [name, usd[0], usd[20], usd[21]])).toEqual([
      ['writer', 0, 5, 0],
      ['scout', 1, 0, 2],
    ]);
    expect([spend.monthUsd, spend.budgetUsd]).toEqual([8, 500]);
    expect(spend.forecastUsd).toBeGreaterThan(8);
  });

  test('what a run that is alive has told counts to today', () => {
    const at = open();
    at.storage.transaction(() => {
      const id = at.storage.runs.add({
        agent: 'scout',
        cause: 'schedule',
        publicationId: null,
        wantedAt: START - HOUR,
        generations: '{}',
      });
      at.storage.runs.usage(id, {
        inputTokens: 1,
        outputTokens: 1,
        costMicroUsd: 3_000_000,
        contextTokens: null,
        contextLimit: null,
      });
    });
    expect(figures(at).spend.agents).toEqual([{ name: 'scout', usd: expect.arrayContaining([3]) }]);
  });

  test('beyond seven agents the last one stands for all others', () => {
    const at = open();
    for (let n = 1; n <= 10; n += 1) at.ran(`agent-${n}`, START - HOUR, { usd: n });
    const { agents, monthUsd } = figures(at).spend;
    expect(agents.map(({ name }) => name)).toEqual([
      'agent-10',
      'agent-9',
      'agent-8',
      'agent-7',
      'agent-6',
      'agent-5',
      'others',
    ]);
    expect([agents.at(-1)?.usd.at(-1), monthUsd]).toEqual([10, 55]);
  });

  test('a month in which nothing was spent leads nowhere', () => {
    expect(figures(open()).spend).toMatchObject({ agents: [], monthUsd: 0, forecastUsd: null });
  });
});

describe('the figures of runs and outages', () => {
  test('runs are cut at the edges of the time, and agents that did not run have an empty line', () => {
    const at = open();
    at.ran('scout', START - 11 * HOUR, { tookMs: 3 * HOUR, state: 'failed' });
    at.ran('scout', START - 13 * HOUR);
    expect(figures(at).timeline.agents).toEqual([
      { name: 'scout', runs: [{ fromAt: START - 12 * HOUR, toAt: START - 11 * HOUR, outcome: 'failed' }] },
      { name: 'writer', runs: [] },
      { name: 'poster', runs: [] },
    ]);
  });

  test('what held agents up is an outage: incidents of some kinds, and absences', () => {
    const at = open();
    at.incident({ kind: 'auth', title: 'claude is dead', openedAt: START - 3 * HOUR }, ['scout', 'writer']);
    at.incident({ kind: 'budget', severity: 'warning', title: '50 % are spent', openedAt: START - HOUR });
    at.incident({ kind: 'report', title: 'scout reports', openedAt: START - 3 * HOUR }, ['scout']);
    const over = at.incident({ kind: 'poller', title: 'Telegram is away', openedAt: START - 20 * HOUR });
    at.storage.transaction(() => {
      at.storage.incidents.resolve(over, START - 11 * HOUR, null);
      at.storage.journal.add({
        at: START - HOUR,
        subject: 'nightdesk:',
        event: 'away',
        actor: 'nightdesk',
        detail: String(START - 2 * HOUR),
      });
    });
    expect(figures(at).timeline.outages).toEqual([
      { fromAt: START - 20 * HOUR, toAt: START - 11 * HOUR, title: 'Telegram is away', agents: [] },
      { fromAt: START - 3 * HOUR, toAt: null, title: 'claude is dead', agents: ['scout', 'writer'] },
      { fromAt: START - 2 * HOUR, toAt: START - HOUR, title: 'Nightdesk was away', agents: [] },
    ]);
  });

  test.each([1, 40])(
    'ten thousand runs of %i agents become as many pieces as a phone shows, and no failure is lost',
    (agents) => {
      const spans = Array.from({ length: 10_000 }, (_, n) => ({
        agent: `agent-${n % agents}`,
        state: n === 5_000 ? ('failed' as const) : ('done' as const),
        fromAt: START + n * 1_000,
        toAt: START + n * 1_000 + 500,
      }));
      const { byAgent, isMerged } = timelineOf(spans, START, START + 10_000_000);
      const all = [...byAgent.values()].flat();
      expect(isMerged).toBe(true);
      expect(all.length).toBeLessThanOrEqual(MOST_SEGMENTS);
      expect(all.filter(({ outcome }) => outcome === 'failed')).toHaveLength(1);
    },
  );

  test('runs of more agents than there are pieces come to an end', () => {
    const spans = Array.from({ length: 3_000 }, (_, n) => ({
      agent: `agent-${n}`,
      state: 'done' as const,
      fromAt: START,
      toAt: START + MINUTE,
    }));
    expect(timelineOf(spans, START, START + HOUR).byAgent.size).toBe(3_000);
  });
});

test('the figures of the desk have each decision with its wait, and each missed window', () => {
  const at = open();
  const createdAt = START - 6 * HOUR;
  at.draft('writer', createdAt, { verdict: 'approved', actor: 'owner:1', at: createdAt + MINUTE });
  at.draft('writer', createdAt, { verdict: 'edited', actor: 'owner:1', at: createdAt + 2 * MINUTE });
  at.draft('writer', createdAt, { verdict: 'expired', actor: 'nightdesk', at: createdAt + 4 * HOUR });
  expect(figures(at).desk).toEqual({
    decisions: [{ at: createdAt + MINUTE, kind: 'reply', waitedMs: MINUTE, windowMs: 4 * HOUR, verdict: 'approved' }],
    missed: [{ at: createdAt + 4 * HOUR, kind: 'reply', windowMs: 4 * HOUR }],
  });
});

test('the program that draws makes pictures of the figures of a night, as they are agreed', {
  timeout: 60_000,
}, async () => {
  const at = open();
  at.ran('scout', START - HOUR, { usd: 2 });
  at.ran('scout', START - 2 * HOUR, { state: 'failed' });
  at.incident({ kind: 'auth', title: 'claude is dead', openedAt: START - 3 * HOUR }, ['scout']);
  at.draft('writer', START - 6 * HOUR, { verdict: 'approved', actor: 'owner:1', at: START - 5 * HOUR });
  const folder = join(temporaryFolder(), 'digests', '1');
  const drawing = createDrawing({
    program: drawProgram(),
    processes: createProcesses(),
    clock: createSystemClock(),
    disk: createFileDisk(),
    env: { PATH: '/usr/bin:/bin' },
  });

  const drawn = await drawing.draw(figures(at), folder);
  expect(drawn).toMatchObject({ kind: 'drawn' });
  const pictures = drawn.kind === 'drawn' ? drawn.pictures : [];
  expect(pictures.length).toBeGreaterThan(0);
  expect(pictures.every(({ path }) => existsSync(path))).toBe(true);
});
