import { afterEach, describe, expect, it } from 'vitest';
import { MONEY_SPENT } from '../../src/runs/run-end.ts';
import type { Runtime } from '../../src/runtimes/runtime.ts';
import { talkingRuntime } from '../fakes/talking-runtime.ts';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

const DOLLAR = 1_000_000;
const codexRuntime: Runtime = { ...talkingRuntime, name: 'codex' };

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

/** 12 January 2026, 09:00 UTC; agents are `name: rest` lines. */
async function open(top: string, ...agents: readonly string[]): Promise<RoomWorld> {
  world = createRoomWorld(
    `timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\n${top}\nagents:\n${agents.map((agent) => `  ${agent}\n`).join('')}`,
    { runtimes: [talkingRuntime, codexRuntime], withBudget: true, files: { 'scout.md': 'Look for news.' } },
  );
  await world.begin();
  return world;
}

const SCOUT = 'scout: { runtime: claude, prompt: ./scout.md, schedule: every 1h, timeout: 50m';
const WRITER = 'writer: { runtime: claude, prompt: ./scout.md, schedule: every 1h, timeout: 50m';
const CODER = 'coder: { runtime: codex, prompt: ./scout.md, schedule: every 1h, timeout: 50m, model: gpt-6';

function talker(fleet: RoomWorld, nth = -1) {
  const program = fleet.named('talker').at(nth);
  if (program === undefined) throw new Error('no talker was started');
  return {
    ...program,
    tells: (...events: readonly object[]) => {
      for (const event of events) program.says(`${JSON.stringify(event)}\n`);
    },
  };
}

function usage(costMicroUsd: number | undefined, inputTokens = 1_000, outputTokens = 0) {
  return { kind: 'usage', inputTokens, outputTokens, ...(costMicroUsd === undefined ? {} : { costMicroUsd }) };
}

function reserved(fleet: RoomWorld): unknown[] {
  return fleet.storage.runs.alive().map(({ agent, reservedMicroUsd }) => [agent, reservedMicroUsd]);
}

function incidents(fleet: RoomWorld): string[] {
  return fleet.storage.incidents.listUnresolved().map(({ title }) => title);
}

