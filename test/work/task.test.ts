import { describe, expect, it } from 'vitest';
import { decideAttemptEnd, describePlace, isOutside } from '../../src/work/task.ts';

const MINUTE = 60_000;

describe('decideAttemptEnd', () => {
  it.each<[number, boolean, boolean, number, boolean]>([
    [1, true, false, 0, false],
    [2, true, false, 0, false],
    [3, true, false, 1, true],
    [4, true, false, 5, true],
    [5, true, false, 15, true],
    [6, true, false, 60, true],
    [60, true, false, 60, true],
    [1, false, false, 1, false],
    [2, false, false, 5, false],
    [3, false, false, 15, true],
    [4, false, false, 60, true],
    [9, false, false, 60, true],
    [9, true, true, 0, false],
  ])(
    'after attempt %i (claimed: %s, from outside: %s) pauses %i minutes and tells: %s',
    (attempts, was, outside, minutes, told) => {
      expect(decideAttemptEnd(attempts, was, outside)).toEqual({ pauseMs: minutes * MINUTE, isTold: told });
    },
  );
});

describe('isOutside', () => {
  it.each([
    [{ state: 'done', failure: null }, false],
    [{ state: 'failed', failure: 'crash' }, false],
    [{ state: 'failed', failure: 'budget' }, false],
    [{ state: 'failed', failure: 'auth' }, true],
    [{ state: 'failed', failure: 'rate-limit' }, true],
    [{ state: 'stopped', failure: null }, true],
    [{ state: 'lost', failure: 'lost' }, false],
  ] as const)('takes the end %j for one from outside: %s', (end, expected) => {
    expect(isOutside(end)).toBe(expected);
  });
});

describe('describePlace', () => {
  it('names the first phase that is not done, and nothing when all are', () => {
    const phase = (position: number, doneAt: number | null) => ({ position, name: 'x', runId: null, doneAt });

    expect(describePlace([phase(1, 5), phase(2, null), phase(3, null)])).toBe('phase 2 of 3');
    expect(describePlace([phase(1, 5)])).toBeUndefined();
    expect(describePlace([])).toBeUndefined();
  });
});
