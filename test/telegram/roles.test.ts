import { describe, expect, it, test } from 'vitest';
import { isAnswer } from '../../conversations/dialogue.ts';
import { ROLES } from '../../src/people.ts';
import { VERBS } from '../../src/telegram/callback-data.ts';
import { isPlaced, roleForCommand, roleForPress } from '../../src/telegram/rights.ts';
import { APPROVER, createBotWorld, GROUP, OWNER, VIEWER } from './bot-world.ts';

const PEOPLE = { owner: OWNER, approver: APPROVER, viewer: VIEWER } as const;

/** What only owners may do is all that stands in neither list. */
const APPROVERS_VERBS = [
  'approve',
  'edit',
  'reject',
  'live',
  'again',
  'undo',
  'snooze',
  'revise',
  'show',
  'review',
  'next',
  'batch',
  'batchyes',
  'choose',
];
const VIEWERS_VERBS = ['log', 'workstate', 'panel', 'status', 'incidents', 'checklist'];
const VIEWERS_COMMANDS = [
  'start',
  'help',
  'cancel',
  'fleet',
  'status',
  'incidents',
  'drafts',
  'budget',
  'digest',
  'why',
  'log',
  'workstate',
  'checklist',
];

function open(fleetChat = GROUP) {
  return createBotWorld({}, fleetChat, '', [`approvers: [${APPROVER}]`, `viewers: [${VIEWER}]`]);
}

function mayPress(role: string, verb: string): boolean {
  if (role === 'owner' || VIEWERS_VERBS.includes(verb)) return true;
  return role === 'approver' && APPROVERS_VERBS.includes(verb);
}

describe.each(ROLES)('as %s', (role) => {
  test.each(VERBS)(`a press of %s is judged by the table, as ${role}`, async (verb) => {
    const world = open();

    const { answer } = await world.presses(`${verb}:1:1:AAAAAAAAAAA`, { from: PEOPLE[role] });

    expect(answer?.alert).toBe(true);
    if (mayPress(role, verb)) expect(answer?.text).not.toMatch(/^Only owners/);
    else expect(answer?.text).toMatch(/^Only owners (and approvers )?may do that\.$/);
  });

  it(`is answered on every command, and told who may where it is not ${role}'s`, async () => {
    const world = open();
    const names = [...world.rooms.commands.listed.map(({ name }) => name), 'cancel'];

    for (const name of names) {
      const said = (await world.says(`/${name}`, { from: PEOPLE[role] })) ?? '';
      const isHis = role === 'owner' || VIEWERS_COMMANDS.includes(name);

      expect(`${name}: ${/^Only owners may do that\.$/.test(said) ? 'refused' : 'done'}`).toBe(
        `${name}: ${isHis ? 'done' : 'refused'}`,
      );
    }
  });
});

test('every command has its place in the table of rights, and a stranger to it is an owner’s', () => {
  const names = open().rooms.commands.listed.map(({ name }) => name);

  expect(names.filter((name) => !isPlaced(name))).toEqual([]);
  expect(roleForCommand('something-new')).toBe('owner');
});

test('to have a live agent write its WORKSTATE.md is an owner’s, by button and by command', () => {
  expect(roleForPress({ verb: 'workstate', choice: 2 })).toBe('owner');
  expect(roleForCommand('workstate', 'scout NOW')).toBe('owner');
  expect(roleForCommand('workstate', 'scout')).toBe('viewer');
});

test('an approver’s decision takes effect, and is kept and shown as his', async () => {
  const world = open();
  const id = world.submit('hello');

  const { answer } = await world.presses(world.button(`draft:${id}:r1`, 'Approve'), { from: APPROVER });

  const { storage } = world.rooms;
  expect(answer).toMatchObject({ text: 'Approved, going out.', alert: false });
  expect(world.draft(id)).toMatchObject({ state: 'approved', decidedBy: `approver:${APPROVER}` });
  expect(world.textOf(`draft:${id}:r1`)).toMatch(/✅ Approved .* by Anna/);
  expect(storage.drafts.lastDecision(id)?.actor).toBe(`approver:${APPROVER}`);
  const publication = storage.publications.lastOf(id);
  storage.transaction(() => publication && world.rooms.desk.begin(publication));
  expect(JSON.parse(world.rooms.desk.publicationInput(publication?.id ?? 0) ?? '{}')).toMatchObject({
    approved_by: APPROVER,
  });
});

test('of an owner and an approver who race, the second is told who was first', async () => {
  const world = open();
  const id = world.submit('hello');
  const card = `draft:${id}:r1`;
  const [approve, reject] = [world.button(card, 'Approve'), world.button(card, 'Reject')];

  await world.presses(approve, { from: APPROVER });
  const second = await world.presses(reject, { from: OWNER });

  expect(second.answer).toMatchObject({ text: 'It was already approved by Anna.', alert: true });
  expect(world.draft(id)?.state).toBe('approved');
});

test('a viewer changes nothing by a button, and is told who may', async () => {
  const world = open();
  const id = world.submit('hello');

  const { answer } = await world.presses(world.button(`draft:${id}:r1`, 'Approve'), { from: VIEWER });

  expect(answer).toMatchObject({ text: 'Only owners and approvers may do that.', alert: true });
  expect(world.draft(id)?.state).toBe('pending');
});

