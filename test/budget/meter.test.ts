import { afterEach, describe, expect, it } from 'vitest';
import { createIncidentRegister } from '../../src/incidents/register.ts';
import { createOwnerHolds } from '../../src/loop/holds.ts';
import { createLedger, type Ledger } from '../../src/budget/ledger.ts';
import { createBudgetMeter } from '../../src/budget/meter.ts';
import { createRunSpending } from '../../src/budget/run-spending.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { createOutbox } from '../../src/telegram/outbox.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { aClaim } from '../fakes/agents.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const LOOK = 2 * SECOND;
const DOLLAR = 1_000_000;

let stop: (() => Promise<void>) | undefined;
const fatal: unknown[] = [];

afterEach(async () => {
  await stop?.();
  stop = undefined;
  if (fatal.length > 0) throw new AggregateError(fatal.splice(0), 'the meter met a bug');
});

/** A meter over real SQLite, in Berlin at noon of 22 November 2026. */
function setUp(budgets: { readonly monthly?: number; readonly scout?: number; readonly warn?: string }) {
  const { storage, database } = openStorage();
  let books: Ledger | undefined;
  const clock = createManualClock();
  const log = createMemoryLog();
  const outbox = createOutbox({ storage, clock, chatId: 1, scrub: (text) => text, isQuiet: () => false });
  const callbackData = createCallbackData('key');
  const canLogIn = (): boolean => false;
  const incidents = createIncidentRegister({ storage, clock, outbox, callbackData, timezone: 'UTC', canLogIn });

  /** What a start with these numbers in fleet.yaml makes. */
  async function start({ monthly, scout, warn }: typeof budgets) {
    await stop?.();
    using folder = createFleetFolder();
    const { fleet } = folder.loaded(`timezone: Europe/Berlin
home: ./state
telegram: { owners: [1] }
${monthly === undefined ? '' : `budget: { monthly: ${monthly}${warn === undefined ? '' : `, warn: ${warn}`} }`}
agents:
  scout: { runtime: command, command: [/bin/true], schedule: every 1h${scout === undefined ? '' : `, budget: ${scout}`} }
  writer: { runtime: command, command: [/bin/true], schedule: every 1h }
`);
    const ledger = createLedger({ fleet, storage, clock });
    books = ledger;
    const spending = createRunSpending({ fleet, storage, clock, ledger, scrub: (text) => text });
    const onFatal = (error: unknown): void => void fatal.push(error);
    const meter = createBudgetMeter({ fleet, storage, clock, log, incidents, ledger, spending, onFatal });
    stop = meter.stop;
    meter.start();
    await clock.rest();
    return { fleet, holds: createOwnerHolds({ fleet, storage, clock, incidents, canBeAsked: () => false }) };
  }

  /** A run of this agent that ended with these costs; `isAlive`: one that still goes on. */
  function runCosts(agent: string, microUsd: number, isAlive = false): number {
    return storage.transaction(() => {
      const id = storage.runs.add({
        agent,
        cause: 'schedule',
        publicationId: null,
        wantedAt: clock.now(),
        generations: '{}',
      });
      costs(id, microUsd);
      const end = { state: 'done', failure: null, evidence: null, exit: null } as const;
      if (!isAlive) storage.runs.settle(id, { ...end, endedAt: clock.now() });
      return id;
    });
  }

  function costs(id: number, microUsd: number): void {
    const nothing = { inputTokens: null, outputTokens: null, contextTokens: null, contextLimit: null };
    storage.runs.usage(id, { ...nothing, costMicroUsd: microUsd });
  }

  return {
    storage,
    database,
    ledger(): Ledger {
      if (books === undefined) throw new Error('nothing was started');
      return books;
    },
    clock,
    incidents,
    start,
    runCosts,
    costs,
    settle: (id: number) =>
      storage.transaction(() =>
        storage.runs.settle(id, {
          state: 'done',
          failure: null,
          evidence: null,
          exit: null,
          endedAt: clock.now(),
        }),
      ),
    /** What is open about percents of a budget. */
    open: () =>
      storage.incidents
        .listUnresolved()
        .filter(({ fingerprint }) => fingerprint.startsWith('budget:'))
        .map(({ severity, title, evidence }) => ({ severity, title, evidence })),
    /** Every incident ever about percents of a budget, in its last words. */
    all: () =>
      Array.from({ length: 40 }, (_, id) => storage.incidents.get(id + 1))
        .filter((row) => row !== undefined)
        .filter(({ fingerprint }) => fingerprint.startsWith('budget:')),
    /** What is open about too fast a pace. */
    burning: () =>
      storage.incidents
        .listUnresolved()
        .filter(({ fingerprint }) => fingerprint.startsWith('burn:'))
        .map(({ title, evidence }) => ({ title, evidence })),
    held: () =>
      storage.holds
        .active()
        .map(({ agent, kind, reason, until }) => `${agent || '*'} ${kind}: ${reason}, until ${iso(until)}`),
  };
}

