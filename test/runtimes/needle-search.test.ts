import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNeedleSearch } from '../../src/runtimes/needle-search.ts';
import { SIGNATURES } from '../../src/runtimes/signatures.ts';

const GROUPS = [...SIGNATURES.map((family) => family.needles), ['quart', 'sixsix', 'sevenfold', '9-9'], ['quarter']];
const NEEDLES = GROUPS.flat();
const SEARCH = createNeedleSearch(GROUPS);

/** Needles, pieces of needles, and what stands around them, in any case. */
const textArbitrary = fc
  .array(
    fc.oneof(
      fc.constantFrom(...NEEDLES),
      fc.constantFrom(...NEEDLES.flatMap((needle) => [needle.slice(1), needle.slice(0, -1), needle.slice(0, 2)])),
      fc.constantFrom(
        '0',
        '1',
        '4010',
        '9',
        ' ',
        '\n',
        '"',
        'é',
        '\u0000',
        '\u001a89',
        '{auth]',
        '\u001b[0m',
        'x',
        'ab',
        'lorem ipsum',
      ),
    ),
    { maxLength: 12 },
  )
  .chain((parts) => fc.tuple(fc.constant(parts.join('')), fc.infiniteStream(fc.boolean())))
  .map(([text, upper]) =>
    [...text].map((letter) => (upper.next().value === true ? letter.toUpperCase() : letter)).join(''),
  );

/** Where needles begin, as the slowest reader finds them. */
function read(text: string): { start: number; group: number }[] {
  const bytes = Buffer.from(text).toString('latin1');
  const hits = [];
  for (let start = 0; start < bytes.length; start += 1) {
    for (const [group, needles] of GROUPS.entries()) {
      for (const needle of needles) {
        const end = start + needle.length;
        if (bytes.slice(start, end).replace(/[A-Z]/g, (letter) => letter.toLowerCase()) !== needle) continue;
        if (/^\d/.test(needle) && /\d/.test(bytes.charAt(start - 1))) continue;
        if (/\d$/.test(needle) && /\d/.test(bytes.charAt(end))) continue;
        hits.push({ start, group });
      }
    }
  }
  return hits;
}

/** The text at any place of a larger memory, with needles right outside it that do not count. */
function view(text: string, offset: number): DataView {
  const bytes = Buffer.concat([Buffer.alloc(offset, 'expired'), Buffer.from(text), Buffer.from('revoked401')]);
  return new DataView(bytes.buffer, bytes.byteOffset + offset, Buffer.byteLength(text));
}

describe('the search for needles', () => {
  it('finds the first needle of any text from any place on, and none where there is none', () => {
    fc.assert(
      fc.property(textArbitrary, fc.nat(7), fc.nat(40), (text, offset, from) => {
        const first = read(text).find(({ start }) => start >= from);

        expect(SEARCH.find(view(text, offset), from)).toBe(first?.start ?? -1);
      }),
      { numRuns: 1_500 },
    );
  });

  it('tells each group that has a needle in any text', () => {
    fc.assert(
      fc.property(textArbitrary, fc.nat(7), (text, offset) => {
        const groups = new Set(read(text).map(({ group }) => group));

        const found = SEARCH.groupsIn(view(text, offset), 0, Buffer.byteLength(text));

        expect([...GROUPS.keys()].filter((group) => ((found >>> group) & 1) === 1)).toEqual(
          [...groups].toSorted((a, b) => a - b),
        );
      }),
      { numRuns: 1_500 },
    );
  });

  it('refuses a needle that is too short to be seen at every fourth byte', () => {
    expect(() => createNeedleSearch([['art']])).toThrow('the needle art is too short');
  });

  it('refuses more groups than a number has bits', () => {
    expect(() => createNeedleSearch(Array.from({ length: 32 }, () => ['needle']))).toThrow('32 groups');
  });
});