test('what an owner stopped or paused names him, since others read it', async () => {
  const world = open();

  await world.says('/pause scout');
  const mine = await world.says('/why scout');
  const theirs = await world.says('/fleet scout', { from: VIEWER });

  expect(mine).toContain('Held: paused by Ada');
  expect(theirs).toContain('paused by Ada');
});

test('a viewer may have the checklist looked at anew', async () => {
  const world = open();
  await world.says('/checklist', { chatId: GROUP });
  const key = world.lastReply();

  const { answer } = await world.presses(world.button(key, 'Refresh'), { from: VIEWER, messageId: world.deliver(key) });

  expect(answer?.text).toBe('Looking…');
});

test('a viewer changes nothing by a reply to a card, nor by a file', async () => {
  const world = open();
  const id = world.submit('hello');
  const card = world.deliver(`draft:${id}:r1`);

  const said = await world.says('other words', { from: VIEWER, chatId: GROUP, replyTo: card });
  const updateId = await world.handle({
    message: {
      message_id: 900,
      date: 1,
      chat: { id: GROUP, type: 'supergroup', title: 'A group' },
      from: { id: VIEWER, is_bot: false, first_name: 'Vera' },
      document: { file_id: 'f', file_unique_id: 'u', file_size: 10 },
      reply_to_message: { message_id: card, date: 1, chat: { id: GROUP, type: 'supergroup', title: 'A group' } },
    },
  });

  expect(said).toBe('Only owners and approvers may do that.');
  expect(world.textOf(`reply:${updateId}`)).toBe('Only owners and approvers may do that.');
  expect(world.draft(id)).toMatchObject({ body: 'hello', revision: 1, state: 'pending' });
});

test('a viewer’s /drafts is a list without buttons, and no review', async () => {
  const world = open();
  world.submit('hello');

  const said = await world.says('/drafts', { from: VIEWER });

  expect(said).toMatch(/1 draft waits for a decision/);
  expect(() => world.buttonOfReply('Approve')).toThrow('has no button');
  expect(world.rooms.storage.reviews.newest(1)).toEqual([]);
});

test('/start and /help tell each role what it may do', async () => {
  const world = open();

  const words = async (name: string, from: number) => (await world.says(name, { from })) ?? '';

  expect(await words('/start', OWNER)).toMatch(/Everything I can do/);
  expect(await words('/start', APPROVER)).toMatch(/you are an approver/);
  expect(await words('/start', VIEWER)).toMatch(/You are a viewer/);
  expect(await words('/help', OWNER)).toContain('/pause');
  expect(await words('/help', VIEWER)).not.toContain('/pause');
});

test('an approver answers what an agent asks, but allows nothing', async () => {
  const world = open();
  const { questions, storage } = world.rooms;
  const run = storage.transaction(() =>
    storage.runs.add({ agent: 'scout', cause: 'schedule', publicationId: null, wantedAt: 0, generations: '{}' }),
  );
  const asked = questions.ask({ run, agent: 'scout' }, { text: 'Which city?', options: ['Paris'], withinMs: 60_000 });
  questions.permission({ id: run, agent: 'scout' }, { request: 'r', tool: 'Bash', detail: 'ls', forRun: 'ls' });
  const [ask, permission] = storage.questions.openOf(run);

  const answered = await world.presses(world.button(`question:${ask?.id}`, 'Paris'), { from: APPROVER });
  const refused = await world.presses(world.button(`question:${permission?.id}`, 'Allow once'), { from: APPROVER });

  expect(asked.kind).toBe('asked');
  expect(answered.answer?.text).toBe('scout reads your answer.');
  expect(world.textOf(`question:${ask?.id}`)).toMatch(/✅ Answered .* by Anna/);
  expect(refused.answer).toMatchObject({ text: 'Only owners may do that.', alert: true });
  expect(storage.questions.get(permission?.id ?? 0)?.state).toBe('open');
});

describe('what was asked of somebody', () => {
  const question = { kind: 'edit', draftId: 1, revision: 1 } as const;
  const rooms = (mayDecide: boolean) =>
    ({ mayDecide: () => mayDecide, isForElse: () => false }) as unknown as Parameters<typeof isAnswer>[1];
  const saidIn = (chatId: number, topicId: number | null) =>
    ({
      message: {
        text: 'words',
        from: { id: 1 },
        chat: { id: chatId },
        ...(topicId === null ? {} : { message_thread_id: topicId, is_topic_message: true }),
      },
    }) as unknown as Parameters<typeof isAnswer>[0];

  it('is answered only by who may still decide', () => {
    expect(isAnswer(saidIn(GROUP, 7), rooms(true), question, { chatId: GROUP, topicId: 7 })).toBe(true);
    expect(isAnswer(saidIn(GROUP, 7), rooms(false), question, { chatId: GROUP, topicId: 7 })).toBe(false);
  });

  it('is answered only where it was asked', () => {
    expect(isAnswer(saidIn(GROUP, 8), rooms(true), question, { chatId: GROUP, topicId: 7 })).toBe(false);
    expect(isAnswer(saidIn(GROUP, null), rooms(true), question, { chatId: GROUP, topicId: 7 })).toBe(false);
    expect(isAnswer(saidIn(1, null), rooms(true), question, { chatId: GROUP, topicId: 7 })).toBe(false);
  });
});