function iso(at: number | null): string {
  return at === null ? 'whenever' : new Date(at).toISOString();
}

describe('the budget of an agent', () => {
  it('is told of at each percent of it, once, in one incident', async () => {
    const { start, runCosts, clock, open, all, held } = setUp({});
    await start({ scout: 60 });

    runCosts('scout', 29.999999 * DOLLAR);
    await clock.pass(LOOK);
    const below = open();
    runCosts('scout', 1);
    await clock.pass(LOOK);
    const half = open();
    await clock.pass(MINUTE);
    runCosts('scout', 18 * DOLLAR);
    await clock.pass(LOOK);

    expect(below).toEqual([]);
    expect(half).toEqual([
      { severity: 'warning', title: 'scout has spent 50 % of its budget for November', evidence: '$30.00 of $60.00' },
    ]);
    expect(open()).toEqual([
      { severity: 'warning', title: 'scout has spent 80 % of its budget for November', evidence: '$48.00 of $60.00' },
    ]);
    expect(all()).toHaveLength(1);
    expect(held()).toEqual([]);
  });

  it('holds the agent to the end of the month in the timezone of the fleet once it is used up, the running run counted', async () => {
    const { start, runCosts, costs, clock, open, held } = setUp({});
    await start({ scout: 60 });
    const run = runCosts('scout', 59 * DOLLAR, true);
    await clock.pass(LOOK);

    costs(run, 60 * DOLLAR);
    await clock.pass(5 * SECOND);

    expect(held()).toEqual([
      'scout budget: its budget for November is used up ($60.00 of $60.00), until 2026-11-30T23:00:00.000Z',
    ]);
    expect(open()).toMatchObject([{ severity: 'critical', title: 'scout has used up its budget for November' }]);
  });

  it('is told in one message that it is used up, in place of the one that warned', async () => {
    const { start, runCosts, clock, storage } = setUp({});
    await start({ scout: 60 });
    runCosts('scout', 50 * DOLLAR);
    await clock.pass(LOOK);
    runCosts('scout', 11 * DOLLAR);
    await clock.pass(LOOK);

    const told = storage.outbox.due(Number.MAX_SAFE_INTEGER, 100).filter(({ key }) => key.startsWith('incident:1'));
    expect(told.map(({ key }) => key).toSorted()).toEqual(['incident:1', 'incident:1:r1']);
    expect(storage.incidents.get(1)).toMatchObject({ severity: 'critical', messageKey: 'incident:1:r1' });
  });

  it('is told with what it cannot see', async () => {
    const { start, runCosts, clock, all } = setUp({});
    await start({ scout: 60 });

    runCosts('scout', 61 * DOLLAR);
    await clock.pass(LOOK);

    expect(all()[0]?.note).toMatch(
      /agents\.scout\.budget in fleet\.yaml.*is stopped once it tells.*list prices.*command tell nothing/,
    );
  });

  it('is what /resume names when it holds', async () => {
    const { start, runCosts, clock } = setUp({});
    const { holds } = await start({ scout: 60 });
    runCosts('scout', 61 * DOLLAR);
    await clock.pass(LOOK);

    expect(holds.resume('scout', 'owner:1')).toEqual({
      isFleetPaused: false,
      released: false,
      stillHeld: ['scout: its budget for November is used up ($61.00 of $60.00)'],
    });
  });

  it('begins anew with the month: the hold is over, who missed a due time is next, nothing is told twice', async () => {
    const { start, runCosts, clock, open, held, all, storage } = setUp({});
    await start({ scout: 60 });
    runCosts('scout', 61 * DOLLAR);
    await clock.pass(LOOK);
    storage.transaction(() => {
      storage.dues.wait('scout', clock.now(), 'schedule');
      storage.dues.skip(storage.dues.waitingOf('scout')!, 'held', clock.now());
    });

    clock.jump(Date.UTC(2026, 10, 30, 22, 59, 57) - clock.now());
    await clock.pass(LOOK);
    const lastSecond = held();
    await clock.pass(3 * SECOND);

    expect(lastSecond).toHaveLength(1);
    expect(held()).toEqual([]);
    expect(open()).toEqual([]);
    expect(all()).toHaveLength(1);
    expect(storage.dues.waiting()).toMatchObject([{ agent: 'scout', cause: 'resumed' }]);
  });

  it('counts a run over the turn of a month to the month in which it ends, and never twice', async () => {
    const { start, runCosts, settle, clock, held } = setUp({});
    await start({ scout: 60 });
    clock.jump(Date.UTC(2026, 10, 30, 22, 59, 50) - clock.now());
    const run = runCosts('scout', 61 * DOLLAR, true);
    await clock.pass(LOOK);
    const november = held();

    await clock.pass(20 * SECOND);
    settle(run);
    await clock.pass(LOOK);

    expect(november).toEqual([expect.stringContaining('November')]);
    expect(held()).toEqual([expect.stringContaining('its budget for December is used up')]);
  });

  it('holds on and is silent over a restart', async () => {
    const { start, runCosts, clock, all, held } = setUp({});
    await start({ scout: 60 });
    runCosts('scout', 61 * DOLLAR);
    await clock.pass(LOOK);
    const before = [held(), all()];

    await start({ scout: 60 });
    await clock.pass(MINUTE);

    expect([held(), all()]).toEqual(before);
  });

  it('frees the agent when its number is raised, and tells again at the percents of the new one', async () => {
    const { start, runCosts, clock, all, held, open } = setUp({});
    await start({ scout: 60 });
    runCosts('scout', 60 * DOLLAR);
    await clock.pass(LOOK);

    await start({ scout: 100 });
    await clock.pass(LOOK);
    const raised = [held(), open()];
    runCosts('scout', 20 * DOLLAR);
    await clock.pass(LOOK);

    expect(raised).toEqual([[], []]);
    expect(all()[0]).toMatchObject({ state: 'resolved' });
    expect(open()).toMatchObject([{ severity: 'warning', title: expect.stringContaining('80 %') }]);
  });

  it('frees the agent when fleet.yaml sets none any more', async () => {
    const { start, runCosts, clock, held, open } = setUp({});
    await start({ scout: 60 });
    runCosts('scout', 60 * DOLLAR);
    await clock.pass(LOOK);

    await start({});
    await clock.pass(LOOK);

    expect([held(), open()]).toEqual([[], []]);
  });

  it('is that of the month which the clock shows, also when it jumps there and back', async () => {
    const { start, runCosts, clock, held, open } = setUp({});
    await start({ scout: 60 });
    runCosts('scout', 60 * DOLLAR);
    await clock.pass(LOOK);

    clock.jump(20 * DAY);
    await clock.pass(LOOK);
    const ahead = [held(), open()];
    clock.jump(-20 * DAY);
    await clock.pass(LOOK);

    expect(ahead).toEqual([[], []]);
    expect(held()).toEqual([expect.stringContaining('November')]);
    expect(open()).toMatchObject([{ severity: 'critical' }]);
  });

  it('does not count what ended in a month that a clock was ahead in', async () => {
    const { start, runCosts, clock, held } = setUp({});
    await start({ scout: 60 });
    clock.jump(20 * DAY);
    runCosts('scout', 61 * DOLLAR);
    await clock.pass(LOOK);
    const ahead = held();

    clock.jump(-20 * DAY);
    await clock.pass(LOOK);

    expect(ahead).toEqual([expect.stringContaining('December')]);
    expect(held()).toEqual([]);
  });
});

