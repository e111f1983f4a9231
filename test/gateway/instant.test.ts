import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseInstant } from '../../src/gateway/instant.ts';

test.each([
  ['2026-07-01', Date.UTC(2026, 6, 1)],
  ['2026-07-01T08:30', Date.UTC(2026, 6, 1, 8, 30)],
  ['2026-07-01 08:30:15', Date.UTC(2026, 6, 1, 8, 30, 15)],
  ['2026-07-01T08:30:15.25Z', Date.UTC(2026, 6, 1, 8, 30, 15, 250)],
  ['2026-07-01T08:30:15+02:00', Date.UTC(2026, 6, 1, 6, 30, 15)],
  ['2026-07-01T08:30:15-0530', Date.UTC(2026, 6, 1, 14, 0, 15)],
  ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
])('%s is read as an instant, in UTC where it names no zone', (text, at) => {
  expect(parseInstant(text)).toBe(at);
});

test.each([
  '',
  '2026',
  '2026-02-29',
  '2026-13-01',
  '2026-07-01T24:00',
  '2026-07-01T08:60',
  '2026-07-01T08:30+25:00',
  '1 July 2026',
  '1782900000000',
  '2h',
])('%j is no instant', (text) => {
  expect(parseInstant(text)).toBeUndefined();
});

test('every time that toISOString writes is read back to the millisecond', () => {
  fc.assert(
    fc.property(
      fc.date({
        min: new Date('0000-01-01T00:00:00Z'),
        max: new Date('9999-12-31T23:59:59.999Z'),
        noInvalidDate: true,
      }),
      (date) => {
        expect(parseInstant(date.toISOString())).toBe(date.getTime());
      },
    ),
  );
});