describe('what is set aside', () => {
  it('is in the row of a run: max_run_cost, or five dollars for one that nobody limits', async () => {
    const fleet = await open('budget: { monthly: 100 }', `${SCOUT}, max_run_cost: 2 }`, `${WRITER} }`);

    expect(reserved(fleet)).toEqual([
      ['scout', 2 * DOLLAR],
      ['writer', 5 * DOLLAR],
    ]);
  });

  it('is four times what the costliest run cost, where nobody limits it', async () => {
    const fleet = await open('budget: { monthly: 100 }', `${SCOUT} }`);
    talker(fleet).tells(usage(4_000_000), { kind: 'turn-ended' });
    talker(fleet).exits(0);

    await fleet.advance(HOUR);

    expect(reserved(fleet)).toEqual([['scout', 16 * DOLLAR]]);
  });

  it('is nothing where nothing limits the run', async () => {
    const fleet = await open('', `${SCOUT} }`);

    expect(reserved(fleet)).toEqual([['scout', null]]);
  });

  it('keeps others from starting until it is given back', async () => {
    const fleet = await open('budget: { monthly: 3 }', `${SCOUT}, max_run_cost: 3 }`, `${WRITER}, max_run_cost: 2 }`);
    const before = reserved(fleet);
    const waits = fleet.storage.dues.waitingOf('writer')?.reason;

    talker(fleet).tells(usage(500_000));
    talker(fleet).exits(0);
    await fleet.settle();
    await fleet.advance(2 * SECOND);

    expect(before).toEqual([['scout', 3 * DOLLAR]]);
    expect(waits).toBe(
      'the fleet’s budget for January has $0.00 left, $3.00 more set aside for what runs, and it needs $1.00',
    );
    expect(reserved(fleet)).toEqual([['writer', 2 * DOLLAR]]);
    expect(incidents(fleet).filter((title) => title.includes('does not start'))).toEqual([]);
  });

  it('is what is left where that is at least half of the wish, and below that the run is skipped and told', async () => {
    const fleet = await open('', `${SCOUT}, max_run_cost: 2, budget: 3 }`);
    talker(fleet).tells(usage(1_500_000));
    talker(fleet).exits(0);
    await fleet.advance(HOUR);
    const second = reserved(fleet);
    talker(fleet).tells(usage(800_000));
    talker(fleet).exits(0);
    await fleet.advance(HOUR);

    expect(second).toEqual([['scout', 1_500_000]]);
    expect(reserved(fleet)).toEqual([]);
    expect(fleet.receipts('scout').at(-1)).toBe(
      'skipped: scout’s budget for January has $0.70 left, and it needs $1.00',
    );
    expect(incidents(fleet)).toContain('scout does not start: scout’s budget for January has too little left');
  });

  it('lets a run start that a raised budget has room for', async () => {
    const fleet = await open('', `${SCOUT}, max_run_cost: 2, budget: 3 }`);
    talker(fleet).tells(usage(2_000_000 - 1));
    talker(fleet).exits(0);
    await fleet.advance(HOUR);
    talker(fleet).tells(usage(500_000));
    talker(fleet).exits(0);
    await fleet.advance(HOUR);
    const before = reserved(fleet);

    fleet.storage.transaction(() => fleet.rooms.raises.raise('scout', 3 * DOLLAR, 50, 'owner:1'));
    await fleet.settle();
    await fleet.advance(2 * SECOND);

    expect(before).toEqual([]);
    expect(reserved(fleet)).toEqual([['scout', 2 * DOLLAR]]);
    expect(incidents(fleet).filter((title) => title.includes('does not start'))).toEqual([]);
  });

  it('says whether a subscription pays', async () => {
    const fleet = await open(
      'credentials: { claude: { billing: subscription, check: [/bin/ok] } }',
      `${SCOUT}, credentials: [claude] }`,
      'plain: { runtime: command, command: [/bin/plain], schedule: every 1h, credentials: [claude] }',
    );
    fleet.named('ok').at(-1)?.says('AUTH_OK\n');
    fleet.named('ok').at(-1)?.exits(0);
    await fleet.advance(5 * SECOND);

    expect(fleet.storage.runs.alive().map(({ agent, isCovered }) => [agent, isCovered])).toEqual([
      ['scout', 1],
      ['plain', 0],
    ]);
  });
});