describe('the budget of the fleet', () => {
  it('holds all agents once their runs together used it up, to the cent', async () => {
    const { start, runCosts, clock, held, open } = setUp({});
    await start({ monthly: 100, warn: '[90]' });
    for (let run = 0; run < 10; run += 1) runCosts(run % 2 === 0 ? 'scout' : 'writer', 9_999_999);
    await clock.pass(LOOK);
    const before = [held(), open()];

    runCosts('writer', 10);
    await clock.pass(LOOK);

    expect(before).toEqual([
      [],
      [expect.objectContaining({ title: 'The fleet has spent 90 % of the budget for November' })],
    ]);
    expect(held()).toEqual([expect.stringMatching(/^\* budget: the fleet’s budget for November is used up/)]);
  });

  it('counts no fire drill', async () => {
    const { start, runCosts, clock, held } = setUp({});
    await start({ monthly: 100 });

    runCosts('~drill-budget', 500 * DOLLAR);
    runCosts('~drill-budget', 500 * DOLLAR, true);
    await clock.pass(LOOK);

    expect(held()).toEqual([]);
  });

  it('writes nothing while nothing changes', async () => {
    const { start, runCosts, clock, storage } = setUp({});
    await start({ monthly: 100, scout: 10 });
    runCosts('scout', 60 * DOLLAR);
    await clock.pass(MINUTE);
    let commits = 0;
    storage.onChange('loop', () => (commits += 1));
    storage.onChange('outbox', () => (commits += 1));

    await clock.pass(MINUTE);

    expect(commits).toBe(0);
  });
});

