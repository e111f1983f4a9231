import { expect, test } from 'vitest';
import { aClaim } from '../fakes/agents.ts';
import { createBotWorld } from '../telegram/bot-world.ts';

type World = ReturnType<typeof createBotWorld>;

/** Starts a run of the agent, as the scheduler and the runner would. */
function startRun({ rooms: { storage }, clock }: World, agent: string, publicationId: number | null = null): number {
  return storage.transaction(() => {
    const id = storage.runs.add({
      agent,
      cause: 'schedule',
      publicationId,
      wantedAt: clock.now(),
      generations: '{}',
    });
    storage.runs.claim(id, aClaim({ startedAt: clock.now(), tokenHash: `${agent}-${id}` }));
    return id;
  });
}

test('/run makes an idle agent due at once, and says so', async () => {
  const world = createBotWorld();

  expect(await world.says('/run Scout')).toBe('▶️ scout starts now. /why scout says what came of it.');

  expect(world.rooms.storage.dues.waitingOf('scout')).toMatchObject({ cause: 'owner', dueAt: world.clock.now() });
});

test('/run leaves an agent alone that runs already', async () => {
  const world = createBotWorld();
  startRun(world, 'scout');
  await world.clock.pass(180_000);

  expect(await world.says('/run scout')).toBe('scout runs already, for 3 min. /restart scout begins it anew.');

  expect(world.rooms.storage.dues.waitingOf('scout')).toBeUndefined();
});

test('/run of a held agent names every hold, and wants nothing', async () => {
  const world = createBotWorld();
  world.rooms.holds.pause('scout', 'owner:1', undefined, false);
  world.rooms.holds.pause('all', 'owner:1', undefined, false);

  expect(await world.says('/run scout')).toBe(
    'scout is held, and does not start:\n⛔️ paused by owner 1. Ends: /resume scout\n⛔️ the fleet is paused. Ends: /resume all',
  );

  expect(world.rooms.storage.dues.waitingOf('scout')).toBeUndefined();
});

test('/run of a publisher says what makes it run', async () => {
  expect(await createBotWorld().says('/run poster')).toBe(
    'poster publishes: it runs when a draft is approved, and gets that draft.',
  );
});

test.each(['run', 'stop', 'restart'])('/%s without a name asks which one, and changes nothing', async (command) => {
  const world = createBotWorld();

  expect(await world.says(`/${command}`)).toMatch(/^Which one\?/);
  expect(await world.says(`/${command} nobody`)).toContain('There is no agent "nobody"');

  expect(world.rooms.storage.dues.waiting()).toEqual([]);
});

test('/stop asks for the end of the run, and holds nothing', async () => {
  const world = createBotWorld();
  const id = startRun(world, 'scout');

  expect(await world.says('/stop scout')).toBe(
    '⏹ scout is being stopped. It starts again when it is due: /pause scout holds it.',
  );
  expect(await world.says('/stop scout')).toBe('scout is being stopped already.');

  expect(world.rooms.storage.runs.get(id)).toMatchObject({ stopReason: 'stopped by Ada' });
  expect(world.rooms.storage.holds.active()).toEqual([]);
});

test('/stop of an agent that is held promises no new start', async () => {
  const world = createBotWorld();
  startRun(world, 'scout');
  await world.says('/pause scout');

  expect(await world.says('/stop scout')).toBe(
    '⏹ scout is being stopped. It is held, and does not start again: /why scout says by what.',
  );
});

test('/stop of an agent that does not run says how to keep it so', async () => {
  expect(await createBotWorld().says('/stop scout')).toBe('scout does not run. /pause scout keeps it from starting.');
});

test('/restart all restarts whoever runs, and starts nobody else', async () => {
  const world = createBotWorld();
  const id = startRun(world, 'scout');

  expect(await world.says('/restart all')).toBe('scout is stopped, and starts anew.');

  expect(world.rooms.storage.runs.get(id)?.stopReason).toBe('restart wanted by Ada');
  expect(world.rooms.storage.dues.waiting().map(({ agent }) => agent)).toEqual(['scout']);
});

test('/restart alone names what can only be typed, and of nightdesk it knows one word more', async () => {
  const world = createBotWorld();

  expect(await world.says('/restart')).toBe('Which one?\nOr /restart all, /restart nightdesk');
  expect(await world.says('/restart nightdesk please')).toBe(
    'You can say: /restart nightdesk or /restart nightdesk now',
  );
  expect(await world.says('/restart nightdesk', { ageMs: 3_600_000 })).toContain('It restarts me, and nothing new');
});

test('/restart all says so when nobody runs', async () => {
  expect(await createBotWorld().says('/restart all')).toBe('No agent runs right now. /run AGENT starts one.');
});

test('/restart of one agent does what its Restart button does', async () => {
  expect(await createBotWorld().says('/restart scout')).toBe('scout was not running; it starts now.');
});

test('/run of an agent whose credential is dead says what brings it back, and wants nothing', async () => {
  const world = createBotWorld();
  const { storage, custodian } = world.rooms;
  custodian.checked('claude', { kind: 'failed', reason: '401' });

  expect(await world.says('/run scout')).toMatch(
    /^scout is held, and does not start:\n⛔️ .*claude.* Ends: \/reauth claude$/,
  );

  expect(storage.dues.waitingOf('scout')).toBeUndefined();
});

test('/run of an agent for which too little money is left says so, and wants nothing', async () => {
  const world = createBotWorld({}, undefined, 'budget: { monthly: 1 }\n');
  const { storage } = world.rooms;
  const id = startRun(world, 'thinker');
  storage.transaction(() => {
    const used = { inputTokens: 1, outputTokens: 1, contextTokens: null, contextLimit: null };
    storage.runs.usage(id, { ...used, costMicroUsd: 1_500_000 });
    const end = { state: 'done' as const, failure: null, evidence: null, exit: null, endedAt: world.clock.now() };
    storage.runs.settle(id, end);
  });

  expect(await world.says('/run thinker')).toMatch(
    /^thinker is held, and does not start:\n⛔️ the fleet’s budget .* has \$0\.00 left.*\. Ends: \/budget raises it$/,
  );

  expect(storage.dues.waitingOf('thinker')).toBeUndefined();
});
