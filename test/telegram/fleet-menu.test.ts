import { describe, expect, test } from 'vitest';
import type { Agent } from '../../src/config/fleet.ts';
import { createBotWorld, GROUP, STRANGER, VIEWER } from './bot-world.ts';
import { cutLabels } from './cards/label-widths.ts';

type World = ReturnType<typeof createBotWorld>;

/** What the menu puts below each list. */
const FOOT = ['Refresh', 'Status'];

/** Gives the world's fleet these agents, as a reload does. */
function reload(world: World, names: readonly string[]): void {
  const agents = world.fleet.agents as Map<string, Agent>;
  const pattern = agents.get('scout') ?? [...agents.values()][0];
  if (pattern === undefined) throw new Error('the world has no agents');
  agents.clear();
  for (const name of names) agents.set(name, { ...pattern, name });
}

function namesOf(size: number, prefix = 'agent'): string[] {
  return Array.from({ length: size }, (_, n) => `${prefix}-${n}`);
}

function buttonsOf(world: World, key: string) {
  const content = world.content(key);
  return content?.kind === 'text' ? (content.buttons ?? []) : [];
}

/** Asks for the list, and gives the hands that work with its message. */
async function openList(world: World) {
  await world.says('/fleet');
  const key = world.lastReply();
  const messageId = world.deliver(key);
  return {
    key,
    messageId,
    data: (label: string) => world.button(key, label),
    tap: async (label: string) => (await world.presses(world.button(key, label), { messageId })).answer,
    press: (data: string, more: { readonly from?: number; readonly updateId?: number } = {}) =>
      world.presses(data, { messageId, ...more }),
    text: () => world.textOf(key) ?? '',
    labels: () => buttonsOf(world, key).map((row) => row.map(({ text }) => text)),
  };
}

describe('the list of a fleet', () => {
  test('of four shows each in the order of fleet.yaml, two a row, and turns into a panel and into the status by a tap', async () => {
    const world = createBotWorld();
    const list = await openList(world);
    expect(list.text()).toMatch(/^The fleet: 4 agents\n0 running, 0 held or failed\nUpdated /);
    expect(list.labels()).toEqual([['⚪️ scout', '⚪️ writer'], ['⚪️ thinker', '⚪️ poster'], FOOT]);

    const answer = await list.tap('writer');

    expect(answer).toMatchObject({ kind: 'answer', text: '' });
    expect(list.text()).toMatch(/^⚪️ writer: idle\n/);
    await list.tap('All agents');
    expect(list.text()).toMatch(/^The fleet: 4 agents/);
    await list.tap('Status');
    expect(list.text()).toMatch(/^⚪️ I know of nothing wrong/);
    await list.tap('Fleet');
    expect(list.labels()).toEqual([['⚪️ scout', '⚪️ writer'], ['⚪️ thinker', '⚪️ poster'], FOOT]);
  });

  test.each([
    [7, 1],
    [21, 2],
    [60, 3],
  ])('of %i has twenty agents a page, none of them cut off or too long for a button', async (size, pages) => {
    const world = createBotWorld();
    // The longest that fleet.yaml may have, and one that shares its row.
    const names = namesOf(size).map((name, n) => (n % 3 === 0 ? `${name}-${'x'.repeat(32)}`.slice(0, 32) : name));
    reload(world, names);
    const list = await openList(world);
    const seen: string[] = [];

    for (let page = 0; page < pages; page += 1) {
      if (page > 0) await list.tap('Next »');
      const labels = list.labels();
      const agents = labels.flat().filter((label) => label.startsWith('⚪️'));
      seen.push(...agents);
      expect(agents.length).toBe(Math.min(20, size - page * 20));
      expect(labels.every((row) => row.length > 0)).toBe(true);
      expect(labels.flat().filter((label) => /[«»]/.test(label))).toEqual([
        ...(page > 0 ? ['« Back'] : []),
        ...(page < pages - 1 ? ['Next »'] : []),
      ]);
      expect(cutLabels(world.content(list.key))).toEqual([]);
      for (const { data = '' } of buttonsOf(world, list.key).flat())
        expect(Buffer.byteLength(data)).toBeLessThanOrEqual(64);
    }

    expect(seen).toEqual(names.map((name) => `⚪️ ${name}`));
  });

  test('leads from its second page to a panel, to a pause, back to that page, and on', async () => {
    const world = createBotWorld();
    reload(world, namesOf(60));
    const list = await openList(world);
    await list.tap('Next »');
    expect(list.text()).toContain('21 to 40 of 60');

    await list.tap('agent-25');
    expect(list.text()).toMatch(/^⚪️ agent-25: idle/);
    expect((await list.tap('Pause'))?.text).toBe('agent-25 is paused, until you resume it.');
    await list.tap('All agents');

    expect(list.text()).toContain('⛔️ agent-25\n21 to 40 of 60');
    expect(list.labels().flat()).toContain('⛔️ agent-25');
    await list.tap('Next »');
    expect(list.text()).toContain('41 to 60 of 60');
    await list.tap('« Back');
    expect(list.text()).toContain('21 to 40 of 60');
    expect(world.rooms.storage.holds.active()).toHaveLength(1);
  });

  test('opens the agent that stands on the button, however its sign and those of others changed since', async () => {
    const world = createBotWorld();
    // As long as half a row allows, and one letter more.
    const names = ['twelve-lette', 'thirteen-lett', 'eleven-lett', 'fourteen-lette', 'short'];
    reload(world, names);
    const list = await openList(world);
    const buttons = new Map(names.map((name) => [name, list.data(name)]));
    const { storage } = world.rooms;
    storage.transaction(() => {
      for (const name of names) {
        storage.dues.wait(name, world.clock.now(), 'owner');
        storage.dues.explain(storage.dues.waitingOf(name)?.id ?? 0, 'it waits for room');
      }
    });

    for (const [name, data] of buttons) {
      await list.press(data);

      expect(list.text()).toContain(`⏳ ${name}: waiting`);
    }
  });

  test('goes on after a restart, and is brought up to date by Refresh', async () => {
    const world = createBotWorld();
    const list = await openList(world);
    world.rooms.holds.pause('scout', 'owner:1', undefined, false);
    world.restart();

    await list.tap('Refresh');

    expect(list.text()).toMatch(/^The fleet: 4 agents\n0 running, 1 held or failed\n⛔️ scout\n/);
    expect(list.labels().flat()[0]).toBe('⛔️ scout');
  });
});

