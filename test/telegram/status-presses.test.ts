import { describe, expect, test } from 'vitest';
import { renderStatus } from '../../src/telegram/cards/status-card.ts';
import type { Content } from '../../src/telegram/outbox.ts';
import { loadFleetStatus, noteInterrupted } from '../../src/vigil/status.ts';
import { aClaim } from '../fakes/agents.ts';
import { createBotWorld } from './bot-world.ts';
import { cutLabels } from './cards/label-widths.ts';

const MINUTE = 60_000;

type World = ReturnType<typeof createBotWorld>;

function report({ rooms }: World, n: number, severity: 'critical' | 'warning'): void {
  rooms.incidents.report({
    kind: 'unknown',
    fingerprint: `${severity}:${n}`,
    subject: 'scout',
    severity,
    title: `${severity} ${n} `.repeat(40),
    evidence: '',
    agents: ['scout'],
  });
}

/** A run as the scheduler and the runner begin one. */
function startRun({ rooms: { storage }, clock }: World, agent: string): number {
  return storage.transaction(() => {
    const run = { agent, cause: 'schedule', publicationId: null, wantedAt: clock.now(), generations: '{}' };
    const id = storage.runs.add(run);
    storage.runs.claim(id, aClaim({ startedAt: clock.now(), tokenHash: `${agent}-${id}` }));
    return id;
  });
}

/** The status of a fleet of `size` agents, the first `held` of which are held and all but the last two of which have proved something. */
function statusOf(world: World, size: number, held: number): Content {
  const { storage, callbackData } = world.rooms;
  const facts = loadFleetStatus(world.fleet, storage, world.clock.now());
  const [pattern] = facts.agents;
  if (pattern === undefined) throw new Error('the world has no agents');
  const agents = Array.from({ length: size }, (_, n) => ({
    ...pattern,
    name: `an-agent-with-a-rather-long-name-${n}`,
    condition: n < held ? ('held' as const) : ('idle' as const),
    reason: n < held ? 'x'.repeat(400) : null,
    lastProofAt: n < size - 2 ? facts.at - n * MINUTE : null,
  }));
  return renderStatus({ ...facts, agents }, { timezone: 'Etc/UTC', callbackData, silences: [] });
}

function textOf(content: Content): string {
  return content.kind === 'text' ? content.body.text : '';
}

describe('/status', () => {
  test('of sixty agents names who is held, and says of the others how many there are and how old the oldest proof is', () => {
    const text = textOf(statusOf(createBotWorld(), 60, 3));

    expect(text).toMatch(/^⛔️ 3 of 60 agents are held or failed\n/);
    expect(text.match(/⛔️ an-agent/g)).toHaveLength(3);
    expect(text).toContain(
      '⚪️ 2 agents have proved nothing yet\n🟢 55 agents well, oldest proof 57 min ago · 0 running\n',
    );
    expect(text).not.toContain('name-20');
  });

  test('of sixty agents of which all are held, with twenty incidents, is one message with all its parts', () => {
    const world = createBotWorld();
    for (let n = 0; n < 10; n += 1) {
      report(world, n, 'warning');
      report(world, n, 'critical');
    }

    const content = statusOf(world, 60, 60);

    expect(textOf(content).length).toBeLessThan(4_000);
    expect(textOf(content)).toContain('… and 14 more: /incidents');
    expect(textOf(content)).toContain('⛔️ … and 46 more held or failed: /fleet');
    expect(textOf(content)).toMatch(/Updated \d\d:\d\d:\d\d$/);
    expect(cutLabels(content)).toEqual([]);
  });

  test('puts the critical incidents first, each with its card a tap away', async () => {
    const world = createBotWorld();
    report(world, 1, 'warning');
    report(world, 2, 'critical');
    await world.says('/status');
    const key = world.lastReply();
    expect(world.textOf(key)).toMatch(/^🔴 critical 2.*\n🟠 warning 1/);

    const { updateId } = await world.presses(world.button(key, '🔴 #2'), { messageId: world.deliver(key) });

    expect(world.textOf(`incident-shown:${updateId}`)).toContain('critical 2');
    expect(world.button(`incident-shown:${updateId}`, 'Ack')).toMatch(/^ack:2:/);
  });

  test('is brought up to date by Refresh in its own message', async () => {
    const world = createBotWorld();
    await world.says('/status');
    const key = world.lastReply();
    const messageId = world.deliver(key);
    expect(world.textOf(key)).toContain('⚪️ scout');
    startRun(world, 'scout');
    await world.clock.pass(MINUTE);

    const { answer } = await world.presses(world.button(key, 'Refresh'), { messageId });

    expect(answer?.text).toBe('');
    expect(world.textOf(key)).toContain('▶️ scout · running for 60 s');
  });

  test('opens the desk below it with Drafts, and the fleet in its place with Fleet', async () => {
    const world = createBotWorld();
    world.submit('Hello');
    await world.says('/status');
    const key = world.lastReply();
    const messageId = world.deliver(key);

    const { updateId } = await world.presses(world.button(key, 'Drafts 1'), { messageId });
    await world.presses(world.button(key, 'Fleet'), { messageId });

    expect(world.textOf(`drafts:${updateId}`)).toContain('Hello');
    expect(world.textOf(key)).toMatch(/^The fleet: 4 agents/);
  });

  test('opens the checklist below it, and has the machine asked for it', async () => {
    const world = createBotWorld();
    await world.says('/status');
    const key = world.lastReply();

    const { updateId } = await world.presses(world.button(key, 'Checklist'), { messageId: world.deliver(key) });

    expect(world.textOf(key)).toMatch(/^⚪️ I know of nothing wrong/);
    expect(world.textOf(`checklist:${updateId}`)).toContain('hecklist');
    expect(world.rooms.storage.settings.get('checklist-wanted')).toContain(`checklist:${updateId}`);
  });

  test('says that a run which an earlier incarnation left is being settled', async () => {
    const world = createBotWorld();
    startRun(world, 'scout');
    await world.clock.pass(MINUTE);
    noteInterrupted(world.rooms.storage);
    startRun(world, 'writer');

    const said = await world.says('/status');

    expect(said).toContain('⏳ scout · no proof yet · its run is being settled: Nightdesk ended while it ran');
    expect(said).toContain('▶️ writer · running for 0 s');
  });
});

describe('/incidents', () => {
  test('has each open incident’s card a tap away', async () => {
    const world = createBotWorld();
    for (let n = 1; n <= 5; n += 1) report(world, n, 'critical');
    await world.says('/incidents');
    const key = world.lastReply();

    const { updateId } = await world.presses(world.button(key, '#5'), { messageId: world.deliver(key) });

    expect(world.textOf(`incident-shown:${updateId}`)).toContain('critical 5');
  });
});

test('a forged button of /status does nothing', async () => {
  const world = createBotWorld();
  await world.says('/status');
  const key = world.lastReply();
  const data = world.button(key, 'Refresh').replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));

  const { answer } = await world.presses(data, { messageId: world.deliver(key) });

  expect(answer).toMatchObject({ alert: true, text: expect.stringContaining('I do not know this button') as string });
});
