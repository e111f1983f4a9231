import { describe, expect, it } from 'vitest';
import { createBotWorld, OWNER, SECOND_OWNER } from '../telegram/bot-world.ts';

const DOLLAR = 1_000_000;
const NOTHING = { inputTokens: null, outputTokens: null, contextTokens: null, contextLimit: null };
const DAY = 24 * 3_600_000;

/** 22 November 2026, 13:00 in Berlin; a budget of $500. */
function open(more = 'budget: { monthly: 500 }\n') {
  const world = createBotWorld({}, OWNER, more);
  const { storage } = world.rooms;

  /** A run that cost this and ended `daysAgo`. */
  function spend(
    agent: string,
    dollars: number,
    more: { daysAgo?: number; isCovered?: 0 | 1; tokensOnly?: true } = {},
  ): void {
    storage.transaction(() => {
      const at = world.clock.now() - (more.daysAgo ?? 0) * DAY;
      const wanted = { agent, cause: 'schedule', publicationId: null, wantedAt: at, generations: '{}' };
      const id = storage.runs.add({ ...wanted, isCovered: more.isCovered ?? 0 });
      const costMicroUsd = more.tokensOnly ? null : Math.round(dollars * DOLLAR);
      storage.runs.usage(id, { ...NOTHING, inputTokens: 5, costMicroUsd });
      storage.runs.settle(id, { state: 'done', failure: null, evidence: null, exit: null, endedAt: at });
    });
  }

  /** Asks for /budget, as a message that Telegram shows. */
  async function budget(): Promise<{ readonly text: string; readonly messageId: number; readonly key: string }> {
    const text = (await world.says('/budget')) ?? '';
    return { text, key: world.lastReply(), messageId: world.deliver(world.lastReply()) };
  }

  return { ...world, storage, spend, budget };
}

describe('/budget', () => {
  it('shows the month on one screen: fleet, agents by what they cost, the week, and who tells no costs', async () => {
    const world = open('budget: { monthly: 500 }\nprices: { x: { input: 1, output: 1 } }\n');
    world.spend('writer', 10, { daysAgo: 10 });
    world.spend('scout', 30, { daysAgo: 2 });
    world.spend('scout', 31.1, { isCovered: 1 });
    world.spend('thinker', 0, { tokensOnly: true });

    const { text } = await world.budget();

    expect(text.split('\n')).toEqual([
      '💰 November: $71.10 of $500',
      '▓░░░░░░░░░ 14 %',
      'billed $40.00 · covered by subscription $31.10 (list prices)',
      'Set aside for what runs now: $0.00',
      'By the month’s end about $150.10',
      '',
      expect.stringMatching(/^scout \$61\.10 · \$31\.10 covered · → \$/),
      expect.stringMatching(/^writer \$10\.00 · → \$10\.00$/),
      '',
      'Last 7 days ····█·█ $61.10, most on Sun 22 Nov: $31.10',
      '1 agent tells no costs: thinker; prices in fleet.yaml',
      'Agents of runtime command tell no costs.',
      'Budgets count both, billed and covered, at list prices: they are a guard against runaways.',
    ]);
  });

  it('says when a budget would be used up, within the month', async () => {
    const world = open('budget: { monthly: 100 }\n');
    world.spend('scout', 70, { daysAgo: 1 });

    const { text } = await world.budget();

    expect(text).toMatch(/By the month’s end about \$\d+\.\d\d: used up by \w/);
  });

  it('costs no more than a glance after a month of 100,000 runs', async () => {
    const world = open();
    const insert = world.database.prepare(
      `INSERT INTO run (agent, cause, state, wanted_at, started_at, ended_at, generations, cost_micro_usd, input_tokens)
       VALUES ('scout', 'schedule', 'done', @at, @at, @at, '{}', 3, 1)`,
    );
    const now = world.clock.now();
    world.database.transaction(() => {
      for (let run = 0; run < 100_000; run += 1)
        insert.run({ at: now - 1 - Math.floor(((99_999 - run) * 22 * DAY) / 100_000) });
    })();
    await world.budget();

    const began = performance.now();
    await world.budget();

    // Some 5 ms; a sum over the month would be several times that, and a look at each run more than the bound.
    expect(performance.now() - began).toBeLessThan(500);
  });
});

