import { expect, test } from 'vitest';
import { createBotWorld, SECOND_OWNER } from '../telegram/bot-world.ts';

const MINUTE = 60_000;

/** A world with drafts of these texts, the first the most urgent, without cards of their own, and /drafts asked for. */
async function reviewing(texts: readonly string[]) {
  const world = createBotWorld();
  const ids = texts.map((text, index) => world.submit(text, { windowMs: (60 + index) * MINUTE }));
  // As those that came in a burst: no card was ever sent.
  world.database.exec(`DELETE FROM outbox WHERE key LIKE 'draft:%'`);
  await world.says('/drafts');
  const key = world.lastReply();
  const messageId = world.deliver(key);
  return {
    ...world,
    ids,
    key,
    text: () => world.textOf(key) ?? '',
    press: (label: string, more: { readonly from?: number } = {}) =>
      world.presses(world.button(key, label), { messageId, ...more }),
    buttonNow: (label: string) => world.button(key, label),
    restart: () => world.restart(),
    rooms: () => world.rooms,
  };
}

/** Rows that stand for messages, not for answers to presses. */
function messages(world: { readonly database: { prepare(sql: string): { all(): unknown[] } } }): number {
  return world.database.prepare(`SELECT 1 FROM outbox WHERE class <> 'answer'`).all().length;
}

test('nineteen drafts are nineteen taps on one message, which says at its end what was done', async () => {
  const world = await reviewing(Array.from({ length: 19 }, (_, n) => `text ${n + 1}`));

  const seen: string[] = [];
  for (let n = 0; n < 19; n += 1) {
    seen.push(/text \d+/.exec(world.text())?.[0] ?? '');
    await world.press(n % 5 === 4 ? 'Reject' : 'Approve');
    await world.says('/cancel');
  }

  expect(seen).toEqual(Array.from({ length: 19 }, (_, n) => `text ${n + 1}`));
  expect(world.text()).toContain('📥 No draft waits for you any more.');
  expect(world.text()).toContain('✅ 16 approved · 🚫 3 rejected');
  expect(world.rooms().storage.reviews.byKey(world.key)?.passed).toHaveLength(19);
});

test('each tap of a review is one answer and one edit', async () => {
  const world = await reviewing(['one', 'two', 'three']);
  const rowsBefore = messages(world);
  const wantedBefore = world.rooms().storage.outbox.get(world.key)?.wanted ?? 0;

  await world.press('Approve');

  expect(messages(world)).toBe(rowsBefore);
  expect(world.answers()).toBe(1);
  expect(world.rooms().storage.outbox.get(world.key)?.wanted).toBe(wantedBefore + 1);
});

test('a review shows the most urgent draft first, then by priority, and says where it stands', async () => {
  const world = createBotWorld();
  world.submit('late', { windowMs: 90 * MINUTE });
  world.submit('soon, not so important', { windowMs: 30 * MINUTE, priority: 4 });
  world.submit('soon and important', { windowMs: 30 * MINUTE, priority: 1 });

  const said = await world.says('/drafts');

  expect(said).toMatch(/^📥 3 drafts for you/);
  expect(said).toContain('soon and important');
  expect(world.buttonOfReply('Next (1 of 3)')).toMatch(/^next:/);
  for (const label of ['Approve', 'Edit', 'Reject', 'Snooze', 'Revise'])
    expect(world.buttonOfReply(label)).toBeTruthy();
});

test('two presses of the same button in a review are one decision, and never one about the next draft', async () => {
  const world = await reviewing(['one', 'two']);
  const approve = world.buttonNow('Approve');

  const first = await world.presses(approve);
  const second = await world.presses(approve);

  expect(first.answer?.text).toBe('Approved, going out.');
  expect(second.answer).toMatchObject({ text: expect.stringMatching(/already approved/) as string, alert: true });
  expect(world.ids.map((id) => world.draft(id)?.state)).toEqual(['approved', 'pending']);
  expect(world.text()).toContain('two');
});

test('two presses of Next are one step', async () => {
  const world = await reviewing(['one', 'two', 'three']);
  const next = world.buttonNow('Next');

  const first = await world.presses(next);
  const second = await world.presses(next);

  expect([first.answer?.text, second.answer?.text]).toEqual(['#1 still waits.', 'That one is passed already.']);
  expect(world.text()).toContain('two');
  expect(world.buttonNow('Next (2 of 3)')).toBeTruthy();
});

