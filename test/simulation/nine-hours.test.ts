import { expect, test } from 'vitest';
import type { Credential } from '../../src/config/fleet.ts';
import { credentialOf, fleetOf, HOUR_MS, makeAgent, MINUTE_MS } from './fleets.ts';
import { liveThrough } from './world.ts';

/** Seven agents on one token that expires at 23:00, and an owner who sleeps until 8. */
async function sleepThrough(credential: Credential) {
  const startAt = Date.UTC(2026, 5, 10, 22);
  const names = ['scout', 'analyst', 'creator', 'inbound', 'outbound', 'watcher', 'clerk'];
  const fleet = fleetOf({
    credentials: new Map([[credential.name, credential]]),
    agents: names.map((name) =>
      makeAgent(name, {
        command: [`agent:${name}`],
        schedule: { kind: 'every', everyMs: 5 * MINUTE_MS },
        credentials: [credential.name],
      }),
    ),
  });
  const { broken, record } = await liveThrough({
    seed: 23,
    fleet,
    startAt,
    stormMs: 10 * HOUR_MS,
    isCalm: true,
    plot: ({ clock, platform }) => void clock.after(HOUR_MS, () => platform.expire(credential.name)),
  });
  const night = startAt + 10 * HOUR_MS;
  return {
    broken,
    calls: record.calls.filter(({ refused, at }) => refused && at <= night).length,
    alerts: record.showings.filter(({ key, at }) => /^incident:\d+$/.test(key) && at <= night).length,
  };
}

test('nine hours on an expired token cost at most 15 calls and one alert when it has a check', async () => {
  const { broken, calls, alerts } = await sleepThrough(credentialOf('claude', { login: undefined }));

  expect(broken).toBeUndefined();
  expect(calls).toBeGreaterThan(5);
  expect(calls).toBeLessThanOrEqual(15);
  expect(alerts).toBe(1);
});

test('nine hours on an expired token cost one alert and a probe per backoff when only a trial run can tell', async () => {
  const { broken, calls, alerts } = await sleepThrough(credentialOf('claude', { check: undefined, login: undefined }));

  expect(broken).toBeUndefined();
  // Each of the seven agents may have been running when the token died, and finds out for itself.
  expect(calls).toBeLessThanOrEqual(14 + 7);
  expect(alerts).toBe(1);
});
