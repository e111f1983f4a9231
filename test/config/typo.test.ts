import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isMap, isScalar, parseDocument, type Scalar, visit } from 'yaml';
import { createFleetFolder } from './fleet-folder.ts';

const EXAMPLE = readFileSync(new URL('./fixtures/contract.yaml', import.meta.url), 'utf8');
const ENV = { FEED_URL: 'x' };

/** Names that the owner gives are no keys of ours: nobody can know that they are misspelt. */
const GIVEN_NAMES = ['claude', 'scout', 'publisher', 'reply', 'SOURCE'];

/** Offsets of all keys of the example. */
function keysOf(text: string): { offset: number; key: string }[] {
  const keys: { offset: number; key: string }[] = [];
  const document = parseDocument(text);
  visit(document, {
    Map(_key, map) {
      for (const pair of map.items) {
        const key = pair.key as Scalar<string>;
        if (isScalar(key) && !GIVEN_NAMES.includes(key.value))
          keys.push({ offset: key.range?.[0] ?? 0, key: key.value });
      }
    },
  });
  return isMap(document.contents) ? keys : [];
}

/** Slips of the hand: a letter twice, two letters swapped, one left out of a longer word. */
function misspellings(key: string): string[] {
  const at = Array.from(key, (_, index) => index);
  const doubled = at.map((index) => key.slice(0, index + 1) + key.slice(index));
  const swapped = at
    .slice(1)
    .map((index) => key.slice(0, index - 1) + key[index] + key[index - 1] + key.slice(index + 1));
  const shortened = key.length < 5 ? [] : at.map((index) => key.slice(0, index) + key.slice(index + 1));
  return [...new Set([...doubled, ...swapped, ...shortened])].filter((word) => word !== key);
}

test('finds exactly one problem, with the right key, when any one key of a valid fleet is misspelt', () => {
  using place = createFleetFolder();
  const cases = keysOf(EXAMPLE).flatMap(({ offset, key }) =>
    misspellings(key).map((misspelt) => ({ offset, key, misspelt })),
  );
  expect(cases.length).toBeGreaterThan(500);

  fc.assert(
    fc.property(fc.constantFrom(...cases), ({ offset, key, misspelt }) => {
      const text = EXAMPLE.slice(0, offset) + misspelt + EXAMPLE.slice(offset + key.length);

      const result = place.load(text, ENV);

      expect(result).toMatchObject({
        kind: 'invalid',
        problems: [{ line: EXAMPLE.slice(0, offset).split('\n').length, message: 'unknown key', nearest: key }],
      });
      expect(result.kind === 'invalid' && result.problems).toHaveLength(1);
    }),
    { numRuns: 400 },
  );
});

test('never throws, whatever the file holds', () => {
  using place = createFleetFolder();
  const line = fc.constantFrom(...EXAMPLE.split('\n'));
  const shuffled = fc.array(line, { maxLength: 30 }).map((lines) => lines.join('\n'));
  const damaged = fc
    .tuple(fc.nat(EXAMPLE.length), fc.nat(40), fc.string({ unit: 'binary', maxLength: 12 }))
    .map(([at, length, text]) => EXAMPLE.slice(0, at) + text + EXAMPLE.slice(at + length));
  const values = fc
    .json({ maxDepth: 4 })
    .map((json) => `telegram: ${json}\nagents: ${json}\ncredentials: { c: ${json} }\ndefaults: ${json}`);

  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), shuffled, damaged, values), (text) => {
      const result = place.load(text, ENV);

      expect(result.kind === 'loaded' || result.problems.length > 0).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test('never throws, whatever the bytes are', () => {
  using place = createFleetFolder();

  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(place.load(bytes).kind).toBe('invalid');
    }),
  );
});
