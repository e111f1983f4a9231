import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDailyWindow, parseTimeOfDay } from '../../src/config/daily-window.ts';
import { formatDuration, parseDuration, parseSize } from '../../src/config/duration.ts';

test.each([
  ['1s', 1000],
  ['30s', 30_000],
  ['5m', 300_000],
  ['4h', 14_400_000],
  ['7d', 604_800_000],
  ['1h30m', 5_400_000],
  ['1d2h3m4s', 93_784_000],
  ['90m', 5_400_000],
])('reads the duration %s', (text, value) => {
  expect(parseDuration(text)).toEqual({ kind: 'parsed', value });
});

test.each(['', '5', '5 m', 'm', '-5m', '1.5h', '30m1h', '5min', '1h 30m', '5M', '1w', '99999999d', '٣m'])(
  'refuses the duration "%s"',
  (text) => {
    expect(parseDuration(text).kind).toBe('refused');
  },
);

test('takes 0s for a duration only where nothing is allowed', () => {
  expect(parseDuration('0s')).toEqual({ kind: 'refused', expected: 'a duration of at least 1s' });
  expect(parseDuration('0s', 0)).toEqual({ kind: 'parsed', value: 0 });
});

test('reads back each duration that it writes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300_000_000 }), (seconds) => {
      expect(parseDuration(formatDuration(seconds * 1000))).toEqual({ kind: 'parsed', value: seconds * 1000 });
    }),
  );
});

test.each([
  ['500MB', 500_000_000],
  ['2GB', 2_000_000_000],
  ['1.5GB', 1_500_000_000],
  ['64KB', 64_000],
  ['64kB', 64_000],
  ['1B', 1],
  ['1TB', 1_000_000_000_000],
])('reads the size %s in decimal units', (text, value) => {
  expect(parseSize(text)).toEqual({ kind: 'parsed', value });
});

test.each(['', '2', '2G', '2GiB', '2 GB', '0MB', '-1GB', '.5GB', 'GB'])('refuses the size "%s"', (text) => {
  expect(parseSize(text).kind).toBe('refused');
});

test.each([
  ['00:00', 0],
  ['04:00', 240],
  ['23:59', 1439],
])('reads the time of day %s', (text, value) => {
  expect(parseTimeOfDay(text)).toEqual({ kind: 'parsed', value });
});

test.each(['24:00', '4:00', '04:60', '04', '04:00:00', ''])('refuses the time of day "%s"', (text) => {
  expect(parseTimeOfDay(text).kind).toBe('refused');
});

test.each([
  ['07:00-23:00', 420, 1380],
  ['23:00-07:00', 1380, 420],
  ['00:00-24:00', 0, 1440],
])('reads the daily window %s', (text, fromMinute, toMinute) => {
  expect(parseDailyWindow(text)).toEqual({ kind: 'parsed', value: { fromMinute, toMinute } });
});

test.each(['07:00-07:00', '07:00', '7-23', '24:00-07:00', '07:00 - 23:00', ''])(
  'refuses the daily window "%s"',
  (text) => {
    expect(parseDailyWindow(text).kind).toBe('refused');
  },
);
