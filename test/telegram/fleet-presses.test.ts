import { describe, expect, test } from 'vitest';
import type { Button } from '../../src/telegram/outbox.ts';
import { aClaim } from '../fakes/agents.ts';
import { createBotWorld } from './bot-world.ts';

type World = ReturnType<typeof createBotWorld>;

const MINUTE = 60_000;

/** Starts a run of the agent, as the scheduler and the runner would. */
function startRun({ rooms: { storage }, clock }: World, agent: string): number {
  return storage.transaction(() => {
    const run = { agent, cause: 'schedule', publicationId: null, wantedAt: clock.now(), generations: '{}' };
    const id = storage.runs.add(run);
    storage.runs.claim(id, aClaim({ startedAt: clock.now(), tokenHash: `${agent}-${id}` }));
    storage.runs.started(id, { pid: 1, startTicks: '1', bootId: 'b' });
    return id;
  });
}

/** Opens a panel in a message of its own; gives the keys of that message. */
async function openPanel(world: World, agent: string) {
  await world.says(`/fleet ${agent}`);
  const key = world.lastReply();
  const messageId = world.deliver(key);
  return {
    key,
    tap: async (label: string) => (await world.presses(world.button(key, label), { messageId })).answer,
    text: () => world.textOf(key) ?? '',
    labels: () => labelsOf(world, key),
    highlighted: () => buttonsOf(world, key).flatMap(({ text, style }) => (style === 'primary' ? [text] : [])),
  };
}

function labelsOf(world: World, key: string): string[] {
  return buttonsOf(world, key).map(({ text }) => text);
}

function buttonsOf(world: World, key: string): Button[] {
  const content = world.content(key);
  return content?.kind === 'text' ? (content.buttons ?? []).flat() : [];
}

test('a signed button of an agent that fleet.yaml has no more does nothing, and says where the others are', async () => {
  const world = createBotWorld();
  const panel = await openPanel(world, 'writer');
  (world.fleet.agents as Map<string, unknown>).delete('writer');

  const answer = await panel.tap('Pause');

  expect(answer).toMatchObject({ alert: true, text: expect.stringContaining('/fleet') as string });
  expect(panel.text()).toMatch(/^⚪️ writer: idle/);
  expect(world.rooms.storage.holds.active()).toEqual([]);
});

test('a signed button of a message that no row stands for any more is answered with the panel in a new one', async () => {
  const world = createBotWorld();
  await world.says('/fleet scout');

  const { updateId } = await world.presses(world.buttonOfReply('Pause'), { messageId: 9_999 });

  expect(world.textOf(`shown:${updateId}`)).toMatch(/^⛔️ scout: held/);
});

