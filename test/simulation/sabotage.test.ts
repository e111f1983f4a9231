import { expect, test } from 'vitest';
import { createSeededRandom } from './seeded-random.ts';
import type { Sabotage } from './story.ts';
import { liveThrough } from './world.ts';

/** A promise that nothing can break says nothing: here ports break their contracts, and the world has to notice. */
async function brokenBy(api: NonNullable<Sabotage['api']>): Promise<readonly (string | undefined)[]> {
  const names: (string | undefined)[] = [];
  for (const seed of [1, 2, 3]) names.push((await liveThrough({ seed, sabotage: { api } })).broken?.name);
  return names;
}

test('a world notices when messages are acknowledged and never shown', async () => {
  const random = createSeededRandom(7);

  const names = await brokenBy((api) => ({
    ...api,
    call: (method, payload, options) =>
      method === 'sendMessage' && random.chance(0.5)
        ? Promise.resolve({ message_id: 1_000_000 + random.between(1, 1_000_000) } as never)
        : api.call(method, payload, options),
  }));

  expect(names).not.toContain(undefined);
});

test('a world notices when messages are shown twice', async () => {
  const names = await brokenBy((api) => ({
    ...api,
    call: (method, payload, options) => {
      if (method === 'sendMessage') void api.call(method, payload, options).catch(() => undefined);
      return api.call(method, payload, options);
    },
  }));

  expect(names).toEqual(Array.from({ length: 3 }, () => 'no message shown twice unless its answer was lost'));
});

test('a world notices when presses never arrive', async () => {
  const names = await brokenBy((api) => ({
    ...api,
    call: async (method, payload, options) => {
      const result = await api.call<unknown>(method, payload, options);
      const isPress = (update: object): boolean => 'callback_query' in update;
      return (method === 'getUpdates' ? (result as object[]).filter((update) => !isPress(update)) : result) as never;
    },
  }));

  expect(names).toContain('what the owner approves leaves the desk');
});
