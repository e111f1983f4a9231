import { expect, test } from 'vitest';
import { createWorker, isPassingStorageTrouble } from '../src/worker.ts';
import { createManualClock } from './fakes/manual-clock.ts';
import { createMemoryLog } from './fakes/memory-log.ts';

function startWorker(look: () => number | undefined | Promise<number | undefined>, everyMs = 2_000) {
  const clock = createManualClock();
  const log = createMemoryLog();
  const fatal: unknown[] = [];
  const worker = createWorker({ name: 'test', clock, log, everyMs, look, onFatal: (error) => fatal.push(error) });
  return { worker, clock, log, fatal };
}

function full(): Error {
  return Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
}

test('many nudges are one look', async () => {
  let looks = 0;
  const { worker, clock } = startWorker(() => void (looks += 1));
  worker.start();
  await clock.rest();

  for (let n = 0; n < 10; n += 1) worker.nudge();
  await clock.rest();

  expect(looks).toBe(2);
});

test('a nudge during a look is another look afterwards, never a second one at the same time', async () => {
  let running = 0;
  let most = 0;
  let looks = 0;
  const gates: (() => void)[] = [];
  const { worker, clock } = startWorker(async () => {
    looks += 1;
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => gates.push(resolve));
    running -= 1;
    return undefined;
  });
  worker.start();
  await clock.rest();

  worker.nudge();
  worker.nudge();
  await clock.rest();
  gates.shift()?.();
  await clock.rest();
  gates.shift()?.();
  await clock.rest();

  expect({ looks, most }).toEqual({ looks: 2, most: 1 });
});

test('a worker that nobody nudges looks every few seconds, or sooner where the look asks for it', async () => {
  const at: number[] = [];
  const wishes = [undefined, 500, 60_000, undefined];
  const { worker, clock } = startWorker(() => {
    at.push(clock.now());
    return wishes[at.length - 1];
  });
  const start = clock.now();
  worker.start();

  await clock.pass(5_000);

  expect(at.map((time) => time - start)).toEqual([0, 2_000, 2_500, 4_500]);
});

test('a full disk is waited out', async () => {
  let looks = 0;
  const { worker, clock, log, fatal } = startWorker(() => {
    looks += 1;
    if (looks === 1) throw full();
    return undefined;
  });
  worker.start();

  await clock.pass(4_999);
  const early = looks;
  await clock.pass(1);

  expect([early, looks]).toEqual([1, 2]);
  expect(fatal).toEqual([]);
  expect(log.lines.join()).toContain('SQLITE_FULL');
});

test('a look that nudges itself waits all the same while the database cannot be written', async () => {
  let looks = 0;
  const { worker, clock } = startWorker(() => {
    looks += 1;
    if (looks > 10) return undefined;
    worker.nudge();
    throw full();
  });
  worker.start();

  await clock.pass(4_999);
  const early = looks;
  await clock.pass(1);

  expect([early, looks]).toEqual([1, 2]);
});

test('a bug in a look is fatal', async () => {
  const { worker, clock, fatal } = startWorker(() => {
    throw new TypeError('x is not a function');
  });

  worker.start();
  await clock.rest();

  expect(fatal).toEqual([new TypeError('x is not a function')]);
});

test('stop waits for the look under way, after which nothing is looked at', async () => {
  let looks = 0;
  let gate = (): void => {};
  const { worker, clock } = startWorker(async () => {
    looks += 1;
    await new Promise<void>((resolve) => {
      gate = resolve;
    });
    return undefined;
  });
  let stopped = false;
  worker.start();
  await clock.rest();

  const stopping = worker.stop().then(() => {
    stopped = true;
  });
  worker.nudge();
  await clock.rest();
  const stoppedEarly = stopped;
  gate();
  await stopping;
  worker.nudge();
  await clock.pass(10_000);

  expect({ looks, stoppedEarly, stopped }).toEqual({ looks: 1, stoppedEarly: false, stopped: true });
});

test('a worker that steps aside looks after everything that the same moment set off, though no time has passed', async () => {
  const clock = createManualClock();
  const order: string[] = [];
  const shared = { clock, log: createMemoryLog(), everyMs: 2_000, onFatal: () => undefined };
  const aside = createWorker({ ...shared, name: 'aside', stepsAside: true, look: () => void order.push('aside') });
  const first = createWorker({ ...shared, name: 'first', look: () => void order.push('first') });
  aside.start();
  first.start();
  await clock.pass(0);
  order.length = 0;
  const startedAt = clock.now();

  aside.nudge();
  first.nudge();
  void Promise.resolve()
    .then(() => undefined)
    .then(() => order.push('what first set off'));
  await clock.pass(0);

  expect(order).toEqual(['first', 'what first set off', 'aside']);
  expect(clock.now()).toBe(startedAt);
});

test.each([
  ['SQLITE_FULL', true],
  ['SQLITE_BUSY', true],
  ['SQLITE_IOERR_WRITE', true],
  ['SQLITE_CORRUPT', false],
  ['SQLITE_CONSTRAINT_UNIQUE', false],
  ['ENOSPC', false],
])('%s passes by itself: %s', (code, passing) => {
  expect(isPassingStorageTrouble(Object.assign(new Error('x'), { code }))).toBe(passing);
});
