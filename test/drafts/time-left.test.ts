import { expect, test } from 'vitest';
import { nextTimeStep, timeLeftWords } from '../../src/drafts/time-left.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test.each([
  [72 * HOUR, 'over a day left', 24 * HOUR],
  [24 * HOUR, 'over 12 h left', 12 * HOUR],
  [4 * HOUR, 'over 3 h left', 3 * HOUR],
  [61 * MINUTE, 'over 1 h left', HOUR],
  [HOUR, 'over 30 min left', 30 * MINUTE],
  [90_000, 'over 1 min left', MINUTE],
  [MINUTE, 'less than 1 min left', undefined],
  [0, 'less than 1 min left', undefined],
  [-HOUR, 'less than 1 min left', undefined],
])('with %i ms left a card says "%s"', (left, words, next) => {
  expect(timeLeftWords(left)).toBe(words);
  expect(nextTimeStep(left)).toBe(next);
});

test('the words of a window change exactly at the steps', () => {
  let left: number | undefined = 30 * HOUR;
  const said: string[] = [];
  while (left !== undefined) {
    const next: number | undefined = nextTimeStep(left);
    if (next !== undefined) expect(timeLeftWords(next + 1)).toBe(timeLeftWords(left));
    said.push(timeLeftWords(left));
    left = next;
  }

  expect(new Set(said).size).toBe(said.length);
  expect(said).toHaveLength(13);
});