describe('a run that reaches what it may spend', () => {
  it('is asked to stop at the event that tells it, fails for its budget, and is no crash', async () => {
    const fleet = await open('', `${SCOUT}, max_run_cost: 2 }`);
    talker(fleet).tells({ kind: 'tool-begun', id: '1', tool: 'Bash', input: 'make all' }, usage(2_000_000));
    await fleet.settle();

    expect(talker(fleet).signals).toEqual(['SIGTERM']);
    const run = fleet.storage.runs.lastOf('scout');
    expect(run).toMatchObject({ state: 'failed', failure: 'budget', costMicroUsd: 2_000_000 });
    expect(run?.evidence).toBe('it reached its $2.00 for one run ($2.00 so far); last it did: Bash make all');
    expect(incidents(fleet)).toEqual(['scout reached its $2.00 for one run']);
    expect(fleet.holds()).toEqual([]);
  });

  it('runs again when it is due, each time, and is told until it stays within its limit', async () => {
    const fleet = await open('', `${SCOUT}, max_run_cost: 2 }`);
    for (let run = 0; run < 8; run += 1) {
      talker(fleet).tells(usage(2_100_000));
      await fleet.settle();
      await fleet.advance(HOUR);
    }
    const during = [incidents(fleet), fleet.holds(), fleet.storage.runs.alive().length];

    talker(fleet).tells(usage(1_000_000));
    talker(fleet).exits(0);
    await fleet.settle();

    expect(during).toEqual([['scout reached its $2.00 for one run'], [], 1]);
    expect(incidents(fleet)).toEqual([]);
  });

  it('leaves the tally of crashes alone: one after six of them is a first one', async () => {
    const fleet = await open('', `${SCOUT.replace('every 1h', 'every 5m')}, max_run_cost: 2 }`);
    for (let run = 0; run < 6; run += 1) {
      talker(fleet).tells(usage(2_100_000));
      await fleet.settle();
      await fleet.advance(5 * MINUTE);
    }
    talker(fleet).tells({ outcome: { kind: 'failed', failure: 'crash', evidence: 'boom' } });
    talker(fleet).exits(1);
    await fleet.settle();

    expect(fleet.holds()).toEqual(['scout: it failed']);
  });

  it('is no crash where others spent the month’s money, however little it cost itself', async () => {
    const fleet = await open('', `${SCOUT}, max_run_cost: 2 }`);
    const [run] = fleet.storage.runs.alive();
    fleet.storage.transaction(() => fleet.storage.runs.wantStop(run!.id, MONEY_SPENT, fleet.now(), 'nothing is left'));
    await fleet.settle();

    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ failure: 'budget', evidence: 'nothing is left' });
    expect([fleet.holds(), incidents(fleet)]).toEqual([[], []]);
  });

  it('says what it did last without its secrets', async () => {
    const fleet = await open('', `${SCOUT}, max_run_cost: 2 }`);
    const input = 'curl https://api.telegram.org/bot123456:TEST-the-bot-token-of-the-world/getMe';
    talker(fleet).tells({ kind: 'tool-begun', id: '1', tool: 'Bash', input }, usage(2_000_000));
    await fleet.settle();

    const evidence = fleet.storage.runs.lastOf('scout')?.evidence;
    expect(evidence).toContain('last it did: Bash curl');
    expect(evidence).not.toContain('TEST-the-bot-token');
    expect(
      fleet
        .shown()
        .map(({ text }) => text)
        .join(),
    ).not.toContain('TEST-the-bot-token');
  });

  it('is not stopped a millionth below it', async () => {
    const fleet = await open('', `${SCOUT}, max_run_cost: 2 }`);
    talker(fleet).tells(usage(1_999_999));
    await fleet.advance(10 * SECOND);

    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ state: 'running', stopWantedAt: null });
  });

  it('is told by its CLI’s own stop just the same', async () => {
    const fleet = await open('', `${SCOUT}, max_run_cost: 2 }`);
    const outcome = { kind: 'failed', failure: 'budget', evidence: 'Reached maximum budget ($2)' };
    talker(fleet).tells({ outcome });
    const [run] = fleet.storage.runs.alive();
    fleet.storage.transaction(() =>
      fleet.storage.runs.usage(run!.id, {
        inputTokens: 1,
        outputTokens: 1,
        costMicroUsd: 1_999_998,
        contextTokens: null,
        contextLimit: null,
      }),
    );
    talker(fleet).exits(1);
    await fleet.settle();

    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ state: 'failed', failure: 'budget' });
    expect(incidents(fleet)).toEqual(['scout reached its $2.00 for one run']);
    expect(fleet.holds()).toEqual([]);
  });

  it('is a crash as ever where it is the vendor that wants money', async () => {
    const fleet = await open('', `${SCOUT}, max_run_cost: 2 }`);
    talker(fleet).tells({ outcome: { kind: 'failed', failure: 'budget', evidence: 'Credit balance is too low' } });
    talker(fleet).exits(1);
    await fleet.settle();

    expect(fleet.holds()).toEqual(['scout: it failed']);
  });

  it('is stopped by what its tokens cost where they come before its costs, and a price is given', async () => {
    const fleet = await open('prices: { opus: { input: 10, output: 50 } }', `${SCOUT}, model: opus, max_run_cost: 2 }`);
    talker(fleet).tells(usage(undefined, 190_000));
    await fleet.settle();
    const before = talker(fleet).signals.length;
    talker(fleet).tells(usage(undefined, 200_000));
    await fleet.settle();

    expect(before).toBe(0);
    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ failure: 'budget', costMicroUsd: 2_000_000 });
  });

  it('goes on where tokens come before costs and no price is given', async () => {
    const fleet = await open('', `${SCOUT}, model: opus, max_run_cost: 2 }`);
    talker(fleet).tells(usage(undefined, 900_000_000));
    await fleet.advance(5 * SECOND);

    expect(talker(fleet).signals).toEqual([]);
  });
});

