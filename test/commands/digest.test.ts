import { expect, test } from 'vitest';
import { createBotWorld, GROUP, OWNER } from '../telegram/bot-world.ts';

/** The digests that were asked for: whose message they answer, and where. */
function asked(world: ReturnType<typeof createBotWorld>) {
  return world.database.prepare('SELECT message_key, asked_by, chat_id FROM digest').all();
}

test('/digest answers at once, and its pictures are left to whoever draws', async () => {
  const world = createBotWorld();
  const said = await world.says('/digest');
  expect(said).toMatch(/^🗞 Digest · Sun 22 Nov, /);
  expect(asked(world)).toEqual([{ message_key: world.lastReply(), asked_by: `owner:${OWNER}`, chat_id: OWNER }]);
});

test('/digest of a time takes its words as they are typed, and refuses others in one line', async () => {
  const world = createBotWorld();
  expect(await world.says('/digest  Yesterday')).toMatch(/^🗞 Digest · Sat 21 Nov, 00:00 – Sun 22 Nov, 00:00 \(24 h\)/);
  const refused = await world.says('/digest lately');
  expect(refused).toBe(
    'Please say it like this: /digest, /digest today, /digest yesterday, /digest month, or a time such as /digest 7d or /digest 12h.',
  );
});

test('a /digest that waited through an outage tells what is so now, with its age', async () => {
  const world = createBotWorld();
  expect(await world.says('/digest', { ageMs: 3 * 3_600_000 })).toMatch(/^🗞 Digest[^]*🕰 You asked this 3 h ago\.$/);
});

test('a /digest in a group is answered there', async () => {
  const world = createBotWorld({}, GROUP);
  await world.says('/digest', { chatId: GROUP });
  expect([world.chatOfReply(), asked(world)]).toEqual([GROUP, [expect.objectContaining({ chat_id: GROUP })]]);
});
