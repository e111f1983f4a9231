import { describe, expect, test } from 'vitest';
import { INCIDENT_KINDS } from '../../../src/telegram/cards/incident-words.ts';
import { aClaim } from '../../fakes/agents.ts';
import { createBotWorld } from '../bot-world.ts';
import { cutLabels } from './label-widths.ts';

const HOUR = 3_600_000;

describe('no label is cut off', () => {
  test('on a draft, its snoozes, and a review', async () => {
    const world = createBotWorld();
    const id = world.submit('Hello', { windowMs: 72 * HOUR });
    const key = `draft:${id}:r1`;
    const messageId = world.deliver(key);

    expect(cutLabels(world.content(key))).toEqual([]);
    await world.presses(world.button(key, 'Snooze'), { messageId });
    expect(cutLabels(world.content(key))).toEqual([]);
    for (let more = 0; more < 30; more += 1) world.submit(`Hello ${more}`);
    await world.says('/drafts');
    expect(cutLabels(world.content(world.lastReply()))).toEqual([]);
  });

  test.each(INCIDENT_KINDS)('on an incident of kind %s', (kind) => {
    const world = createBotWorld();
    const { id } = world.rooms.incidents.report({
      kind,
      fingerprint: kind,
      subject: 'scout',
      severity: 'critical',
      title: 'It is wrong',
      evidence: '',
      agents: ['scout'],
    });

    expect(cutLabels(world.rooms.incidents.card(id))).toEqual([]);
  });

  test.each([
    '/status',
    '/fleet',
    '/fleet scout',
    '/incidents',
    '/why',
    '/log',
    '/workstate',
    '/workstate thinker',
    '/run',
    '/stop',
    '/restart',
    '/pause',
    '/budget',
    '/reauth',
  ])('on what %s says while much is wrong', async (command) => {
    const world = createBotWorld({ thinker: '# Where I am\n' }, undefined, 'budget: { monthly: 1 }\n');
    const { storage, incidents, holds } = world.rooms;
    for (let n = 0; n < 20; n += 1)
      incidents.report({
        kind: 'unknown',
        fingerprint: `unknown:${n}`,
        subject: 'scout',
        severity: 'critical',
        title: 'It is wrong',
        evidence: '',
        agents: ['scout'],
      });
    holds.pause('all', 'owner:1', undefined, false);
    world.submit('Hello');
    storage.transaction(() => {
      const run = {
        agent: 'scout',
        cause: 'schedule',
        publicationId: null,
        wantedAt: world.clock.now(),
        generations: '{}',
      };
      const id = storage.runs.lastOf('scout')?.id ?? storage.runs.add(run);
      storage.runs.claim(id, aClaim({ startedAt: world.clock.now(), tokenHash: 'alive' }));
    });

    await world.says(command);

    expect(cutLabels(world.content(world.lastReply()))).toEqual([]);
  });

  test('on the question before a run is ended', async () => {
    const world = createBotWorld();
    const { storage } = world.rooms;
    storage.transaction(() => {
      const run = {
        agent: 'scout',
        cause: 'schedule',
        publicationId: null,
        wantedAt: world.clock.now(),
        generations: '{}',
      };
      storage.runs.claim(storage.runs.add(run), aClaim({ startedAt: world.clock.now(), tokenHash: 'alive' }));
    });
    await world.says('/fleet scout');
    const key = world.lastReply();
    const messageId = world.deliver(key);

    await world.presses(world.button(key, 'Restart'), { messageId });

    expect(world.textOf(key)).toContain('Restart it?');
    expect(cutLabels(world.content(key))).toEqual([]);
  });
});
