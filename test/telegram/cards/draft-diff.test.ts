import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareTexts } from '../../../src/telegram/cards/draft-diff.ts';

/** What of a diff is of that style, in order. */
function parts(before: string, after: string, style: string): string[] {
  const { full } = compareTexts(before, after);
  return (full?.entities ?? [])
    .filter(({ type }) => type === style)
    .map(({ offset, length }) => full?.text.slice(offset, offset + length) ?? '');
}

test('shows the words that went struck through and the new ones bold and underlined, in a quotation that opens', () => {
  const before = 'Thanks Ada, we will look at it soon.';
  const after = 'Thanks Ada, we will look at it today.';

  expect(parts(before, after, 'strikethrough')).toEqual(['soon']);
  expect(parts(before, after, 'bold')).toEqual(['today']);
  expect(parts(before, after, 'underline')).toEqual(['today']);
  expect(parts(before, after, 'expandable_blockquote')).toEqual([compareTexts(before, after).full?.text]);
  expect(compareTexts(before, after).short).toBe('1 word changed');
});

test('a change of blanks alone can be seen', () => {
  expect(compareTexts('one two', 'one  two').full?.text).toContain('␣');
  expect(compareTexts('one\ntwo', 'one\n\ntwo').full?.text).toContain('⏎');
});

test('what stays the same between two changes is cut', () => {
  const middle = 'the same words again and again '.repeat(20);

  const { full } = compareTexts(`Hello ${middle}end`, `Hi ${middle}finish`);

  expect(full?.text.length).toBeLessThan(200);
  expect(full?.text).toContain('…');
});

test('a rewrite is a number instead of a wall of text', () => {
  const { full, short } = compareTexts('old word '.repeat(200), 'young text '.repeat(200));

  expect(full).toBeUndefined();
  expect(short).toMatch(/^\w* ?\d+ words changed$/);
});

test('two texts of a megabyte are compared in bounded time', () => {
  const words = (seed: number): string =>
    Array.from({ length: 170_000 }, (_, index) => ((index * seed) % 9_973).toString(36)).join(' ');
  const long = words(7);
  const begun = performance.now();

  const other = compareTexts(long, words(11));
  const oneWord = compareTexts(long, `${long.slice(0, 500_000)} changed ${long.slice(500_000)}`);

  expect(performance.now() - begun).toBeLessThan(2_000);
  expect(other.short).toMatch(/^about \d+ words changed$/);
  expect(oneWord.full?.text).toContain('changed');
});

test('any two texts give a diff that fits a card and whose entities fit its text', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 });

  fc.assert(
    fc.property(text, text, (before, after) => {
      const { full, short } = compareTexts(before, after);

      expect(short.length).toBeLessThan(60);
      expect(full?.text.length ?? 0).toBeLessThanOrEqual(800);
      for (const { offset, length } of full?.entities ?? [])
        expect(offset + length).toBeLessThanOrEqual(full?.text.length ?? 0);
    }),
    { numRuns: 500 },
  );
});

test('the words beside a change are whole ones', () => {
  const beside = 'nothing and we find it just as odd as you do ';

  expect(compareTexts(`${beside}old.`, `${beside}new.`).full?.text).toBe(
    '…and we find it just as odd as you do old new.',
  );
  expect(compareTexts(`old ${beside}`, `new ${beside}`).full?.text).toBe(
    'old new nothing and we find it just as odd as…',
  );
});

test('words in a row that were replaced stand together, the old ones before the new ones', () => {
  const before = 'Use ours! Two colours, in the old bakery.';
  const after = 'We have none, but Pressgang next door does.';

  expect(parts(before, after, 'strikethrough').length).toBeLessThan(3);
  expect(parts('a big red dog ran', 'a small blue dog ran', 'strikethrough')).toEqual(['big red']);
  expect(parts('a big red dog ran', 'a small blue dog ran', 'bold')).toEqual(['small blue']);
  expect(compareTexts('a big red dog ran', 'a small blue dog ran').full?.text).toBe('a big red small blue dog ran');
});
