import { expect, test } from 'vitest';
import { credentialOf, fleetOf, makeAgent, MINUTE_MS } from './fleets.ts';
import { liveThrough } from './world.ts';

test('a stop in the middle of a start leaves nobody behind', async () => {
  const fleet = fleetOf({
    credentials: new Map([['claude', credentialOf('claude')]]),
    agents: ['scout', 'analyst'].map((name) =>
      makeAgent(name, { command: [`agent:${name}`], schedule: { kind: 'every', everyMs: 20_000 } }),
    ),
  });

  const { broken } = await liveThrough({
    seed: 47,
    fleet,
    stormMs: 30 * MINUTE_MS,
    isCalm: true,
    plot: ({ clock, chat, crash, restart }) => {
      const at = (ms: number, task: () => void) => void clock.after(ms, task);
      for (const minute of [5, 10, 15, 20]) {
        // A message waits for Telegram: its sending keeps the stop waiting.
        at((minute - 1) * MINUTE_MS, () => chat.suffer('down', 65_000));
        at(minute * MINUTE_MS - 30_000, () => crash(1_000));
        at(minute * MINUTE_MS, () => {
          crash(10_000);
          // While what the crash left is swept.
          clock.machine.after(10_000, () => clock.machine.after(10, () => restart(10_000)));
        });
      }
    },
  });

  expect(broken).toBeUndefined();
});
