import { expect, test } from 'vitest';
import { createBotWorld, SECOND_OWNER } from '../telegram/bot-world.ts';

const MINUTE = 60_000;

/** A world in which scout and writer have drafts, and /drafts was asked for. */
async function asked(scout: number, writer: number) {
  const world = createBotWorld();
  const ids = Array.from({ length: scout + writer }, (_, n) =>
    world.submit(`text ${n + 1}`, { windowMs: (60 + n) * MINUTE, agent: n < scout ? 'scout' : 'writer', to: `@p${n}` }),
  );
  await world.says('/drafts');
  const key = world.lastReply();
  const messageId = world.deliver(key);
  return {
    world,
    ids,
    key,
    text: () => world.textOf(key) ?? '',
    press: (label: string) => world.presses(world.button(key, label), { messageId }),
    states: () => ids.map((id) => world.draft(id)?.state),
  };
}

test('a batch approves exactly what its list shows, after a look at it', async () => {
  const { press, states, text, world } = await asked(3, 2);

  await press('Approve all 3: scout');
  expect(text()).toMatch(/^Approve 3 drafts together\?/);
  expect(text()).toMatch(/#1 to @p0, over 30 min left: text 1\n\n#2 /);
  expect(text()).not.toContain('text 4');
  expect(states()).toEqual(['pending', 'pending', 'pending', 'pending', 'pending']);

  const { answer } = await press('Approve these 3');
  expect(answer?.text).toBe('✅ Approved together: 3 drafts.');
  expect(states()).toEqual(['approved', 'approved', 'approved', 'pending', 'pending']);
  expect(text()).toMatch(/^📥 2 drafts for you[^]*Approved together: 3 drafts\.[^]*text 4/);
  expect(world.database.prepare('SELECT decided_by FROM batch').all()).toEqual([{ decided_by: 'owner:4242' }]);
});

test('Back from a list of a batch decides nothing and shows the draft again', async () => {
  const { press, states, text } = await asked(2, 2);

  await press('Approve all 4: reply');
  await press('Back');

  expect(text()).toContain('text 1');
  expect(new Set(states())).toEqual(new Set(['pending']));
});

test('what changed or ended since the list was made is named and left alone by its batch', async () => {
  const { ids, press, states, text, world } = await asked(4, 0);
  await press('Approve all 4: reply');

  world.rooms.desk.edit(ids[0] ?? 0, 1, 'other words', `owner:${SECOND_OWNER}`);
  world.rooms.desk.reject(ids[1] ?? 0, 1, `owner:${SECOND_OWNER}`);
  const { answer } = await press('Approve these 4');

  expect(states()).toEqual(['pending', 'rejected', 'approved', 'approved']);
  expect(answer).toMatchObject({ text: expect.stringContaining('2 drafts. Left alone: #1') as string, alert: true });
  expect(text()).toMatch(/Left alone: #1: Its text [^]*#2: It was already rejected/);
  expect(text()).toContain('other words');
});

test('a batch that is pressed twice is approved once', async () => {
  const { key, press, world } = await asked(2, 0);
  await press('Approve all 2: reply');
  const approve = world.button(key, 'Approve these 2');

  await world.presses(approve);
  world.restart();
  const { answer } = await world.presses(approve);

  expect(answer).toMatchObject({ text: 'These were approved already.', alert: true });
  expect(world.database.prepare('SELECT 1 FROM publication').all()).toHaveLength(2);
});

test('a list shows as many drafts as fit, and what is not shown is not in its batch', async () => {
  const world = createBotWorld();
  for (let n = 0; n < 50; n += 1) world.submit(`text ${n + 1} ${'🙂'.repeat(200)}`, { to: `@${'x'.repeat(200)}` });
  await world.says('/drafts');
  const key = world.lastReply();

  await world.presses(world.button(key, 'Approve all 50: reply'));
  const listed = world.textOf(key) ?? '';
  const shown = listed.match(/^#\d+ /gm)?.length ?? 0;
  await world.presses(world.button(key, `Approve these ${shown}`));

  expect(listed.length).toBeLessThanOrEqual(4_096);
  expect(listed).toContain(`${50 - shown} more are not shown, and not approved with these.`);
  expect(shown).toBeGreaterThan(10);
  expect(world.rooms.storage.drafts.countInState('approved')).toBe(shown);
  expect(world.rooms.storage.drafts.countInState('pending')).toBe(50 - shown);
});

test('a batch leaves out what is snoozed, and what another version is wanted of', async () => {
  const { ids, key, press, text, world } = await asked(4, 0);
  const { clock, rooms } = world;
  rooms.desk.snooze(ids[1] ?? 0, 1, clock.now() + 30 * MINUTE, 'owner:1');
  rooms.desk.wantVersion(ids[2] ?? 0, 1, 'shorter', 'owner:1');
  await press('Next');

  expect(world.button(key, 'Approve all 2: reply')).toBeTruthy();
  await press('Approve all 2: reply');

  expect(text()).not.toMatch(/text [23]/);
});

test('a forged button of a batch approves nothing', async () => {
  const { key, press, states, world } = await asked(2, 0);
  await press('Approve all 2: reply');

  const { answer } = await world.presses(world.button(key, 'Approve these 2').replace(/[\w-]{11}$/, 'A'.repeat(11)));

  expect(answer?.text).toMatch(/I do not know this button/);
  expect(new Set(states())).toEqual(new Set(['pending']));
});

/** As long as its publisher is paused, an approval can be taken back. */
function pausePublisher(world: ReturnType<typeof createBotWorld>, ids: readonly number[]): void {
  const { storage, desk } = world.rooms;
  for (const id of ids) {
    const publication = storage.publications.lastOf(id);
    if (publication === undefined) throw new Error(`nothing is wanted of ${id}`);
    storage.transaction(() => desk.explainWait(publication, 'poster is paused'));
  }
}

test('a batch that did not go out yet is taken back as a whole by one button, also where nothing else waits', async () => {
  const { ids, press, states, text, world } = await asked(3, 0);
  await press('Approve all 3: reply');
  await press('Approve these 3');
  pausePublisher(world, ids);

  const { answer } = await press('Undo these 3');

  expect(answer).toMatchObject({ text: 'Taken back: 3 drafts.', alert: false });
  expect(states()).toEqual(['pending', 'pending', 'pending']);
  expect(text()).toMatch(/^📥 3 drafts for you/);
  expect(text()).not.toContain('Approved together');
});

test('a batch of which some cannot be taken back any more says how many that are', async () => {
  const { ids, press, states, world } = await asked(3, 1);
  await press('Approve all 3: scout');
  await press('Approve these 3');
  pausePublisher(world, ids.slice(1, 3));

  const { answer } = await press('Undo these 2');

  expect(answer).toMatchObject({ text: 'Taken back: 2 drafts. It was too late for 1.', alert: true });
  expect(states()).toEqual(['approved', 'pending', 'pending', 'pending']);
});

test('no button takes a batch back once all of it is on its way', async () => {
  const { key, press, world } = await asked(2, 1);
  await press('Approve all 2: scout');

  await press('Approve these 2');

  expect(() => world.button(key, 'Undo')).toThrow('has no button Undo');
});
