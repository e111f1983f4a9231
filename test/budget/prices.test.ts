import { describe, expect, it } from 'vitest';
import { findPrice, priceOf } from '../../src/budget/prices.ts';

const PRICE = { inputUsd: 2, outputUsd: 10 };

describe('the price of tokens', () => {
  it.each([
    ['is in dollars for a million', { input: 1_000_000, output: 0, cached: 0 }, 2_000_000],
    ['counts what comes out at its own price', { input: 0, output: 1_000, cached: 0 }, 10_000],
    ['takes a tenth for what came from a cache', { input: 1_000_000, output: 0, cached: 900_000 }, 380_000],
    ['believes in no more cache than input', { input: 1_000, output: 0, cached: 5_000 }, 200],
  ] as const)('%s', (_title, tokens, microUsd) => {
    expect(priceOf(tokens, PRICE)).toBe(microUsd);
  });

  it('is that of the model that the CLI named, and else of the one in fleet.yaml', () => {
    const prices = new Map([
      ['gpt-6', PRICE],
      ['o9', { inputUsd: 1, outputUsd: 1 }],
    ]);

    expect(findPrice(prices, ['o9', 'gpt-6'])).toMatchObject({ inputUsd: 1 });
    expect(findPrice(prices, ['gpt-6-2026', 'gpt-6'])).toBe(PRICE);
    expect(findPrice(prices, [undefined, 'unheard-of'])).toBeUndefined();
  });
});
