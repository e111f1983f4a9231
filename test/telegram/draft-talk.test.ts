import { describe, expect, test, vi } from 'vitest';
import type { Content } from '../../src/telegram/outbox.ts';
import { createBotWorld, OWNER, SECOND_OWNER } from './bot-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type World = ReturnType<typeof createBotWorld>;

/** The labels of a message's buttons, row by row. */
function rows(world: World, key: string): string[][] {
  const content = world.content(key) as (Content & { kind: 'text' }) | undefined;
  return (content?.buttons ?? []).map((row) => row.map(({ text }) => text));
}

/** Hands in a draft whose card stands in the chat. */
function shown(world: World, body = 'one', more: { readonly windowMs?: number } = {}) {
  const id = world.submit(body, more);
  return { id, key: `draft:${id}:r1`, messageId: world.deliver(`draft:${id}:r1`) };
}

describe('Snooze', () => {
  test('offers times on the card itself, and Back takes them away again', async () => {
    const world = createBotWorld();
    const { id, key, messageId } = shown(world);

    const offer = await world.presses(world.button(key, 'Snooze'), { messageId });
    const offered = rows(world, key);
    await world.presses(world.button(key, 'Back'), { messageId });

    expect(offer.answer).toMatchObject({ text: 'Until when?', alert: false });
    expect(offered).toEqual([['30 min', '1 h', '3 h'], ['« Back']]);
    expect(rows(world, key)).toEqual([
      ['Approve', 'Edit', 'Reject'],
      ['Snooze', 'Revise'],
    ]);
    expect(world.draft(id)?.snoozedUntil).toBeNull();
  });

  test('puts off until the time that was chosen; the card says so, and can still be decided', async () => {
    const world = createBotWorld();
    const { id, key, messageId } = shown(world);
    await world.presses(world.button(key, 'Snooze'), { messageId });

    const { answer } = await world.presses(world.button(key, '1 h'), { messageId });

    expect(answer?.text).toMatch(/^Snoozed until \d\d:\d\d\.$/);
    expect(world.draft(id)).toMatchObject({ state: 'pending', snoozedUntil: world.clock.now() + HOUR });
    expect(world.textOf(key)).toContain('💤 Snoozed until');
    const approved = await world.presses(world.button(key, 'Approve'), { messageId });
    expect(approved.answer?.alert).toBe(false);
    expect(world.draft(id)).toMatchObject({ state: 'approved', snoozedUntil: null });
  });

  test('says that too little time is left where no time fits', async () => {
    const world = createBotWorld();
    const { id, key, messageId } = shown(world, 'one', { windowMs: 3 * MINUTE });

    const { answer } = await world.presses(world.button(key, 'Snooze'), { messageId });

    expect(answer).toMatchObject({ text: 'Too little time is left to snooze it: please decide.', alert: true });
    expect(world.draft(id)?.snoozedUntil).toBeNull();
  });

  test('of an offer that is pressed when its time no longer fits changes nothing', async () => {
    const world = createBotWorld();
    const { id, key, messageId } = shown(world);
    await world.presses(world.button(key, 'Snooze'), { messageId });
    const late = world.button(key, '3 h');
    world.clock.jump(2 * HOUR);

    const { answer } = await world.presses(late, { messageId });

    expect(answer).toMatchObject({ text: 'Too little time is left for that: please decide.', alert: true });
    expect(world.draft(id)?.snoozedUntil).toBeNull();
    expect(rows(world, key)[1]).toEqual(['Snooze', 'Revise']);
  });
});

