import { expect, test } from 'vitest';
import { aClaim } from '../fakes/agents.ts';
import { createBotWorld } from '../telegram/bot-world.ts';

const MINUTE = 60_000;

/** A world in which scout runs, and its run's id. */
function running() {
  const world = createBotWorld();
  const { storage } = world.rooms;
  const now = world.clock.now();
  const id = storage.transaction(() => {
    const run = storage.runs.add({
      agent: 'scout',
      cause: 'schedule',
      publicationId: null,
      wantedAt: now,
      generations: '{}',
    });
    storage.runs.claim(run, aClaim({ startedAt: now, tokenHash: 'x' }));
    storage.runs.started(run, { pid: 1, startTicks: '1', bootId: 'b' });
    return run;
  });
  return { world, storage, id, now };
}

test('/why tells the last signs of a run, what is expected of it, and what it was asked', async () => {
  const { world, storage, id, now } = running();
  storage.transaction(() => {
    storage.runs.beat(id, now + MINUTE, 'training');
    storage.runs.patient(id, now + 60 * MINUTE);
    storage.runs.wantAnswer(id, now + 2 * MINUTE);
    storage.runs.repeating(id, 'Bash: curl x 37 times in 12 min');
  });
  await world.clock.pass(4 * MINUTE);

  const said = await world.says('/why scout');

  expect(said).toContain('💓 Last sign of life: a beat, 3 min ago; one is due every');
  expect(said).toContain('👣 Last progress: its start, 4 min ago');
  expect(said).toMatch(/⏳ In a long step until .*: training/);
  expect(said).toContain('❔ I asked for a sign of life 2 min ago.');
  expect(said).toContain('🔁 Over and over: Bash: curl x 37 times in 12 min');
});

test('/why tells what is wrong with the agent, and the jump of the clock that came between its due times', async () => {
  const { world, storage, now } = running();
  world.rooms.incidents.report({
    kind: 'stuck',
    fingerprint: 'stuck:scout',
    subject: 'scout',
    severity: 'critical',
    title: 'scout is stuck: it does the same over and over',
    evidence: 'Bash',
    agents: ['scout'],
  });
  storage.transaction(() => {
    storage.dues.wait('scout', now, 'schedule');
    const due = storage.dues.waitingOf('scout');
    if (due !== undefined) storage.dues.skip(due, 'its last run is still going', now);
    storage.settings.set('clock-jump', JSON.stringify({ at: now, byMs: -3_600_000 }));
  });

  const said = await world.says('/why scout');

  expect(said).toMatch(/🔴 scout is stuck: it does the same over and over \(incident \d+\)/);
  expect(said).toContain('the clock jumped 60 min back');
});

test('/status shows a step that was declared to be long, and for how long it still is', async () => {
  const { world, storage, id, now } = running();
  storage.transaction(() => {
    storage.runs.beat(id, now, 'training');
    storage.runs.patient(id, now + 60 * MINUTE);
  });
  await world.clock.pass(10 * MINUTE);

  expect(await world.says('/status')).toContain('in a long step: training, for 50 min more');
});