test('what was passed over is counted at the end of a review, and comes again', async () => {
  const world = await reviewing(['one', 'two']);

  await world.press('Next');
  await world.press('Approve');

  expect(world.text()).toContain('📥 1 draft still for you');
  expect(world.text()).toContain('✅ 1 approved · ⏭ 1 passed over');
  await world.press('Review it');
  expect(world.text()).toContain('one');
});

test('a review moves on when the draft that it shows is decided by somebody else, or its time ends', async () => {
  const world = await reviewing(['one', 'two', 'three']);

  world.rooms().desk.reject(world.ids[0] ?? 0, 1, `owner:${SECOND_OWNER}`);
  expect(world.text()).toContain('two');

  world.clock.jump(62 * MINUTE);
  world.rooms().desk.expireDue(world.clock.now());
  expect(world.text()).toContain('No draft waits for you any more.');
  expect(world.text()).toContain('🚫 1 rejected · ⌛ 2 expired');
});

test('two reviews that are open at once both move on', async () => {
  const world = await reviewing(['one', 'two']);
  await world.says('/drafts', { from: SECOND_OWNER });
  const other = world.lastReply();

  await world.press('Approve');

  expect(world.text()).toContain('two');
  expect(world.textOf(other)).toContain('two');
});

test('a press that was handled before a crash is not lost, and a review goes on after a restart', async () => {
  const world = await reviewing(['one', 'two']);
  const { updateId } = await world.press('Approve');
  const approve = world.buttonNow('Approve');

  world.restart();
  const again = await world.presses(approve, { updateId });
  expect(again.answer?.text).toBe('Approved, going out.');
  expect(world.draft(world.ids[1] ?? 0)?.state).toBe('pending');
  expect(world.rooms().storage.outbox.get(world.key)).toMatchObject({ state: 'queued' });

  await world.presses(approve);
  expect(world.draft(world.ids[1] ?? 0)?.state).toBe('approved');
  expect(world.text()).toContain('✅ 2 approved');
});

test('an edit is shown in the review in its new words, and counts as edited once it is approved', async () => {
  const world = await reviewing(['one', 'two']);

  await world.press('Edit');
  await world.says('one, better');
  expect(world.content('draft:1:r2')).toBeUndefined();
  expect(world.text()).toContain('one, better');
  expect(world.text()).toContain('revision 2');
  await world.press('Approve');
  await world.press('Approve');

  expect(world.draft(world.ids[0] ?? 0)).toMatchObject({ state: 'approved', body: 'one, better' });
  expect(world.text()).toContain('✅ 1 approved · ✏️ 1 edited');
});

test('a reply to a review is about the draft that it showed, also when it moved on since', async () => {
  const world = await reviewing(['one', 'two']);
  const shown = world.text();
  const messageId = world.rooms().storage.outbox.get(world.key)?.messageId ?? 0;
  await world.press('Next');

  await world.says('one, by reply', { replyTo: messageId, replyText: shown });

  expect(world.ids.map((id) => world.draft(id)?.body)).toEqual(['one, by reply', 'two']);
});

