import { describe, expect, it } from 'vitest';
import { mayEnd, offerSnoozes, SNOOZE_MORNING, snoozeEnd } from '../../src/drafts/snooze.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A Thursday afternoon in winter, where Berlin is an hour ahead. */
const NOW = Date.UTC(2026, 0, 15, 15);
const ZONE = 'Europe/Berlin';

function labels(leftMs: number | null, now = NOW): string[] {
  return offerSnoozes(now, leftMs === null ? null : now + leftMs, ZONE).map(({ label }) => label);
}

describe('the times that a snooze offers', () => {
  it.each([
    ['no window', null, ['30 min', '1 h', '3 h', 'Tomorrow 8:00']],
    ['two days', 48 * HOUR, ['30 min', '1 h', '3 h', 'Tomorrow 8:00']],
    ['four hours', 4 * HOUR, ['30 min', '1 h', '3 h']],
    ['two hours', 2 * HOUR, ['30 min', '1 h']],
    ['an hour', HOUR, ['15 min', '30 min']],
    ['twenty minutes', 20 * MINUTE, ['5 min', '10 min']],
    ['ten minutes', 10 * MINUTE, ['2 min', '5 min']],
    ['five minutes', 5 * MINUTE, ['2 min']],
    ['three minutes', 3 * MINUTE, []],
    ['a window that is over', 0, []],
  ])('lie inside what is left: %s', (_title, left, expected) => {
    expect(labels(left)).toEqual(expected);
  });

  it('name the morning of today where tomorrow is not meant', () => {
    expect(labels(null, Date.UTC(2026, 0, 15, 1))).toContain('8:00');
  });

  it('all end early enough for a decision', () => {
    for (let left = MINUTE; left < 30 * HOUR; left += 7 * MINUTE)
      for (const { choice } of offerSnoozes(NOW, NOW + left, ZONE))
        expect(mayEnd(snoozeEnd(choice, NOW, ZONE), NOW + left)).toBe(true);
  });

  it('mean the next morning by the time at which they are pressed', () => {
    const afterMidnight = Date.UTC(2026, 0, 15, 23, 30);

    expect(snoozeEnd(SNOOZE_MORNING, afterMidnight, ZONE)).toBe(Date.UTC(2026, 0, 16, 7));
  });
});