describe('the pace of a budget', () => {
  it('is alarmed about once when the last hour would use it up within a day, until less is spent', async () => {
    const { start, runCosts, clock, burning, storage } = setUp({});
    await start({ scout: 100 });
    runCosts('scout', 1.9 * DOLLAR);
    await clock.pass(MINUTE);
    const calm = burning();
    runCosts('scout', 8.1 * DOLLAR);
    await clock.pass(MINUTE);
    const fast = burning();
    await clock.pass(MINUTE);
    const row = storage.incidents.listUnresolved().find(({ fingerprint }) => fingerprint.startsWith('burn:'));
    await clock.pass(62 * MINUTE);

    expect(calm).toEqual([]);
    expect(fast).toEqual([
      {
        title: 'scout spends too fast: its budget for November would be used up in 9 h',
        evidence: '$10.00 in the last hour, $90.00 of $100.00 left',
      },
    ]);
    expect(row).toMatchObject({ times: 1, severity: 'warning' });
    expect(burning()).toEqual([]);
  });

  it('counts the run that goes on, as far as it was within the hour', async () => {
    const { start, runCosts, clock, burning, storage } = setUp({});
    await start({ scout: 100 });
    const run = runCosts('scout', 20 * DOLLAR, true);
    storage.transaction(() => storage.runs.claim(run, aClaim({ startedAt: clock.now() - 2 * 60 * MINUTE })));
    await clock.pass(MINUTE);

    expect(burning()).toMatchObject([{ evidence: expect.stringMatching(/^\$9\.9\d in the last hour/) }]);
  });
});

describe('what is told of money', () => {
  it('keeps apart what a subscription covers', async () => {
    const { start, runCosts, clock, open, storage } = setUp({});
    await start({ scout: 60 });
    runCosts('scout', 20 * DOLLAR);
    storage.transaction(() => {
      const id = storage.runs.add({
        agent: 'scout',
        cause: 'schedule',
        publicationId: null,
        wantedAt: clock.now(),
        generations: '{}',
        isCovered: 1,
      });
      const nothing = { inputTokens: null, outputTokens: null, contextTokens: null, contextLimit: null };
      storage.runs.usage(id, { ...nothing, costMicroUsd: 12_400_000 });
    });
    await clock.pass(LOOK);

    expect(open()).toMatchObject([
      {
        evidence: '$32.40 of $60.00: billed $20.00 · covered by subscription $12.40 (list prices)',
      },
    ]);
  });
});

describe('a month of 100,000 runs', () => {
  it('is summed once: a look costs the runs of today', async () => {
    const { start, clock, database, ledger } = setUp({});
    const now = clock.now();
    const insert = database.prepare(
      `INSERT INTO run (agent, cause, state, wanted_at, started_at, ended_at, generations, cost_micro_usd)
       VALUES ('writer', 'schedule', 'done', @at, @at, @at, '{}', 3)`,
    );
    database.transaction(() => {
      for (let run = 0; run < 100_000; run += 1)
        insert.run({ at: now - 22 * DAY + Math.floor((run * 22 * DAY) / 100_000) });
    })();
    await start({ scout: 60, monthly: 1_000_000 });
    const first = ledger().look().purse('').spentMicroUsd;
    const plan = database
      .prepare<[], { detail: string }>(
        `EXPLAIN QUERY PLAN SELECT agent, is_covered, sum(cost_micro_usd) FROM run
         WHERE ended_at >= 1 AND ended_at < 2 AND cost_micro_usd IS NOT NULL AND agent NOT LIKE '~%' GROUP BY agent, is_covered`,
      )
      .all();
    // What no commit told of is looked for again after a minute, but only among the runs of today.
    database.prepare(`UPDATE run SET cost_micro_usd = 1000 WHERE ended_at < ?`).run(now - 2 * DAY);
    clock.jump(2 * MINUTE);

    expect(plan[0]?.detail).toContain('USING COVERING INDEX run_cost');
    expect(first).toBeGreaterThan(290_000);
    expect(ledger().look().purse('').spentMicroUsd).toBe(first);
  });
});