test('a reply to a review about a draft that is decided says so, and changes no other one', async () => {
  const world = await reviewing(['one', 'two']);
  const shown = world.text();
  const messageId = world.rooms().storage.outbox.get(world.key)?.messageId ?? 0;
  await world.press('Approve');

  const said = await world.says('too late', { replyTo: messageId, replyText: shown });

  expect(said).toMatch(/#1.*already approved/);
  expect(world.draft(world.ids[1] ?? 0)?.body).toBe('two');
});

test('the text of a draft cannot pass itself off as the head of another one in a reply', async () => {
  const world = await reviewing(['✍️ Draft #2 · reply by scout\nlike this', 'two']);
  const messageId = world.rooms().storage.outbox.get(world.key)?.messageId ?? 0;

  await world.says('mine', { replyTo: messageId, replyText: world.text() });

  expect(world.ids.map((id) => world.draft(id)?.body)).toEqual(['mine', 'two']);
});

test('a draft that is too long for the message comes as a file in reply, once, with its beginning above', async () => {
  const text = `It begins here. ${'long '.repeat(2_000)}`;
  const world = await reviewing([text, 'two']);
  const fileKey = 'review:1:text:1:r1';

  expect(world.text()).toContain('It begins here.');
  expect(world.text()).toContain('The whole text is in the file.');
  expect(world.text().length).toBeLessThanOrEqual(4_096);
  expect(world.content(fileKey)).toMatchObject({ kind: 'document', content: text });
  expect(world.rooms().storage.outbox.get(fileKey)).toMatchObject({ replyToKey: world.key });
  const order = world.database.prepare<[], { key: string }>('SELECT key FROM outbox ORDER BY id').all();
  expect(order.map(({ key }) => key)).toEqual([world.key, fileKey]);
});

test.each([3_000, 3_200, 3_300, 3_500, 3_900, 4_096])(
  'a text of %i characters never makes a review too long',
  async (n) => {
    const world = await reviewing(['🙂'.repeat(n / 2), 'two']);

    const content = world.content(world.key);
    const body = content?.kind === 'text' ? content.body : undefined;

    expect(body?.text.length).toBeLessThanOrEqual(4_096);
    expect(body?.text.isWellFormed()).toBe(true);
    for (const { offset, length } of body?.entities ?? [])
      expect(offset + length).toBeLessThanOrEqual(body?.text.length ?? 0);
    expect(world.content('review:1:text:1:r1') === undefined).toBe(body?.text.includes('🙂'.repeat(n / 2)));
  },
);

test('the end of a review links what was published as it comes in', async () => {
  const world = await reviewing(['one']);
  await world.press('Approve');
  expect(world.text()).toContain('going out');

  const { storage, desk } = world.rooms();
  const publication = storage.publications.lastOf(world.ids[0] ?? 0);
  if (publication === undefined) throw new Error('nothing is wanted');
  storage.transaction(() => desk.begin(publication));
  desk.publicationEnded(publication.id, {
    exit: { kind: 'exited', code: 0 },
    lastLine: '{"url": "https://social.example/1"}',
    evidence: undefined,
  } as never);

  const content = world.content(world.key);
  expect(world.text()).toContain('see it live');
  expect(content?.kind === 'text' ? content.body.entities.map(({ url }) => url) : []).toContain(
    'https://social.example/1',
  );
});

test('a publication that fails brings its draft back into the review', async () => {
  const world = await reviewing(['one']);
  await world.press('Approve');

  const { storage, desk } = world.rooms();
  const publication = storage.publications.lastOf(world.ids[0] ?? 0);
  if (publication === undefined) throw new Error('nothing is wanted');
  storage.transaction(() => desk.begin(publication));
  desk.publicationEnded(publication.id, {
    exit: { kind: 'exited', code: 3 },
    lastLine: 'refused',
    evidence: undefined,
  } as never);

  expect(world.text()).toContain('📥 1 draft still for you');
  await world.press('Review it');
  expect(world.text()).toContain('Not published');
});

test('a review of one kind or one agent shows no others; an unknown name is told what there is', async () => {
  const world = createBotWorld();
  world.submit('by scout');
  world.submit('by writer', { agent: 'writer', windowMs: MINUTE });

  expect(await world.says('/drafts scout')).toMatch(/^📥 1 draft of scout for you[^]*by scout/);
  expect(await world.says('/drafts Reply')).toMatch(/^📥 2 reply drafts for you[^]*by writer/);
  expect(await world.says('/drafts poster')).toBe('📥 No draft of poster waits for you.');
  expect(await world.says('/drafts nobody')).toMatch(/no kind of drafts and no agent "nobody".*reply, scout/);
});

test('/drafts asked twice by the same update is one review', async () => {
  const world = await reviewing(['one']);
  const { reviews } = world.rooms();

  const again = reviews.open({}, { messageKey: world.key });

  expect(again).toEqual(world.content(world.key));
  expect(world.database.prepare('SELECT * FROM review').all()).toHaveLength(1);
});

test('a queue message is edited as more drafts come, and sent anew once it is old or was used', async () => {
  const world = createBotWorld();
  const { storage, reviews } = world.rooms;
  const queues = () =>
    world.database.prepare<[], { key: string }>(`SELECT key FROM outbox WHERE key LIKE 'review:%'`).all();
  const tell = (): void => storage.transaction(() => reviews.tellQueue());

  tell();
  expect(queues()).toEqual([]);
  world.submit('one');
  tell();
  world.submit('two');
  tell();
  expect(queues()).toHaveLength(1);
  expect(world.textOf('review:1')).toMatch(/^📥 2 drafts for you/);
  expect(storage.outbox.get('review:1')).toMatchObject({ class: 'card', silent: 0 });

  world.clock.jump(11 * MINUTE);
  world.submit('three');
  tell();
  expect(queues()).toHaveLength(2);
  expect(world.textOf('review:1')).toContain('still for you');

  await world.presses(world.button('review:2', 'Approve'));
  world.submit('four');
  tell();
  expect(queues()).toHaveLength(2);
  world.clock.jump(2 * MINUTE);
  tell();
  expect(queues()).toHaveLength(3);
});

test('a triage says what is past and what is still worth it, and its button begins the review in the same message', async () => {
  const world = createBotWorld();
  world.submit('worth it', { to: '@bea' });
  const { storage, reviews } = world.rooms;

  storage.transaction(() => reviews.tellTriage({ title: 'Back after 3 h', past: ['#7 to @ada expired'] }));
  const said = world.textOf('review:1');
  await world.presses(world.button('review:1', 'Review it'));

  expect(said).toContain('Back after 3 h\n#7 to @ada expired');
  expect(said).toMatch(/#1 to @bea, over \d+ h left: worth it/);
  expect(world.textOf('review:1')).toMatch(/^📥 1 draft for you/);
  expect(world.button('review:1', 'Approve')).toBeTruthy();
});

test('more reviews than are useful leave the oldest with a button that goes on', async () => {
  const world = await reviewing(['one', 'two']);
  for (let n = 0; n < 4; n += 1) await world.says('/drafts');

  expect(world.text()).toContain('📥 2 drafts still for you');
  await world.press('Review these 2');
  expect(world.text()).toContain('one');
});

test('a button of a review that is not ours, or whose message is forgotten, changes nothing and says so', async () => {
  const world = await reviewing(['one', 'two']);
  const next = world.buttonNow('Next');

  const forged = await world.presses(next.replace(/:[^:]+:([^:]+)$/, ':2:$1'));
  world.database.exec(`DELETE FROM outbox WHERE key = '${world.key}'`);
  const late = await world.presses(next);

  expect(forged.answer?.text).toMatch(/I do not know this button/);
  expect(late.answer?.text).toMatch(/too old/);
  expect(world.rooms().storage.reviews.byKey(world.key)?.passed).toEqual([]);
});

test('a snooze from a review offers its times in the same message, and the review goes on to the next draft', async () => {
  const world = await reviewing(['one', 'two', 'three']);

  await world.press('Snooze');
  expect(world.text()).toContain('one');
  await world.press('Back');
  expect(world.buttonNow('Next (1 of 3)')).toBeTruthy();
  await world.press('Snooze');
  await world.press('30 min');

  expect(world.draft(world.ids[0] ?? 0)?.snoozedUntil).toBe(world.clock.now() + 30 * MINUTE);
  expect(world.text()).toMatch(/^📥 3 drafts for you[^]*#1: 💤 snoozed[^]*two/);
  expect(world.buttonNow('Approve')).toMatch(/^approve:2:/);
  expect(world.buttonNow('Next (2 of 3)')).toBeTruthy();
});

test('a press of Snooze that comes after the review moved on shows no times under the next draft', async () => {
  const world = await reviewing(['one', 'two']);
  const snooze = world.buttonNow('Snooze');
  await world.press('Next');

  const { answer } = await world.presses(snooze, {
    messageId: world.rooms().storage.outbox.get(world.key)?.messageId ?? 0,
  });

  expect(answer?.alert).toBe(true);
  expect(world.buttonNow('Approve')).toMatch(/^approve:2:/);
});

test('another version asked for from a review lets it go on, and comes into it when it is there', async () => {
  const world = await reviewing(['one', 'two']);

  await world.press('Revise');
  await world.says('shorter, please');
  expect(world.draft(world.ids[0] ?? 0)?.reviseInstruction).toBe('shorter, please');
  expect(world.text()).toContain('#1: 🔁 another version is asked for');
  expect(world.text()).toContain('two');
  await world.press('Approve');

  expect(world.text()).toContain('✅ 1 approved · 🔁 1 asked for another version');
});

test('an approval that did not go out yet can be taken back from the review, and is what it shows then', async () => {
  const world = await reviewing(['one', 'two']);
  await world.press('Approve');
  const { storage, desk } = world.rooms();
  const publication = storage.publications.lastOf(world.ids[0] ?? 0);
  if (publication === undefined) throw new Error('nothing is wanted');

  storage.transaction(() => desk.explainWait(publication, 'poster is paused'));
  const rowsBefore = messages(world);
  const { answer } = await world.press('Undo #1');

  expect(answer?.alert).toBe(false);
  expect(messages(world)).toBe(rowsBefore);
  expect(world.draft(world.ids[0] ?? 0)?.state).toBe('pending');
  expect(world.text()).toContain('one');
  expect(world.buttonNow('Next (1 of 2)')).toBeTruthy();
});

test('the files of a draft come in reply to the review that shows it, once', async () => {
  const world = await reviewing(['one', 'two']);
  const media = JSON.stringify([{ name: 'a.png', type: 'image/png', sizeBytes: 5, sha256: 'ab'.repeat(32) }]);
  world.database.exec(`UPDATE draft_revision SET media = '${media}' WHERE draft_id = 2`);
  const files = () =>
    world.database
      .prepare<[], { replyToKey: string }>(
        `SELECT reply_to_key AS replyToKey FROM outbox WHERE key LIKE 'draft:2:media:%'`,
      )
      .all();

  await world.press('Next');
  expect(world.text()).toContain('1 file, below');
  expect(files()).toEqual([{ replyToKey: world.key }]);
  await world.says('/drafts');
  await world.presses(world.buttonOfReply('Next'));

  expect(files()).toHaveLength(1);
});

test('what is bold in a card is bold in a review', async () => {
  const world = await reviewing(['one']);

  const content = world.content(world.key);
  const body = content?.kind === 'text' ? content.body : { text: '', entities: [] };
  const bold = body.entities
    .filter(({ type }) => type === 'bold')
    .map(({ offset, length }) => body.text.slice(offset, offset + length));

  expect(bold).toEqual(expect.arrayContaining(['📥 1 draft for you', '✍️ Draft #1', 'scout', '@ada']));
});

test('a publication of unknown fate is named above the drafts, and answered below when nothing else waits', async () => {
  const world = await reviewing(['one', 'two']);
  world.database.exec(`UPDATE draft SET state = 'unknown', decided_by = 'owner:1' WHERE id = 1`);
  world.database.exec(
    `INSERT INTO publication (draft_id, revision, hash, attempt, publisher, state, approved_by, approved_at, next_at)
     SELECT 1, 1, hash, 1, 'poster', 'unknown', 'owner:1', 0, 0 FROM draft_revision WHERE draft_id = 1`,
  );

  expect(await world.says('/drafts')).toMatch(/^📥 1 draft for you.*\n❓ Of 1 draft I do not know .* \(#1\)/);
  await world.presses(world.buttonOfReply('Reject'));
  await world.says('/cancel');
  await world.says('/drafts');
  await world.presses(world.buttonOfReply('#1: It is live'));

  expect(world.draft(1)?.state).toBe('published');
});

test('what a press changes in a queue message is sent before the cards of its drafts, and its first words as surely as theirs', async () => {
  const world = createBotWorld();
  world.submit('one');
  world.submit('two');
  const { storage, reviews } = world.rooms;
  for (const key of ['draft:1:r1', 'draft:2:r1']) world.deliver(key);
  storage.transaction(() => reviews.tellQueue());
  expect(storage.outbox.get('review:1')).toMatchObject({ class: 'card' });
  const messageId = world.deliver('review:1');

  await world.presses(world.button('review:1', 'Approve'), { messageId });

  const due = storage.outbox.due(world.clock.now(), 10).map(({ key }) => key);
  expect(due.filter((key) => !key.startsWith('answer:'))).toEqual(['review:1', 'draft:1:r1']);
});
