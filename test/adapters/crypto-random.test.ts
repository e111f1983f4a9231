import { expect, it } from 'vitest';
import { createCryptoRandom } from '../../src/adapters/crypto-random.ts';

const random = createCryptoRandom();

it('a fraction lies in [0, 1), all over it', () => {
  const fractions = Array.from({ length: 1000 }, () => random.fraction());

  expect(fractions.every((fraction) => fraction >= 0 && fraction < 1)).toBe(true);
  expect(new Set(fractions.map((fraction) => Math.floor(fraction * 4))).size).toBe(4);
});

it('a token is that many bytes as base64url, and never the same', () => {
  const tokens = Array.from({ length: 100 }, () => random.token(32));

  expect(tokens.every((token) => /^[\w-]{43}$/.test(token))).toBe(true);
  expect(new Set(tokens).size).toBe(100);
});