describe('Revise', () => {
  test('asks for one line, which is what the agent is asked', async () => {
    const world = createBotWorld();
    const { id, key } = shown(world);

    const { answer, asked } = await world.presses(world.button(key, 'Revise'));
    const said = await world.says('shorter, please');

    expect(answer?.text).toBe('What should be different?');
    expect(asked).toMatch(/What should be different in draft #1\?/);
    expect(said).toBe('scout is asked for another version. Draft #1 still waits for you meanwhile.');
    expect(world.draft(id)).toMatchObject({ reviseInstruction: 'shorter, please', reviseWantedBy: `owner:${OWNER}` });
  });

  test('goes on after a restart between the press and the line', async () => {
    const world = createBotWorld();
    const { id, key } = shown(world);
    await world.presses(world.button(key, 'Revise'));

    world.restart();
    await world.says('shorter');

    expect(world.draft(id)?.reviseInstruction).toBe('shorter');
  });

  test('understands a reply to its question, even when nobody waits for one any more', async () => {
    const world = createBotWorld();
    const { id, key } = shown(world);
    const { askKey } = await world.presses(world.button(key, 'Revise'));
    const question = world.deliver(askKey);
    await world.says('/cancel');

    await world.says('warmer', { replyTo: question });

    expect(world.draft(id)).toMatchObject({ reviseInstruction: 'warmer', body: 'one' });
  });

  test('gives the words back when the draft was decided meanwhile', async () => {
    const world = createBotWorld();
    const { id, key } = shown(world);
    await world.presses(world.button(key, 'Revise'));
    world.rooms.desk.reject(id, 1, `owner:${OWNER}`);

    const said = await world.says('shorter');

    expect(said).toBe(
      'No other version of draft #1 was asked for. It was already rejected by you.\n\nYou wrote (tap to copy):\nshorter',
    );
    expect(world.draft(id)?.reviseInstruction).toBeNull();
  });

  test('is asked for alone: Edit of another draft after it takes the next message', async () => {
    const world = createBotWorld();
    const a = shown(world, 'a');
    const b = shown(world, 'b');
    await world.presses(world.button(a.key, 'Revise'));
    await world.presses(world.button(b.key, 'Edit'));

    await world.says('new b');

    expect(world.draft(a.id)?.reviseInstruction).toBeNull();
    expect(world.draft(b.id)?.body).toBe('new b');
  });

  test('of which a crash swallowed the dialogue gets it when the press is handled again', async () => {
    const world = createBotWorld();
    const { id, key } = shown(world);
    const data = world.button(key, 'Revise');
    const { updateId } = await world.presses(data);
    world.database.exec('DELETE FROM conversation');
    world.restart();

    await world.presses(data, { updateId });
    await world.says('shorter');

    expect(world.draft(id)?.reviseInstruction).toBe('shorter');
  });
});

describe('words that come late', () => {
  test('an edit after the window ended is given back', async () => {
    const world = createBotWorld();
    const { id, key } = shown(world);
    await world.presses(world.button(key, 'Edit'));
    world.clock.jump(5 * HOUR);

    const said = await world.says('two');

    expect(said).toBe('Draft #1 stays as it is. Its time is over: it expired.\n\nYou wrote (tap to copy):\ntwo');
    expect(world.draft(id)).toMatchObject({ state: 'expired', body: 'one' });
  });

  test('too long a text for one message is given back as a file', async () => {
    const world = createBotWorld();
    const { id, messageId } = shown(world);
    world.rooms.desk.approve(id, 1, `owner:${OWNER}`);
    const words = 'w'.repeat(4_080);

    await world.says(words, { replyTo: messageId });

    expect(world.content(world.lastReply())).toMatchObject({ kind: 'document', content: words });
  });

  test('a reply to the card of an approved draft is answered with what became of it', async () => {
    const world = createBotWorld();
    const { id, messageId } = shown(world);
    world.rooms.desk.approve(id, 1, `owner:${OWNER}`);

    expect(await world.says('but this instead', { replyTo: messageId })).toBe(
      'Draft #1 stays as it is. It was already approved by you.\n\nYou wrote (tap to copy):\nbut this instead',
    );
  });

  test('a reply to the card of an older revision changes nothing', async () => {
    const world = createBotWorld();
    const { id, messageId } = shown(world);
    world.rooms.desk.edit(id, 1, 'two', `owner:${SECOND_OWNER}`);

    const said = await world.says('three', { replyTo: messageId });

    expect(said).toMatch(/^Draft #1 stays as it is\. Its text was changed by owner 4343: revision 2/);
    expect(said).toContain('three');
    expect(world.draft(id)).toMatchObject({ body: 'two', revision: 2 });
  });

  test('a second text for one edit is answered with what to do, and does not change it', async () => {
    const world = createBotWorld();
    const { id, key } = shown(world);
    await world.presses(world.button(key, 'Edit'));
    await world.says('first');

    const said = await world.says('second');

    expect(said).toMatch(/Draft #1 has the text that you sent before, and this one changed nothing/);
    expect(said).toMatch(/reply to its newest card/);
    expect(said).toMatch(/You wrote \(tap to copy\):\nsecond$/);
    expect(world.draft(id)).toMatchObject({ body: 'first', revision: 2 });
  });

  test('a text of another owner is no second text for that edit', async () => {
    const world = createBotWorld();
    const { key } = shown(world);
    await world.presses(world.button(key, 'Edit'));
    await world.says('first');

    expect(await world.says('hello?', { from: SECOND_OWNER })).toMatch(/I was not waiting for a message/);
  });

  test('a text long after an edit is no second one', async () => {
    const world = createBotWorld();
    const { key } = shown(world);
    await world.presses(world.button(key, 'Edit'));
    await world.says('first');
    world.clock.jump(11 * MINUTE);

    expect(await world.says('hello?')).toMatch(/I was not waiting for a message/);
  });
});

describe('two owners', () => {
  test('who press at once have one effect, and the second is told what the first did, by name', async () => {
    const world = createBotWorld();
    const { id, key } = shown(world);
    const [approve, reject] = [world.button(key, 'Approve'), world.button(key, 'Reject')];

    const [first, second] = await Promise.all([world.presses(reject), world.presses(approve, { from: SECOND_OWNER })]);

    expect(first.answer?.text).toBe('Rejected.');
    expect(second.answer).toMatchObject({ text: 'It was already rejected by Ada.', alert: true });
    expect(world.draft(id)).toMatchObject({ state: 'rejected', decidedBy: `owner:${OWNER}` });
  });
});

test('The card says which of two owners decided', async () => {
  const world = createBotWorld();
  const [rejected, approved] = [shown(world), shown(world)];

  await world.presses(world.button(rejected.key, 'Reject'), { from: SECOND_OWNER });
  await world.presses(world.button(approved.key, 'Approve'), { from: SECOND_OWNER });

  expect(world.textOf(rejected.key)).toMatch(/🚫 Rejected \S+ by Ada$/);
  expect(world.textOf(approved.key)).toMatch(/✅ Approved \S+ by Ada, going out…$/);
});

test('Undo on the card takes an approval back while it waits', async () => {
  const world = createBotWorld();
  const { id, key, messageId } = shown(world);
  world.rooms.holds.pause('poster', `owner:${OWNER}`, undefined, false);
  await world.presses(world.button(key, 'Approve'), { messageId });
  const { storage, desk } = world.rooms;
  const publication = storage.publications.lastOf(id)!;
  storage.transaction(() => desk.explainWait(publication, 'waits: paused by you'));

  const { answer } = await world.presses(world.button(key, 'Undo'), { messageId });

  expect(answer?.text).toBe('Taken back: it waits for your decision again.');
  expect(world.draft(id)?.state).toBe('pending');
});

test('a dialogue that was asked half an hour ago is closed, but a reply to its question still is the edit', async () => {
  const world = createBotWorld();
  const { id, key } = shown(world);
  vi.useFakeTimers({ toFake: ['Date'] });
  const { askKey } = await world.presses(world.button(key, 'Edit'));
  const question = world.deliver(askKey);
  vi.setSystemTime(Date.now() + 31 * MINUTE);

  await world.says('two', { replyTo: question });
  vi.useRealTimers();

  expect(world.draft(id)?.body).toBe('two');
});

describe('A reply while another question is open', () => {
  test('to a reminder is the new text of the draft that it reminds of', async () => {
    const world = createBotWorld();
    const { id: reminded } = shown(world, 'remind me');
    const { id: other, key } = shown(world, 'other');
    world.rooms.storage.transaction(() =>
      world.rooms.outbox.send({
        key: `reminder:${reminded}:50`,
        class: 'card',
        content: { kind: 'text', body: { text: 'still waits', entities: [] } },
        replyToKey: `draft:${reminded}:r1`,
      }),
    );
    const reminder = world.deliver(`reminder:${reminded}:50`);
    await world.presses(world.button(key, 'Edit'));

    await world.says('in new words', { replyTo: reminder });

    expect(world.draft(reminded)).toMatchObject({ revision: 2, body: 'in new words' });
    expect(world.draft(other)).toMatchObject({ revision: 1, body: 'other' });
  });

  test('to an older question answers that one, and the newest still waits', async () => {
    const world = createBotWorld();
    const first = shown(world, 'first');
    const second = shown(world, 'second');
    const { askKey } = await world.presses(world.button(first.key, 'Reject'));
    const older = world.deliver(askKey);
    await world.presses(world.button(second.key, 'Reject'));

    const said = await world.says('too loud', { replyTo: older });
    await world.says('too long');

    expect(said).toBe('Noted: the agent will read why #1 was rejected.');
    expect(world.draft(first.id)).toMatchObject({ state: 'rejected', reason: 'too loud' });
    expect(world.draft(second.id)).toMatchObject({ state: 'rejected', reason: 'too long' });
  });

  test('to a reminder of a text that was replaced since gives the words back', async () => {
    const world = createBotWorld();
    const { id } = shown(world, 'one');
    world.rooms.storage.transaction(() =>
      world.rooms.outbox.send({
        key: `reminder:${id}:50`,
        class: 'card',
        content: { kind: 'text', body: { text: 'still waits', entities: [] } },
        replyToKey: `draft:${id}:r1`,
      }),
    );
    const reminder = world.deliver(`reminder:${id}:50`);
    world.rooms.desk.edit(id, 1, 'two', `owner:${SECOND_OWNER}`);

    const said = await world.says('three', { replyTo: reminder });

    expect(said).toContain('stays as it is');
    expect(world.draft(id)).toMatchObject({ revision: 2, body: 'two' });
  });
});

test('An edit to a text that nobody can see changes nothing', async () => {
  const world = createBotWorld();
  const { id, messageId } = shown(world);

  const said = await world.says('\u2060\u200b', { replyTo: messageId });

  expect(said).toContain('stays as it is. Your text is empty.');
  expect(world.draft(id)).toMatchObject({ revision: 1, body: 'one' });
});