describe('a button of another list of agents', () => {
  test.each([
    ['fewer', namesOf(3)],
    ['more', namesOf(30)],
    ['as many, in another order', namesOf(21).toReversed()],
    ['none of the same', namesOf(21, 'bot')],
  ])('says that it is outdated and shows the new list where there are %s', async (_title, names) => {
    const world = createBotWorld();
    reload(world, namesOf(21));
    const list = await openList(world);
    const taps = [
      list.data('agent-19'),
      list.data('agent-2'),
      list.data('Next »'),
      list.data('Refresh'),
      list.data('Status'),
    ];
    reload(world, names);

    for (const data of taps) {
      const before = world.answers() ?? 0;
      const { answer } = await list.press(data);

      expect(answer?.text).toMatch(/^That list was outdated/);
      expect(world.answers()).toBe(before + 1);
      expect(list.text()).toMatch(new RegExp(`^The fleet: ${names.length} agents`));
    }
    expect(list.labels().flat()[0]).toBe(`⚪️ ${names[0]}`);
    await list.tap(names[1] ?? '');
    expect(list.text()).toContain(` ${names[1]}: idle`);
  });

  test('shows the page that its agent stands on by now', async () => {
    const world = createBotWorld();
    reload(world, namesOf(7));
    const list = await openList(world);
    const data = list.data('agent-6');
    reload(world, [...namesOf(30, 'bot'), ...namesOf(7)]);

    await list.press(data);

    expect(list.text()).toContain('21 to 37 of 37');
  });

  test('does nothing but show the list where its hash is forged to fit', async () => {
    const world = createBotWorld();
    const list = await openList(world);
    const forged = list.data('writer').replace('writer', 'nobody');
    const before = world.rows() ?? 0;

    await list.press(forged);

    expect(list.text()).toMatch(/^The fleet: 4 agents/);
    expect(world.rows()).toBe(before + 1);
  });
});

describe('a press on the list', () => {
  test('that is handled twice is answered once', async () => {
    const world = createBotWorld();
    const list = await openList(world);
    const data = list.data('scout');
    const { updateId } = await list.press(data);
    const rows = world.rows();

    await list.press(data, { updateId });

    expect(world.rows()).toBe(rows);
    expect(list.text()).toMatch(/^⚪️ scout: idle/);
  });

  test('on All agents that is handled twice shows the list twice and answers once', async () => {
    const world = createBotWorld();
    const list = await openList(world);
    await list.tap('scout');
    const data = list.data('All agents');
    const { updateId } = await list.press(data);
    const rows = world.rows();
    await list.tap('writer');

    await list.press(data, { updateId });

    expect(world.rows()).toBe((rows ?? 0) + 1);
    expect(list.text()).toMatch(/^The fleet: 4 agents/);
  });

  test('on a message that no row stands for any more is answered with a new one', async () => {
    const world = createBotWorld();
    const list = await openList(world);

    const panel = await world.presses(list.data('scout'), { messageId: 9_999 });
    const again = await world.presses(list.data('Refresh'), { messageId: 9_999 });

    expect(world.textOf(`shown:${panel.updateId}`)).toMatch(/^⚪️ scout: idle/);
    expect(world.textOf(`shown:${again.updateId}`)).toMatch(/^The fleet: 4 agents/);
  });

  test('by a viewer shows what he wants to see; by a stranger nothing', async () => {
    const world = createBotWorld({}, GROUP, '', [`viewers: [${VIEWER}]`]);
    await world.says('/fleet', { chatId: GROUP, from: VIEWER });
    const key = world.lastReply();
    const messageId = world.deliver(key);
    const data = world.button(key, 'writer');

    const { answer } = await world.presses(data, { messageId, from: VIEWER });

    expect(answer?.text).toBe('');
    expect(world.textOf(key)).toMatch(/^⚪️ writer: idle/);
    const rows = world.rows();
    await world.presses(data, { messageId, from: STRANGER });
    await world.presses(world.button(key, 'All agents'), { messageId, from: STRANGER });
    expect(world.rows()).toBe(rows);
    expect(world.textOf(key)).toMatch(/^⚪️ writer: idle/);
  });
});

test('/fleet is answered in the topic where it was asked', async () => {
  const world = createBotWorld({}, GROUP);

  await world.says('/fleet', { chatId: GROUP, topicId: 7 });

  expect(world.placeOf(world.lastReply())).toEqual({ chatId: GROUP, topicId: 7 });
});

test('/fleet that waited through an outage says how old it is', async () => {
  const world = createBotWorld();

  const said = await world.says('/fleet', { ageMs: 3 * 3_600_000 });

  expect(said).toMatch(/^The fleet: 4 agents[^]*\n\n🕰 You asked this 3 h ago\.$/);
  expect(buttonsOf(world, world.lastReply()).flat()).toHaveLength(6);
});
