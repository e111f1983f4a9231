import { expect, test } from 'vitest';
import { createMeLearner } from '../../src/telegram/me.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { createScriptedApi } from '../fakes/scripted-api.ts';

const ME = { id: 1, is_bot: true, first_name: 'N', username: 'n_bot' };

function learn(opened = openStorage(), onKnown: (id: number) => void = () => {}) {
  const clock = createManualClock();
  const api = createScriptedApi();
  const known: number[] = [];
  const deaths: unknown[] = [];
  const fatal: unknown[] = [];
  const learner = createMeLearner({
    api,
    storage: opened.storage,
    clock,
    log: createMemoryLog(),
    onKnown: (me) => {
      onKnown(me.id);
      known.push(me.id);
    },
    onDeath: (death) => deaths.push(death),
    onFatal: (error) => fatal.push(error),
  });
  learner.start();
  return { opened, clock, api, known, deaths, fatal, learner };
}

test('who the bot is, is learnt once and remembered for a start without Telegram', async () => {
  const first = learn();
  await first.clock.rest();
  first.api.calls[0]?.succeed(ME);
  await first.clock.rest();

  const second = learn(first.opened);
  second.api.answerWith((call) => call.fail('unreachable'));
  await second.clock.rest();
  second.api.calls[0]?.fail('unreachable');
  await second.clock.pass(10_000);

  expect([first.known, second.known]).toEqual([[1], [1]]);
});

test('a refused token is final', async () => {
  const { clock, api, deaths } = learn();
  await clock.rest();

  api.calls[0]?.fail('unauthorized');
  await clock.pass(60_000);

  expect(deaths).toEqual([{ kind: 'unauthorized', reason: 'getMe: scripted unauthorized' }]);
  expect(api.calls.length).toBe(1);
});

test('a full disk at the moment of meeting is tried again', async () => {
  let tries = 0;
  const { clock, api, known, fatal } = learn(openStorage(), () => {
    tries += 1;
    if (tries === 1) throw Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
  });
  api.answerWith((call) => call.succeed(ME));
  await clock.rest();
  api.calls[0]?.succeed(ME);

  await clock.pass(5_000);

  expect(known).toEqual([1]);
  expect(fatal).toEqual([]);
});

test('a bug while meeting is fatal', async () => {
  const { clock, api, fatal } = learn(openStorage(), () => {
    throw new TypeError('x is not a function');
  });
  await clock.rest();

  api.calls[0]?.succeed(ME);
  await clock.rest();

  expect(fatal).toEqual([new TypeError('x is not a function')]);
});
