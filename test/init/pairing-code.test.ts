import { expect, test } from 'vitest';
import { CODE_LIFE_MS, makeCode, openPairing } from '../../src/init/pairing-code.ts';

const CODE = makeCode(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
const WRONG = 'AAAAAAAAAAAAAAAA';

test('a pairing code carries all 80 bits of its ten bytes, in letters that a deep link takes', () => {
  const all = Array.from({ length: 80 }, (_, bit) => {
    const bytes = new Uint8Array(10);
    bytes[Math.floor(bit / 8)] = 1 << (bit % 8);
    return makeCode(bytes);
  });

  expect(new Set(all).size).toBe(80);
  for (const code of all) expect(code).toMatch(/^[A-HJ-NP-Z2-9]{16}$/);
});

test('the right pairing code is taken once, in small letters as well', () => {
  const pairing = openPairing(CODE, 0);

  expect(pairing.try(CODE.toLowerCase(), 1, 10)).toBe('right');
  expect(pairing.try(CODE, 2, 20)).toBe('closed');
});

test('a pairing code is good for an hour, and no longer', () => {
  expect(openPairing(CODE, 0).try(CODE, 1, CODE_LIFE_MS - 1)).toBe('right');
  expect(openPairing(CODE, 0).try(CODE, 1, CODE_LIFE_MS)).toBe('too-old');
});

test('after five wrong pairing codes nothing of their sender is looked at, the right one included', () => {
  const pairing = openPairing(CODE, 0);
  for (let tries = 0; tries < 5; tries += 1) expect(pairing.try(WRONG, 666, 0)).toBe('wrong');

  expect(pairing.try(CODE, 666, 0)).toBe('ignored');
  expect(pairing.try(CODE, 1, 0)).toBe('right');
});

test('after twenty-five wrong pairing codes of many senders none is taken any more', () => {
  const pairing = openPairing(CODE, 0);
  const attempts = Array.from({ length: 25 }, (_, index) => pairing.try(WRONG, Math.floor(index / 5), 0));

  expect(attempts.at(-1)).toBe('closed');
  expect(pairing.try(CODE, 4242, 0)).toBe('closed');
});
