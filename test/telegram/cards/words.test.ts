import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  clockTime,
  count,
  duration,
  link,
  listText,
  richText,
  shorten,
  tokenText,
} from '../../../src/telegram/cards/words.ts';

test('a shortened text is never longer than asked for, and never ends in half a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, max) => {
      const short = shorten(text, max);

      expect(short.length).toBeLessThanOrEqual(Math.max(max, 1));
      expect(short.isWellFormed()).toBe(text.isWellFormed());
      expect(text.length <= max).toBe(short === text);
    }),
  );
});

test.each([
  [0, '0 s'],
  [-5, '0 s'],
  [89_000, '89 s'],
  [90_000, '2 min'],
  [89 * 60_000, '89 min'],
  [90 * 60_000, '1 h 30 min'],
  [2 * 3_600_000, '2 h'],
  [47 * 3_600_000, '47 h'],
  [52 * 3_600_000, '2 d 4 h'],
])('%d ms are said as %s', (ms, said) => {
  expect(duration(ms)).toBe(said);
});

test('a count of one is singular', () => {
  expect([count(0, 'draft'), count(1, 'draft'), count(2, 'draft')]).toEqual(['0 drafts', '1 draft', '2 drafts']);
});

test.each([
  [999, '999'],
  [1_000, '1k'],
  [999_499, '999k'],
  [999_500, '1.0M'],
  [1_440_000, '1.4M'],
])('%d tokens are said as %s', (tokens, said) => {
  expect(tokenText(tokens)).toBe(said);
});

test('only the last two names of a list have an and between them', () => {
  expect([listText([]), listText(['a']), listText(['a', 'b']), listText(['a', 'b', 'c'])]).toEqual([
    '',
    'a',
    'a and b',
    'a, b and c',
  ]);
});

test('a time of another day names the day', () => {
  const now = Date.UTC(2026, 10, 22, 12);

  expect(clockTime(now, 'Europe/Berlin', now).text).toBe('13:00');
  expect(clockTime(now + 86_400_000, 'Europe/Berlin', now).text).toMatch(/Mon.*23 Nov.*13:00/);
});

test('an address that is no web address is shown, shortened, and not linked', () => {
  expect(richText(link('see', 'https://a.example')).entities).toHaveLength(1);
  expect(richText(link('see', `urn:${'x'.repeat(5_000)}`)).text.length).toBeLessThan(300);
  expect(richText(link('see', 'https://a b')).entities).toEqual([]);
});
