import { expect, test } from 'vitest';
import { DRAIN_MS, decideRestart } from '../../src/restart/restart.ts';
import { createBotWorld } from '../telegram/bot-world.ts';

const MINUTE = 60_000;
type World = ReturnType<typeof createBotWorld>;

function running(world: World, agent = 'scout'): number {
  const { storage } = world.rooms;
  return storage.transaction(() =>
    storage.runs.add({ agent, cause: 'schedule', publicationId: null, wantedAt: 0, generations: '{}' }),
  );
}

function ends(world: World, run: number): void {
  const { storage } = world.rooms;
  storage.transaction(() =>
    storage.runs.settle(run, { state: 'done', failure: null, evidence: null, exit: null, endedAt: world.clock.now() }),
  );
}

const state = (world: World): string | undefined => world.rooms.storage.selfRestarts.get(1)?.state;

test.each([
  ['waits as long as somebody runs', { now: 0, running: 1, isTold: true }, { kind: 'wait', forMs: DRAIN_MS }],
  ['goes once nobody does', { now: 5_000, running: 0, isTold: true }, { kind: 'go' }],
  ['goes at its deadline, whoever runs', { now: DRAIN_MS, running: 3, isTold: true }, { kind: 'go' }],
  [
    'waits a moment for its message to be shown',
    { now: 1_000, running: 0, isTold: false },
    { kind: 'wait', forMs: 2_000 },
  ],
  ['goes without it when Telegram is away', { now: 3_000, running: 0, isTold: false }, { kind: 'go' }],
  [
    'waits no longer than that when the clock was set back by a day',
    { now: -86_400_000, running: 1, isTold: true },
    { kind: 'wait', forMs: DRAIN_MS },
  ],
] as const)('a restart %s', (_, facts, step) => {
  expect(decideRestart({ askedAt: 0, deadlineAt: DRAIN_MS }, facts)).toEqual(step);
});

test('/restart nightdesk says for whom it waits and until when, lets nothing new start, and goes when the last one has ended', async () => {
  const world = createBotWorld();
  const [first, second] = [running(world), running(world, 'writer')];
  world.rooms.restarter.start();

  const said = await world.says('/restart nightdesk');
  const message = world.lastReply();
  world.deliver(message);
  await world.clock.pass(1_000);

  expect(said).toBe(
    '🔁 Nightdesk restarts\nIt waits for scout and writer, until 13:10 at most.\nNothing new starts meanwhile; whoever runs then is stopped, and goes on with its session.',
  );
  expect(world.rooms.restarter.holds()).toBe('Nightdesk restarts');

  ends(world, first);
  await world.clock.pass(1_000);
  expect(world.textOf(message)).toContain('It waits for writer, until 13:10 at most.');

  ends(world, second);
  await world.clock.pass(1_000);
  expect(world.textOf(message)).toContain('Nightdesk restarts now');
  expect([state(world), world.replacement.went]).toEqual(['going', 1]);
});

test('at its deadline a restart goes, whoever runs', async () => {
  const world = createBotWorld();
  running(world);
  world.rooms.restarter.start();
  await world.says('/restart nightdesk');
  world.deliver(world.lastReply());

  await world.clock.pass(9 * MINUTE);
  const before = world.replacement.went;
  await world.clock.pass(MINUTE + 1_000);

  expect([before, world.replacement.went]).toEqual([0, 1]);
});

test.each(['/restart nightdesk now', '/restart nightdesk  NOW'])('%s waits for nobody', async (command) => {
  const world = createBotWorld();
  running(world);
  world.rooms.restarter.start();

  expect(await world.says(command)).toContain('scout is stopped, and goes on afterwards.');
  await world.clock.pass(4_000);

  expect(world.replacement.went).toBe(1);
});

test('Now hurries a restart, and a second press finds it over', async () => {
  const world = createBotWorld();
  running(world);
  world.rooms.restarter.start();
  await world.says('/restart nightdesk');
  const now = world.buttonOfReply('Now');
  world.deliver(world.lastReply());

  const { answer } = await world.presses(now);
  await world.clock.pass(1_000);
  const again = await world.presses(now);

  expect(answer?.text).toBe('Restarting now…');
  expect(world.replacement.went).toBe(1);
  expect(again.answer?.text).toBe('That restart is over, or goes already.');
});

test('Leave it ends a restart before it went, and everything may start again', async () => {
  const world = createBotWorld();
  const run = running(world);
  world.rooms.restarter.start();
  await world.says('/restart nightdesk');
  const message = world.lastReply();

  const { answer } = await world.presses(world.buttonOfReply('Leave it'));
  ends(world, run);
  await world.clock.pass(20 * MINUTE);

  expect(answer?.text).toBe('Left as it was.');
  expect(world.textOf(message)).toBe('🔁 Left as it was: no restart.');
  expect([world.rooms.restarter.holds(), state(world), world.replacement.went]).toEqual([undefined, 'dropped', 0]);
});

