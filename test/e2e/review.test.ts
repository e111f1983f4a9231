import { afterEach, expect, it } from 'vitest';
import { fixture, openStage, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

/** An agent that hands in nineteen drafts in one run, as one does that comes back from reading a day of mentions. */
const WRITER = `#!/bin/sh
n=1
while [ $n -le 19 ]; do
  printf 'text %s.' $n | nightdesk draft --kind reply --to "@p$n" --window "$((120 + n))m"
  n=$((n + 1))
done
`;

it('nineteen drafts of a burst are reviewed on one message with nineteen taps, two calls of the Bot API each', async () => {
  const stage = await openStage();
  stages.push(stage);
  const { sandbox } = stage;
  stage.fleet(
    `agents:\n  writer: { runtime: command, command: [/bin/sh, ${stage.write('writer.sh', WRITER)}], schedule: every 24h }\n` +
      `  poster: { runtime: command, command: [${fixture('record-stdin.sh')}, ${stage.path('published')}], publishes: [reply] }\n` +
      'drafts: { kinds: { reply: { window: 4h } } }\n',
  );
  const program = await stage.startReady();
  const queue = await stage.says('📥 19 drafts for you');
  const shown = (): string => sandbox.messages().find(({ id }) => id === queue.id)?.text ?? '';
  const cards = new Map(
    sandbox.messages().flatMap(({ id, text }) => {
      const draft = /^✍️ Draft #(\d+)/.exec(text)?.[1];
      return draft === undefined ? [] : [[draft, id] as const];
    }),
  );
  const isOfCard = (payload: Readonly<Record<string, unknown>>): boolean =>
    [...cards.values()].some((id) => id === Number(payload['message_id']));
  const messagesBefore = sandbox.messages().length;

  const callsOfTap: string[][] = [];
  for (let n = 1; n <= 19; n += 1) {
    const id = /^✍️ Draft #(\d+)/m.exec(shown())?.[1] ?? '';
    const before = sandbox.calls.length;
    const message = sandbox.messages().find((one) => one.id === queue.id);
    if (message === undefined) throw new Error('the queue message is gone');
    expect(await stage.press(message, 'Approve')).toBe('Approved, going out.');
    await until(() => !shown().includes(`Draft #${id} ·`), `the review goes on after #${id}`);
    const calls = sandbox.calls.slice(before).filter(({ payload }) => !isOfCard(payload));
    if (!cards.has(id) && n < 19) callsOfTap.push(calls.map(({ method }) => method));
  }
  await until(() => shown().match(/see it live/g)?.length === 19, 'all are live');

  expect(cards.size).toBeLessThanOrEqual(6);
  expect(callsOfTap.length).toBeGreaterThanOrEqual(12);
  expect(new Set(callsOfTap.map((calls) => calls.sort().join(' ')))).toEqual(
    new Set(['answerCallbackQuery editMessageText']),
  );
  expect(sandbox.messages()).toHaveLength(messagesBefore);
  expect(shown()).toContain('✅ 19 approved');
  expect(stage.list('published').filter((name) => name.endsWith('.json'))).toHaveLength(19);
  expect(await program.stop()).toBe(0);
});
