import { expect, it } from 'vitest';
import { createDeadMan, DEAD_MAN_KEY } from '../../src/vigil/dead-man.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { openStorage } from '../fakes/open-storage.ts';

function open(answer: { kind: 'ok' } | { kind: 'failed'; reason: string }) {
  const { storage } = openStorage();
  const clock = createManualClock();
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const deadMan = createDeadMan({
    deadMan: { url: 'https://hc.example/ping/1', everyMs: 10_000 },
    storage,
    web: { call: () => Promise.resolve(answer) },
    clock,
    log: quiet,
    incidents: { report: () => undefined, resolve: () => undefined } as never,
  });
  return {
    clock,
    keptAt: () => storage.settings.get(DEAD_MAN_KEY),
    async pass(ms: number) {
      for (let at = 0; at < ms; at += 10_000) {
        deadMan.look(true);
        await clock.pass(10_000);
      }
      deadMan.look(true);
    },
  };
}

it('writes down when the dead-man address last worked, once a minute at most', async () => {
  const world = open({ kind: 'ok' });
  const start = world.clock.now();

  await world.pass(30_000);
  const first = world.keptAt();
  await world.pass(80_000);

  expect(first).toBe(String(start));
  expect(Number(world.keptAt())).toBeGreaterThanOrEqual(start + 60_000);
  expect(Number(world.keptAt())).toBeLessThanOrEqual(world.clock.now());
});

it('writes down nothing when the dead-man address has never worked', async () => {
  const world = open({ kind: 'failed', reason: 'status 500' });

  await world.pass(120_000);

  expect(world.keptAt()).toBeUndefined();
});