describe('the button Raise', () => {
  it('asks first, and raises with a second press: once, for this month, journaled', async () => {
    const world = open();
    world.spend('scout', 400);
    const { key, messageId } = await world.budget();

    const first = await world.presses(world.button(key, 'Raise the fleet +20 %'), { messageId });
    const question = world.textOf(key);
    const yes = world.button(key, 'Raise to $600');
    const second = await world.presses(yes, { messageId });
    const third = await world.presses(yes, { messageId, from: SECOND_OWNER });

    expect(first.answer?.text).toBe('To $600.00?');
    expect(question).toBe(
      'Raise the fleet’s budget for November from $500 to $600?\nIt ends with the month; fleet.yaml stays as it is.\n$400.00 are spent.',
    );
    expect(second.answer?.text).toBe('Raised to $600.00.');
    expect(third.answer).toMatchObject({ text: 'It is $600.00 by now: nothing was raised again.', alert: true });
    expect(world.textOf(key)).toBe(
      '✅ Raised: the fleet’s budget for November is $600 now, it was $500. It ends with the month.',
    );
    expect(world.storage.budgets.raises('2026-11')).toMatchObject([
      { agent: '', limitMicroUsd: 600 * DOLLAR, by: `owner:${OWNER}` },
    ]);
    const journal = world.database.prepare(`SELECT actor, detail FROM journal WHERE event = 'raised'`).all();
    expect(journal).toEqual([{ actor: `owner:${OWNER}`, detail: 'from $500.00 to $600.00 for 2026-11' }]);
    expect((await world.budget()).text).toContain('$400.00 of $600');
  });

  it('goes back without a trace', async () => {
    const world = open();
    const { key, messageId, text } = await world.budget();

    await world.presses(world.button(key, 'Raise the fleet +50 %'), { messageId });
    await world.presses(world.button(key, 'Back'), { messageId });

    expect(world.textOf(key)).toBe(text);
    expect(world.storage.budgets.raises('2026-11')).toEqual([]);
  });

  it('holds over a restart of Nightdesk, and ends with the month', async () => {
    const world = open();
    const { key, messageId } = await world.budget();
    await world.presses(world.button(key, 'Raise the fleet +20 %'), { messageId });
    const yes = world.button(key, 'Raise to $600');
    world.restart();
    const pressed = await world.presses(yes, { messageId });
    world.restart();
    const november = (await world.budget()).text;
    world.clock.jump(10 * DAY);

    expect(pressed.answer?.text).toBe('Raised to $600.00.');
    expect(november).toContain('of $600');
    expect((await world.budget()).text).toContain('December: $0.00 of $500');
    expect((await world.presses(yes, { messageId })).answer).toMatchObject({ alert: true });
    expect(world.storage.budgets.raises('2026-12')).toEqual([]);
  });

  it('is on the card of a used-up budget: it ends the incident and the hold, and wakes who was held', async () => {
    const world = open();
    const { storage, clock } = world;
    world.spend('scout', 510);
    const since = clock.now();
    const incident = storage.transaction(() => {
      storage.holds.place({ agent: '', kind: 'budget', subject: '', reason: 'used up', since, until: since + DAY });
      storage.dues.wait('scout', since, 'schedule');
      storage.dues.skip(storage.dues.waitingOf('scout')!, 'used up', since);
      return world.rooms.incidents.report({
        kind: 'budget',
        fingerprint: 'budget::2026-11',
        subject: 'fleet',
        severity: 'critical',
        title: 'The fleet has used up the budget for November',
        evidence: '$510.00 of $500.00',
        agents: ['scout'],
      });
    });
    const key = incident.messageKey ?? '';
    const messageId = world.deliver(key);

    await world.presses(world.button(key, 'Raise +20 %'), { messageId });
    const question = world.textOf(key);
    await world.presses(world.button(key, 'Back'), { messageId });
    const card = world.textOf(key);
    await world.presses(world.button(key, 'Raise +20 %'), { messageId });
    await world.presses(world.button(key, 'Raise to $600'), { messageId });

    expect(question).toContain('from $500 to $600?');
    expect(card).toContain('has used up the budget');
    expect(storage.incidents.get(incident.id)?.state).toBe('resolved');
    expect(world.textOf(key)).toContain('Over: The fleet has used up');
    expect(storage.holds.active()).toEqual([]);
    expect(storage.dues.waiting()).toMatchObject([{ agent: 'scout', cause: 'resumed' }]);
  });

  it('says that it would not be enough', async () => {
    const world = open();
    world.spend('scout', 700);
    const { key, messageId } = await world.budget();

    await world.presses(world.button(key, 'Raise the fleet +20 %'), { messageId });

    expect(world.textOf(key)).toContain('$700.00 are spent already: that is not enough to go on.');
  });

  it('does nothing that was not made by us', async () => {
    const world = open();
    const { key, messageId } = await world.budget();
    const forged = world.button(key, 'Raise the fleet +20 %').replace('raise:', 'raiseyes:');

    expect((await world.presses(forged, { messageId })).answer).toMatchObject({ alert: true });
    expect(world.storage.budgets.raises('2026-11')).toEqual([]);
  });
});
