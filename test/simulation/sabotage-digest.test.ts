import { describe, expect, test } from 'vitest';
import { brokenAnyway, brokenBy, inStorage } from './broken-by.ts';
import { credentialOf, fleetOf, makeAgent, MINUTE_MS } from './fleets.ts';

/** One agent that writes now and then, and a digest each hour. */
const FLEET = fleetOf({
  credentials: new Map([['mail', credentialOf('mail')]]),
  agents: [makeAgent('scout', { command: ['agent:scout'], schedule: { kind: 'every', everyMs: 7 * MINUTE_MS } })],
  hasDigest: true,
});

/** Long, for a slow machine that does other things besides. */
const PATIENCE_MS = 300_000;

describe('a world with digests notices', { timeout: PATIENCE_MS }, () => {
  test('nothing as long as nobody sabotages them', async () => {
    expect(await brokenAnyway(FLEET)).toBeUndefined();
  });

  test.each([
    {
      sabotage: 'when a digest that is due is never written down',
      promise: 'each digest that is due is told',
      by: inStorage(({ digests }) => ({ digests: { ...digests, add: () => undefined } })),
    },
    {
      sabotage: 'when a digest is written down, and its message is not',
      promise: 'each digest that is due is told',
      by: inStorage(({ outbox }) => ({
        outbox: { ...outbox, add: (row) => (row.key.startsWith('digest:') ? true : outbox.add(row)) },
      })),
    },
    {
      sabotage: 'when a digest is never done with its pictures',
      promise: 'no digest waits for its pictures',
      by: inStorage(({ digests }) => ({ digests: { ...digests, told: () => false } })),
    },
  ])('$sabotage', async ({ promise, by }) => {
    expect(await brokenBy(by, promise, { fleet: FLEET })).toBe(promise);
  });
});
