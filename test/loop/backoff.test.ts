import { describe, expect, it } from 'vitest';
import { decideAfterFailure } from '../../src/loop/backoff.ts';

describe('decideAfterFailure', () => {
  it.each([
    [1, 0, 10_000],
    [1, 0.999_999, 12_500],
    [2, 0, 20_000],
    [3, 0, 40_000],
    [4, 0.5, 90_000],
    [5, 0, 160_000],
    [0, 0, 10_000],
  ])('waits longer with each failure when it is number %i and chance says %f', (failures, fraction, delayMs) => {
    expect(decideAfterFailure(failures, fraction)).toEqual({ kind: 'backoff', delayMs });
  });

  it.each([6, 7, 1000])('gives up when it is failure number %i', (failures) => {
    expect(decideAfterFailure(failures, 0)).toEqual({ kind: 'crash-loop' });
  });
});
