import type { ModelPrice } from '../config/fleet.ts';

/** Vendors take a tenth for what their model reads from a cache (price lists of Anthropic, OpenAI and Google, 2026). */
const CACHED_PART = 0.1;

/** What a run has used of a model. */
export interface Tokens {
  readonly input: number;
  readonly output: number;
  /** The part of `input` that came from a cache. */
  readonly cached: number;
}

/** What tokens cost, in millionths of a dollar: a price in dollars for a million tokens is that price in millionths for one. */
export function priceOf({ input, output, cached }: Tokens, price: ModelPrice): number {
  const fromCache = Math.min(input, cached);
  return Math.round((input - fromCache * (1 - CACHED_PART)) * price.inputUsd + output * price.outputUsd);
}

/** The price of the first of these models that has one. */
export function findPrice(
  prices: ReadonlyMap<string, ModelPrice>,
  models: readonly (string | undefined)[],
): ModelPrice | undefined {
  return models
    .map((model) => (model === undefined ? undefined : prices.get(model)))
    .find((price) => price !== undefined);
}
