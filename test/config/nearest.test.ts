import { expect, test } from 'vitest';
import { nearest } from '../../src/config/nearest.ts';

test.each([
  ['shedule', 'schedule'],
  ['schedlue', 'schedule'],
  ['Schedule', 'schedule'],
  ['check-every', 'check_every'],
  ['credential', 'credentials'],
  ['no', 'on'],
])('takes "%s" for %s', (word, meant) => {
  expect(nearest(word, ['schedule', 'check', 'check_every', 'credentials', 'on', 'env'])).toBe(meant);
});

test.each(['', 'x', 'frequency', 'sched', 'a'.repeat(100_000)])(
  'takes a word for none when none is close (%#)',
  (word) => {
    expect(nearest(word, ['schedule', 'timeout', 'on'])).toBeUndefined();
  },
);