describe('a CLI that tells tokens only', () => {
  it('costs what its model does, as its tokens come', async () => {
    const fleet = await open('prices: { gpt-6: { input: 2, output: 10 } }', `${CODER} }`);
    talker(fleet).tells({ ...usage(undefined, 100_000, 1_000), cachedTokens: 90_000 });
    await fleet.advance(6 * SECOND);

    expect(fleet.storage.runs.lastOf('coder')?.costMicroUsd).toBe(48_000);
  });

  it('has no cost without a price', async () => {
    const fleet = await open('budget: { monthly: 10 }', `${CODER} }`);
    talker(fleet).tells(usage(undefined, 100_000, 1_000));
    talker(fleet).exits(0);
    await fleet.advance(HOUR);

    expect(fleet.storage.runs.recent('coder', 2).map(({ costMicroUsd }) => costMicroUsd)).toEqual([null, null]);
    expect(reserved(fleet)).toEqual([['coder', null]]);
  });
});

describe('the month’s money', () => {
  it('ends the run that spends the last of it, and holds the agent', async () => {
    const fleet = await open('prices: { gpt-6: { input: 2, output: 10 } }', `${CODER}, budget: 2 }`);
    talker(fleet).tells(usage(undefined, 1_000_000));
    await fleet.settle();
    await fleet.advance(2 * SECOND);

    expect(fleet.storage.runs.lastOf('coder')).toMatchObject({ state: 'failed', failure: 'budget' });
    expect(fleet.storage.runs.lastOf('coder')?.evidence).toContain(
      'coder’s budget for January has nothing left for it',
    );
    expect(fleet.holds()).toEqual(['coder: its budget for January is used up ($2.00 of $2.00)']);
    expect(incidents(fleet)).toContain('coder has used up its budget for January');
  });

  it('is not spent by one run where another has set it aside', async () => {
    const fleet = await open(
      'budget: { monthly: 7 }\nprices: { gpt-6: { input: 2, output: 10 } }',
      `${CODER} }`,
      `${WRITER}, max_run_cost: 2 }`,
    );
    const before = reserved(fleet);
    talker(fleet, 0).tells(usage(undefined, 2_499_999));
    await fleet.settle();
    const below = talker(fleet, 0).signals.length;
    talker(fleet, 0).tells(usage(undefined, 2_500_000));
    await fleet.settle();

    expect(before).toEqual([
      ['coder', 5 * DOLLAR],
      ['writer', 2 * DOLLAR],
    ]);
    expect(below).toBe(0);
    expect(fleet.storage.runs.lastOf('coder')).toMatchObject({ failure: 'budget', costMicroUsd: 5 * DOLLAR });
    expect(reserved(fleet)).toEqual([['writer', 2 * DOLLAR]]);
  });

  it('is never spent beyond by more than one reservation where what runs is told late', async () => {
    const fleet = await open('budget: { monthly: 4 }', `${SCOUT}, max_run_cost: 2 }`, `${WRITER}, max_run_cost: 2 }`);
    talker(fleet, 0).tells(usage(1_999_000));
    talker(fleet, 0).exits(0);
    talker(fleet, 1).tells(usage(1_999_000));
    talker(fleet, 1).exits(0);
    await fleet.advance(HOUR);

    expect(fleet.storage.runs.alive()).toEqual([]);
    expect(fleet.rooms.ledger.look().purse('').spentMicroUsd).toBe(3_998_000);
  });

  it('survives a crash: what was set aside and spent is what the rows say', async () => {
    const fleet = await open('budget: { monthly: 4 }', `${SCOUT}, max_run_cost: 2 }`, `${WRITER}, max_run_cost: 2 }`);
    talker(fleet, 0).tells(usage(1_500_000));
    await fleet.advance(6 * SECOND);

    await fleet.crash();
    await fleet.settle();

    expect(fleet.rooms.ledger.look().purse('').spentMicroUsd).toBe(1_500_000);
    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ state: 'lost', costMicroUsd: 1_500_000 });
  });
});
