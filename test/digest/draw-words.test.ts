import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { timeTicks } from '../../src/digest/charts/time-axis.ts';
import { dollars, drawable, roundDollars, shortName } from '../../src/digest/charts/words.ts';

describe('the words on a picture', () => {
  it.each([
    [0, '$0.00'],
    [0.004, '<$0.01'],
    [41.2, '$41.20'],
    [99.999, '$100'],
    [9_999, '$9,999'],
    [12_345, '$12.3k'],
    [4_560_000, '$4.6M'],
    [7_800_000_000, '$7.8bn'],
  ])('writes %d dollars as %s', (usd, text) => {
    expect(dollars(usd)).toBe(text);
  });

  it.each([
    [60, '$60'],
    [58.4, '$58'],
    [2.5, '$2.50'],
    [20_000_000, '$20M'],
    [0, '$0'],
  ])('writes about %d dollars as %s', (usd, text) => {
    expect(roundDollars(usd)).toBe(text);
  });

  it.each([
    ['scout', 'scout'],
    ['агент', 'агент'],
    ['Zoe\u0308', 'Zoë'],
    ['エージェント-7', '?-7'],
    ['🚀🚀 rocket', '? rocket'],
    ['a\nb\u202e', 'a?b?'],
  ])('keeps of %j what the font has', (text, shown) => {
    expect(drawable(text)).toBe(shown);
  });

  it('says nothing that the font lacks, whatever it is given', () => {
    const has = glyphsOf('@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf');
    const hasBold = glyphsOf('@expo-google-fonts/inter/700Bold/Inter_700Bold.ttf');

    // Every letter that there is, one by one.
    const lacking: string[] = [];
    for (let code = 0x20; code <= 0x1_ffff; code += 1) {
      const shown = drawable(String.fromCodePoint(code)).codePointAt(0) ?? 0x20;
      if (!has(shown) || !hasBold(shown)) lacking.push(code.toString(16));
    }
    expect(lacking).toEqual([]);
  });

  it('leaves out the middle of a name that is too long', () => {
    expect(shortName('outbound-engager', 16)).toBe('outbound-engager');
    expect(shortName('outbound-engager-for-linkedin-12', 16)).toBe('outbound-…din-12');
  });
});

describe('the names on a time axis', () => {
  const at = (text: string): number => Date.parse(text);

  it.each<[string, string, string, string, readonly string[]]>([
    [
      'half a day',
      '2026-11-22T07:00:00Z',
      '2026-11-22T19:00:00Z',
      'Europe/Berlin',
      ['08:00', '10:00', '12:00', '14:00', '16:00', '18:00', '20:00'],
    ],
    [
      'a night',
      '2026-11-21T19:00:00Z',
      '2026-11-22T07:00:00Z',
      'Europe/Berlin',
      ['20:00', '22:00', 'Sun 22', '02:00', '04:00', '06:00', '08:00'],
    ],
    ['a week', '2026-11-15T19:00:00Z', '2026-11-22T19:00:00Z', 'Europe/Berlin', ['Tue 17', 'Thu 19', 'Sat 21']],
    [
      'the night that loses an hour',
      '2026-03-28T23:00:00Z',
      '2026-03-29T04:00:00Z',
      'Europe/Berlin',
      ['Sun 29', '01:00', '03:00', '04:00', '05:00', '06:00'],
    ],
    [
      'a zone with half hours',
      '2026-11-22T00:00:00Z',
      '2026-11-22T05:00:00Z',
      'Asia/Kolkata',
      ['06:00', '07:00', '08:00', '09:00', '10:00'],
    ],
    ['a second', '2026-11-22T00:00:00Z', '2026-11-22T00:00:01Z', 'UTC', ['Sun 22']],
  ])('are round hours of the wall for %s', (_what, from, to, timezone, labels) => {
    expect(timeTicks(at(from), at(to), timezone).map(({ label }) => label)).toEqual(labels);
  });

  it('stand where the wall shows them in the night that has an hour twice', () => {
    const ticks = timeTicks(at('2026-10-24T22:00:00Z'), at('2026-10-25T06:00:00Z'), 'Europe/Berlin');

    expect(ticks.map((tick) => [new Date(tick.at).toISOString().slice(11, 16), tick.label])).toEqual([
      ['22:00', 'Sun 25'],
      ['00:00', '02:00'],
      ['03:00', '04:00'],
      ['05:00', '06:00'],
    ]);
  });

  it.each([1, 5, 24, 100, 720, 24 * 366])('are at most eight for %d hours', (hours) => {
    const ticks = timeTicks(at('2026-01-01T00:00:00Z'), at('2026-01-01T00:00:00Z') + hours * 3_600_000, 'UTC');

    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThanOrEqual(8);
  });
});

/** Which letters a TrueType font has: its table `cmap`, in the form of segments (https://learn.microsoft.com/typography/opentype/spec/cmap). */
function glyphsOf(font: string): (code: number) => boolean {
  const file = readFileSync(createRequire(import.meta.url).resolve(font));
  const tables = Array.from({ length: file.readUInt16BE(4) }, (_, index) => 12 + index * 16);
  const entry = tables.find((at) => file.toString('latin1', at, at + 4) === 'cmap') ?? 0;
  const cmap = file.readUInt32BE(entry + 8);
  const subtables = Array.from(
    { length: file.readUInt16BE(cmap + 2) },
    (_, index) => cmap + file.readUInt32BE(cmap + 8 + index * 8),
  );
  const wide = subtables.find((at) => file.readUInt16BE(at) === 12);
  const narrow = subtables.find((at) => file.readUInt16BE(at) === 4);
  if (wide !== undefined) {
    const groups = Array.from({ length: file.readUInt32BE(wide + 12) }, (_, index) => wide + 16 + index * 12);
    return (code) => groups.some((at) => file.readUInt32BE(at) <= code && code <= file.readUInt32BE(at + 4));
  }
  if (narrow === undefined) throw new Error(`${font} has no table of letters that this test reads`);
  const segments = file.readUInt16BE(narrow + 6) / 2;
  const ends = narrow + 14;
  const starts = ends + 2 * segments + 2;
  return (code) =>
    Array.from({ length: segments }, (_, index) => index * 2).some(
      (at) => file.readUInt16BE(starts + at) <= code && code <= file.readUInt16BE(ends + at),
    );
}