test('a restart whose new process would not come up is dropped, and its owner told why', async () => {
  const world = createBotWorld();
  world.rooms.restarter.start();
  world.replacement.problem = 'fleet.yaml:3: unknown key "agent"';
  await world.says('/restart nightdesk');
  const message = world.lastReply();

  await world.clock.pass(4_000);

  expect([state(world), world.replacement.went, world.rooms.restarter.holds()]).toEqual(['dropped', 0, undefined]);
  expect(world.textOf(message)).toBe('🔁 Not restarted.');
  expect(world.textOf('restart:1:refused')).toContain('a new start would fail. fleet.yaml:3: unknown key "agent"');
});

test('a restart does not go once this process is to stop, however far it was', async () => {
  const world = createBotWorld();
  const checking = Promise.withResolvers<void>();
  world.replacement.checking = checking.promise;
  world.rooms.restarter.start();
  await world.says('/restart nightdesk now');
  await world.clock.pass(4_000);

  const stopped = world.rooms.restarter.stop();
  checking.resolve();
  await stopped;

  expect([state(world), world.replacement.went]).toEqual(['draining', 0]);
});

test('a second /restart nightdesk is about the same restart', async () => {
  const world = createBotWorld();
  running(world);
  await world.says('/restart nightdesk');
  await world.clock.pass(MINUTE);

  const said = await world.says('/restart nightdesk');
  const late = await world.says('/restart nightdesk now');

  expect(said).toContain('until 13:10 at most');
  expect(late).toContain('Nightdesk restarts now');
  expect(world.rooms.storage.selfRestarts.get(2)).toBeUndefined();
});

test('the next process says how long nobody was there, which version it is, and lets everything start', async () => {
  const world = createBotWorld();
  world.rooms.restarter.start();
  await world.says('/restart nightdesk');
  const message = world.lastReply();
  world.deliver(message);
  await world.clock.pass(1_000);
  await world.clock.pass(12_000);

  world.restart();
  const isAwaited = world.rooms.restarter.recover();

  expect(isAwaited).toBe(true);
  expect([state(world), world.rooms.restarter.holds()]).toEqual(['back', undefined]);
  expect(world.textOf('restart:1:back')).toMatch(/^🔁 I am back after 1[23] s \(version 1\.2\.3\)\.$/);
  expect(world.rooms.storage.outbox.get('restart:1:back')).toMatchObject({ silent: 1, replyToKey: message });
  expect(world.textOf(message)).toBe('🔁 Restarted.');
  expect(world.rooms.restarter.recover()).toBe(false);
});

test('whoever was stopped for a restart is due at once, and nobody else', async () => {
  const world = createBotWorld();
  const { storage } = world.rooms;
  const stop = (run: number, reason: string): void =>
    storage.transaction(() => {
      storage.runs.wantStop(run, reason, world.clock.now());
      storage.runs.settle(run, {
        state: 'stopped',
        failure: null,
        evidence: null,
        exit: null,
        endedAt: world.clock.now(),
      });
    });
  const [scout, writer, poster] = [running(world), running(world, 'writer'), running(world, 'poster')];
  stop(writer, 'Nightdesk was stopped'); // an hour before, by another stop
  await world.clock.pass(60 * MINUTE);
  world.rooms.restarter.start();
  await world.says('/restart nightdesk now');
  await world.clock.pass(4_000);
  stop(scout, 'Nightdesk was stopped');
  stop(poster, 'Nightdesk was stopped');

  world.restart();
  world.rooms.restarter.recover();

  expect(storage.dues.waiting().map(({ agent, cause }) => [agent, cause])).toEqual([['scout', 'resumed']]);
});

test('a crash while a restart waits ends it: the command that is handled again asks for no other one', async () => {
  const world = createBotWorld();
  running(world);
  await world.says('/restart nightdesk');
  const { id, askedBy, messageKey } = world.rooms.storage.selfRestarts.open()!;

  world.restart();
  const isAwaited = world.rooms.restarter.recover();
  world.rooms.restarter.ask({ by: askedBy, messageKey, isNow: false, now: world.clock.now() });

  expect([id, isAwaited, state(world)]).toEqual([1, false, 'back']);
  expect(world.rooms.storage.selfRestarts.open()).toBeUndefined();
  expect(world.textOf('restart:1:back')).toBe('🔁 I am back (version 1.2.3).');
});
