import { expect, test } from 'vitest';
import { liveSeeds } from './live-seeds.ts';

/** `npm run simulate` lives through more. Long, for a slow machine that does other things besides; a quiet one needs a fraction of it. */
const PATIENCE_MS = 600_000;

test('every promise is kept in the first ten worlds', { timeout: PATIENCE_MS }, async () => {
  expect(await liveSeeds(1, 10)).toEqual([]);
});
