import { expect, test } from 'vitest';
import { stopInOrder } from '../src/teardown.ts';

test('every part is stopped in its order, even after one that cannot stop', async () => {
  const stopped: string[] = [];
  const errors: unknown[] = [];
  const log = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (_message: string, fields?: object) => void errors.push(fields),
  };

  await stopInOrder(
    [
      { name: 'poller', stop: () => Promise.resolve().then(() => void stopped.push('poller')) },
      { name: 'runner', stop: () => Promise.reject(new Error('deaf')) },
      { name: 'sender', stop: () => void stopped.push('sender') },
    ],
    log,
  );

  expect(stopped).toEqual(['poller', 'sender']);
  expect(errors).toEqual([{ part: 'runner', reason: 'deaf' }]);
});
