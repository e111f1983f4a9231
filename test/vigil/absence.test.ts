import { expect, test } from 'vitest';
import { createOutbox } from '../../src/telegram/outbox.ts';
import { tellAbsence } from '../../src/vigil/absence.ts';
import type { LastLife } from '../../src/vigil/pulse.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { openStorage } from '../fakes/open-storage.ts';

const MINUTE = 60_000;

function open() {
  const { storage } = openStorage();
  const clock = createManualClock();
  const outbox = createOutbox({ storage, clock, chatId: 1, scrub: (text) => text, isQuiet: () => false });
  const parts = { storage, clock, outbox };
  const texts = () =>
    storage.outbox
      .due(clock.now(), 10)
      .map(({ content }) => (JSON.parse(content) as { body: { text: string } }).body.text);
  const life = (agoMs: number, stoppedCleanly = false): LastLife => ({ aliveAt: clock.now() - agoMs, stoppedCleanly });
  return { storage, clock, parts, texts, life };
}

test('a start says nothing of an absence when it is the first one, or came at once and lost no run', () => {
  const { parts, texts, life } = open();

  tellAbsence(parts, undefined, 0);
  tellAbsence(parts, life(MINUTE), 0);

  expect(texts()).toEqual([]);
});

test.each([
  ['a long absence', 5 * MINUTE, true, 0, '🌙 I was stopped and was away for 5 min. I am back.'],
  [
    'runs that were lost in a short one',
    MINUTE / 2,
    false,
    1,
    '🌙 I was cut off and was away for at most 30 s. I am back. 1 running agent was lost and will run again when due.',
  ],
  [
    'an absence that a clock set back hides',
    -5 * MINUTE,
    false,
    2,
    '🌙 I was cut off and was away for I do not know how long: the clock was set back. I am back. 2 running agents were lost and will run again when due.',
  ],
])('a start tells of %s', (_, agoMs, stoppedCleanly, interrupted, expected) => {
  const { parts, texts, life } = open();

  tellAbsence(parts, life(agoMs, stoppedCleanly), interrupted);

  expect(texts()).toEqual([expected]);
});

test('an absence takes the place of the one before when Telegram has not shown that yet', async () => {
  const { parts, texts, life, clock } = open();

  tellAbsence(parts, life(5 * MINUTE), 0);
  await clock.pass(MINUTE);
  tellAbsence(parts, life(3 * MINUTE), 0);

  expect(texts()).toEqual([
    '🌙 I was cut off and was away for at most 3 min. I am back. It was not the first time since you last heard of me.',
  ]);
});
