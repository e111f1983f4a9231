import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DailyWindow } from '../../src/config/fleet.ts';
import { isWithin, nextOpening, nextScheduled } from '../../src/loop/schedule.ts';
import { createWallClock } from '../../src/loop/wall-clock.ts';

const BERLIN = 'Europe/Berlin';
const at = (text: string): number => Date.parse(text);
const window = (from: string, to: string): DailyWindow => ({ fromMinute: minutes(from), toMinute: minutes(to) });
const minutes = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** The next `count` due times of an expression, as ISO texts. */
function dueTimes(expression: string, after: string, count: number): string[] {
  const times: number[] = [];
  while (times.length < count) {
    times.push(nextScheduled({ kind: 'cron', expression }, times.at(-1) ?? at(after), BERLIN) ?? Number.NaN);
  }
  return times.map((time) => new Date(time).toISOString().replace(':00.000Z', 'Z'));
}

test('is due after the interval, at once when continuous, and by no clock when work wakes it', () => {
  const after = at('2026-11-22T05:30:00Z');

  expect(nextScheduled({ kind: 'every', everyMs: 1000 }, after, BERLIN)).toBe(after + 1000);
  expect(nextScheduled({ kind: 'continuous' }, after, BERLIN)).toBe(after);
  expect(nextScheduled({ kind: 'task' }, after, BERLIN)).toBeUndefined();
  expect(nextScheduled({ kind: 'none' }, after, BERLIN)).toBeUndefined();
});

test('follows the wall of the timezone, winter and summer', () => {
  expect(dueTimes('0 8 * * *', '2026-01-01T07:00:00Z', 1)).toEqual(['2026-01-02T07:00Z']);
  expect(dueTimes('0 8 * * *', '2026-07-01T07:00:00Z', 1)).toEqual(['2026-07-02T06:00Z']);
});

test('is due strictly after the given instant', () => {
  const due = at('2026-01-01T07:00:00Z');

  expect(nextScheduled({ kind: 'cron', expression: '0 8 * * *' }, due - 1, BERLIN)).toBe(due);
  expect(nextScheduled({ kind: 'cron', expression: '0 8 * * *' }, due, BERLIN)).toBe(due + 86_400_000);
});

test('is due when the gap ends when summer time skips the time', () => {
  expect(dueTimes('30 2 * * *', '2026-03-28T12:00:00Z', 2)).toEqual(['2026-03-29T01:00Z', '2026-03-30T00:30Z']);
});

test('is due once when the time occurs twice', () => {
  expect(dueTimes('30 2 * * *', '2026-10-24T12:00:00Z', 2)).toEqual(['2026-10-25T00:30Z', '2026-10-26T01:30Z']);
  expect(dueTimes('0,30 2 * * *', '2026-10-24T12:00:00Z', 3)).toEqual([
    '2026-10-25T00:00Z',
    '2026-10-25T00:30Z',
    '2026-10-26T01:00Z',
  ]);
});

test('follows the clock through both hours when the expression has a wildcard', () => {
  expect(dueTimes('*/30 * * * *', '2026-10-24T23:50:00Z', 5)).toEqual([
    '2026-10-25T00:00Z',
    '2026-10-25T00:30Z',
    '2026-10-25T01:00Z',
    '2026-10-25T01:30Z',
    '2026-10-25T02:00Z',
  ]);
});

test.each([
  ['07:00', '23:00', '2026-01-01T06:00:00Z', true],
  ['07:00', '23:00', '2026-01-01T05:59:59Z', false],
  ['07:00', '23:00', '2026-01-01T21:59:59Z', true],
  ['07:00', '23:00', '2026-01-01T22:00:00Z', false],
  ['23:00', '07:00', '2026-01-01T22:00:00Z', true],
  ['23:00', '07:00', '2026-01-01T02:00:00Z', true],
  ['23:00', '07:00', '2026-01-01T06:00:00Z', false],
  ['07:00', '23:00', '2026-07-01T05:00:00Z', true],
])('knows whether %s-%s is open at %s: %s', (from, to, instant, open) => {
  expect(isWithin(window(from, to), at(instant), BERLIN)).toBe(open);
});

test('is open the whole day when the window goes to 24:00', () => {
  expect(isWithin({ fromMinute: 0, toMinute: 1440 }, at('2026-01-01T22:59:59Z'), BERLIN)).toBe(true);
});

test.each([
  ['inside already', '07:00', '23:00', '2026-01-01T12:00:30Z', '2026-01-01T12:00:30.000Z'],
  ['later today', '07:00', '23:00', '2026-01-01T03:21:42Z', '2026-01-01T06:00:00.000Z'],
  ['tomorrow', '07:00', '23:00', '2026-01-01T22:30:00Z', '2026-01-02T06:00:00.000Z'],
  ['spanning midnight', '23:00', '07:00', '2026-01-01T12:00:00Z', '2026-01-01T22:00:00.000Z'],
  ['over the spring night', '07:00', '23:00', '2026-03-28T23:00:00Z', '2026-03-29T05:00:00.000Z'],
  ['over the autumn night', '07:00', '23:00', '2026-10-24T22:00:00Z', '2026-10-25T06:00:00.000Z'],
  ['whose start is skipped', '02:30', '05:00', '2026-03-28T23:00:00Z', '2026-03-29T01:00:00.000Z'],
  ['that is skipped as a whole', '02:15', '02:45', '2026-03-28T23:00:00Z', '2026-03-30T00:15:00.000Z'],
  ['that occurs twice', '02:15', '02:45', '2026-10-25T00:50:00Z', '2026-10-25T01:15:00.000Z'],
])('finds the opening of a window %s', (_what, from, to, instant, opening) => {
  expect(new Date(nextOpening(window(from, to), at(instant), BERLIN)).toISOString()).toBe(opening);
});

test('opens only inside the window, and not before: any window, instant and zone', () => {
  const minute = fc.nat(1439);
  const windows = fc
    .record({ fromMinute: minute, toMinute: minute })
    .filter(({ fromMinute, toMinute }) => fromMinute !== toMinute);
  const zones = fc.constantFrom(
    'UTC',
    BERLIN,
    'America/New_York',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'Africa/Cairo',
  );
  const instants = fc.integer({ min: at('2010-01-01T00:00:00Z'), max: at('2040-01-01T00:00:00Z') });

  fc.assert(
    fc.property(windows, instants, zones, (daily, instant, zone) => {
      const opening = nextOpening(daily, instant, zone);

      expect(opening).toBeGreaterThanOrEqual(instant);
      expect(isWithin(daily, opening, zone)).toBe(true);
      expect(opening === instant || !isWithin(daily, opening - 1, zone)).toBe(true);
    }),
  );
});

test('knows when a wall shows a time, also where it is skipped or shown twice', () => {
  const berlin = createWallClock(BERLIN);
  const shown = (wall: string): string => new Date(berlin.instantOf(at(`${wall}Z`))).toISOString();

  expect(shown('2026-01-15T00:00:00')).toBe('2026-01-14T23:00:00.000Z');
  expect(shown('2026-10-25T02:30:00')).toBe('2026-10-25T00:30:00.000Z');
  expect(shown('2026-03-29T02:30:00')).toBe('2026-03-29T01:00:00.000Z');
});
