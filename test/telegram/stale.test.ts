import { expect, test } from 'vitest';
import { createBotWorld, SECOND_OWNER } from './bot-world.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function running(world: ReturnType<typeof createBotWorld>, agent = 'scout'): number {
  const { storage } = world.rooms;
  return storage.transaction(() => {
    const id = storage.runs.add({ agent, cause: 'schedule', publicationId: null, wantedAt: 0, generations: '{}' });
    storage.runs.claim(id, {
      startedAt: world.clock.now(),
      tokenHash: `hash ${id}`,
      logPath: '',
      containment: 'group',
      cliVersion: null,
      resumeToken: null,
    });
    return id;
  });
}

function isStopping(world: ReturnType<typeof createBotWorld>, run: number): boolean {
  return world.rooms.storage.runs.get(run)?.stopWantedAt !== null;
}

test('a /stop that waited eleven minutes ends nothing, says how old it is, and asks', async () => {
  const world = createBotWorld();
  const run = running(world);

  const said = await world.says('/stop scout', { ageMs: 11 * MINUTE });

  expect(isStopping(world, run)).toBe(false);
  expect(said).toContain('You sent /stop scout 11 min ago');
  expect(said).toContain('I have not done it');
  expect(world.buttonOfReply('Do it now')).toMatch(/^confirm:1:/);
  expect(world.buttonOfReply('Leave it')).toMatch(/^drop:1:/);
});

test('Do it now does what was asked for, in the name of who pressed, and its reply comes below the question', async () => {
  const world = createBotWorld();
  const run = running(world);
  await world.says('/stop scout', { ageMs: 11 * MINUTE });
  const question = world.lastReply();

  const { answer } = await world.presses(world.buttonOfReply('Do it now'), { from: SECOND_OWNER });

  expect(answer?.text).toBe('/stop scout');
  expect(isStopping(world, run)).toBe(true);
  expect(world.textOf('confirmed:1')).toContain('⏹ scout is being stopped');
  expect(world.textOf(question)).toBe('/stop scout: confirmed by Ada.');
  expect(world.rooms.storage.outbox.get('confirmed:1')?.replyToKey).toBe(question);
  expect(world.rooms.storage.journal.of('agent:scout', 1)[0]?.actor).toBe(`owner:${SECOND_OWNER}`);
});

test('whoever decides second about an old command is told who was first, and nothing is done twice', async () => {
  const world = createBotWorld();
  await world.says('/run scout', { ageMs: 11 * MINUTE });
  const [yes, no] = [world.buttonOfReply('Do it now'), world.buttonOfReply('Leave it')];
  await world.presses(no);

  const own = await world.presses(yes);
  const others = await world.presses(yes, { from: SECOND_OWNER });

  expect(own.answer).toMatchObject({ text: 'You left it already.', alert: true });
  expect(others.answer).toMatchObject({ text: 'Ada left it already.', alert: true });
  expect(world.rooms.storage.dues.waitingOf('scout')).toBeUndefined();
  expect(world.textOf(world.lastReply())).toBe('/run scout: left as it was.');
});

test('a question about an old command is no longer valid after a day, and says so', async () => {
  const world = createBotWorld();
  const run = running(world);
  await world.says('/stop scout', { ageMs: 11 * MINUTE });
  await world.clock.pass(DAY + MINUTE);

  const { answer } = await world.presses(world.buttonOfReply('Do it now'));

  expect(answer).toMatchObject({ text: 'I asked that more than a day ago: say it anew.', alert: true });
  expect(isStopping(world, run)).toBe(false);
});

test('an old command asks once, however often its update is handled', async () => {
  const world = createBotWorld();
  await world.says('/stop scout', { ageMs: 11 * MINUTE });
  const { confirmations } = world.rooms.storage;
  const first = confirmations.get(1);

  const again = confirmations.ask({ ...first!, messageKey: world.lastReply() });

  expect(again.id).toBe(1);
  expect(confirmations.get(2)).toBeUndefined();
});

test.each([
  '/restart all',
  '/restart scout',
  '/pause all now',
  '/resume',
  '/run scout',
  '/drill disk',
  '/silence all 2h',
  '/reauth claude',
  '/ack',
  '/ack all',
])('%s asks again when it is older than ten minutes', async (command) => {
  const world = createBotWorld();

  const said = await world.says(command, { ageMs: 10 * MINUTE + 1_000 });

  expect(said).toContain(`You sent ${command} 10 min ago`);
  expect(said).toContain('Shall I still do it?');
});

test.each([
  '/status',
  '/pause scout',
  '/ack 12',
  '/silence off',
  '/silence',
  '/drill',
  '/reauth',
  '/stop',
  '/stop nobody',
])('%s does no harm late: it is answered, with its age', async (command) => {
  const world = createBotWorld();

  const said = await world.says(command, { ageMs: 11 * MINUTE });

  expect(said).toContain('🕰 You asked this 11 min ago.');
  expect(said).not.toContain('Shall I still do it?');
});

test('/cancel is harmless however old it is', async () => {
  const world = createBotWorld();

  expect(await world.says('/cancel', { ageMs: DAY })).toBe('There is nothing to cancel.');
});

test.each([
  ['is behind Telegram’s', -90 * MINUTE],
  ['is right', 0],
])('a fresh command is done at once when our clock %s', async (_, ageMs) => {
  const world = createBotWorld();
  const run = running(world);

  const said = await world.says('/stop scout', { ageMs });

  expect(said).toMatch(/^⏹ scout is being stopped/);
  expect(said).not.toContain('🕰');
  expect(isStopping(world, run)).toBe(true);
});

test('a fresh command costs one more press when our clock is ahead of Telegram’s', async () => {
  const world = createBotWorld();
  const run = running(world);

  await world.says('/stop scout', { ageMs: 300 * MINUTE });
  await world.presses(world.buttonOfReply('Do it now'));

  expect(isStopping(world, run)).toBe(true);
});

test('a Restart that came after an outage does nothing, and asks for another press', async () => {
  const world = createBotWorld();
  const run = running(world);
  world.rooms.incidents.report({
    kind: 'heartbeat',
    fingerprint: 'heartbeat:scout',
    subject: 'scout',
    severity: 'critical',
    title: 'scout is silent',
    evidence: '',
    agents: ['scout'],
  });
  const messageId = world.deliver('incident:1');
  const restart = world.button('incident:1', 'Restart');

  const late = await world.presses(restart, { messageId, awayMs: 25 * MINUTE });

  expect(late.answer).toMatchObject({ alert: true });
  expect(isStopping(world, run)).toBe(false);
  expect(world.textOf(`pressed-again:${late.updateId}`)).toMatch(
    /Restart” was pressed while I was away for 25 min, or just after: I have not done it/,
  );

  await world.presses(restart, { messageId });

  expect(isStopping(world, run)).toBe(true);
});

test('an approval that came after an outage counts: it is bound to its text and its window', async () => {
  const world = createBotWorld();
  const draft = world.submit('A text.');

  await world.presses(world.button(`draft:${draft}:r1`, 'Approve'), { awayMs: 25 * MINUTE });

  expect(world.draft(draft)?.state).toBe('approved');
});