describe('a panel', () => {
  test('wants a run that an owner wants, and shows that it is due', async () => {
    const world = createBotWorld();
    const panel = await openPanel(world, 'scout');

    const answer = await panel.tap('Run now');

    expect(answer).toMatchObject({ text: '▶️ scout starts now.', alert: false });
    expect(world.rooms.storage.dues.waitingOf('scout')).toMatchObject({ cause: 'owner' });
    expect(panel.text()).toContain('Due now: it starts in a moment');
  });

  test('says why an agent will not run and what would release it, and wants nothing', async () => {
    const world = createBotWorld();
    await world.says('/pause scout 2h');
    const panel = await openPanel(world, 'scout');
    expect(panel.text()).toContain('⛔️ paused by Ada');

    const answer = await panel.tap('Run now');

    expect(answer).toMatchObject({ alert: true });
    expect(answer?.text).toContain('⛔️ paused by Ada. Ends: /resume scout, or by itself in 2 h');
    expect(world.rooms.storage.dues.waitingOf('scout')).toBeUndefined();
  });

  test('pauses and resumes with one tap each, and shows which of both is next', async () => {
    const world = createBotWorld();
    const panel = await openPanel(world, 'scout');

    expect((await panel.tap('Pause'))?.text).toBe('scout is paused, until you resume it.');
    expect(panel.text()).toMatch(/^⛔️ scout: held\n⛔️ paused by /);
    expect(panel.highlighted()).toEqual(['Resume']);
    expect((await panel.tap('Resume'))?.text).toBe('scout: the pause is over.');

    expect(world.rooms.storage.holds.active()).toEqual([]);
    expect(panel.labels()).toContain('Pause');
    expect(panel.highlighted()).toEqual(['Run now']);
  });

  test('of a held agent whose run goes on says for how long it runs, and not that it is held for so long', async () => {
    const world = createBotWorld();
    startRun(world, 'scout');
    await world.clock.pass(3 * MINUTE);
    await world.says('/pause scout');

    const panel = await openPanel(world, 'scout');

    expect(panel.text()).toMatch(/^⛔️ scout: held, still running for 3 min\n⛔️ paused by Ada, for 0 s/);
  });

  test('under a paused fleet offers to resume all of it', async () => {
    const world = createBotWorld();
    world.rooms.holds.pause('all', 'owner:1', undefined, false);
    const panel = await openPanel(world, 'scout');

    expect((await panel.tap('Resume all'))?.text).toBe('The pause of all is over.');

    expect(world.rooms.storage.holds.active()).toEqual([]);
    expect(panel.text()).toMatch(/^The fleet: 4 agents/);
  });

  test.each([
    ['Stop', 'Yes, stop', 'stopped by Ada', '⏹ scout is being stopped.'],
    ['Restart', 'Yes, restart', 'restart wanted by Ada', 'scout is stopped, and starts anew.'],
  ])('%s asks once more before a run is ended', async (label, yes, reason, said) => {
    const world = createBotWorld();
    const run = startRun(world, 'scout');
    const panel = await openPanel(world, 'scout');

    await panel.tap(label);
    expect(panel.text()).toContain(`${label} it? Its run ends at once`);
    expect(world.rooms.storage.runs.get(run)?.stopWantedAt).toBeNull();
    await panel.tap('No');
    expect(panel.text()).not.toContain('Its run ends');
    await panel.tap(label);
    const answer = await panel.tap(yes);

    expect(answer?.text).toBe(said);
    expect(world.rooms.storage.runs.get(run)).toMatchObject({ stopReason: reason });
    expect(panel.text()).not.toContain('Its run ends');
  });

  test('a Yes that comes after that run has ended leaves the next one alone', async () => {
    const world = createBotWorld();
    const { storage } = world.rooms;
    const first = startRun(world, 'scout');
    const panel = await openPanel(world, 'scout');
    await panel.tap('Stop');
    const end = { state: 'done' as const, failure: null, evidence: null, exit: null, endedAt: world.clock.now() };
    storage.transaction(() => storage.runs.settle(first, end));
    const second = startRun(world, 'scout');

    const answer = await panel.tap('Yes, stop');

    expect(answer?.text).toBe('That run of scout is over already.');
    expect(storage.runs.get(second)?.stopWantedAt).toBeNull();
  });

  test('shows the four clocks of a run that is alive, each with its age', async () => {
    const world = createBotWorld();
    const { storage } = world.rooms;
    const id = startRun(world, 'scout');
    await world.clock.pass(5 * MINUTE);
    storage.transaction(() => {
      storage.runs.output(id, world.clock.now() - 4_000, 12);
      storage.runs.progress(id, world.clock.now() - 2 * MINUTE, 'half of it');
    });

    const panel = await openPanel(world, 'scout');

    expect(panel.text()).toContain('Process up 5 min · output 4 s ago\nBeat never · progress 2 min ago\n');
  });

  test('is one screen of a phone at its fullest', async () => {
    const world = createBotWorld({}, undefined, 'budget: { monthly: 100 }\n');
    const { storage, incidents } = world.rooms;
    const end = {
      state: 'failed' as const,
      failure: 'crash',
      evidence: 'x'.repeat(500),
      exit: 'exit 1',
      endedAt: world.clock.now(),
    };
    const first = startRun(world, 'scout');
    storage.transaction(() => {
      storage.runs.usage(first, {
        inputTokens: 12_345,
        outputTokens: 987,
        costMicroUsd: 420_000,
        contextTokens: null,
        contextLimit: null,
      });
      storage.runs.settle(first, end);
    });
    startRun(world, 'scout');
    for (const target of ['scout', 'all']) world.rooms.holds.pause(target, 'owner:1', undefined, false);
    for (const kind of ['stuck', 'heartbeat', 'crash'] as const)
      incidents.report({
        kind,
        fingerprint: kind,
        subject: 'scout',
        severity: 'critical',
        title: 'scout '.repeat(40),
        evidence: '',
        agents: ['scout'],
      });
    world.submit('Hello');

    const text = (await openPanel(world, 'scout')).text();

    expect(text).toContain('12k in, 987 out · $0.42');
    expect(text).toContain('📥 1 draft for you');
    // About 44 letters fit the width of a phone.
    const rows = text.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 44)), 0);
    expect(rows).toBeLessThanOrEqual(22);
  });

  test.each(['Log', 'Why', 'WORKSTATE'])('%s comes below it, and leaves it as it is', async (label) => {
    const world = createBotWorld();
    const panel = await openPanel(world, 'scout');
    const before = panel.text();
    const rows = world.rows() ?? 0;

    await panel.tap(label);

    expect(panel.text()).toBe(before);
    expect(world.rows()).toBe(rows + 2);
  });
});
