import { expect, test, vi } from 'vitest';
import { aClaim } from '../fakes/agents.ts';
import { createBotWorld, GROUP, OWNER, SECOND_OWNER, STRANGER } from './bot-world.ts';

test('a stranger gets nothing, on messages and on buttons alike', async () => {
  const world = createBotWorld();
  const id = world.submit('hello');
  const before = world.rows();

  await world.says('/status', { from: STRANGER });
  await world.says('hi', { from: STRANGER });
  await world.presses(world.button(`draft:${id}:r1`, 'Approve'), { from: STRANGER });

  expect(world.rows()).toBe(before);
  expect(world.draft(id)?.state).toBe('pending');
});

test('Approve approves once; whoever comes second is told what the first did', async () => {
  const world = createBotWorld();
  const id = world.submit('hello');
  const data = world.button(`draft:${id}:r1`, 'Approve');

  const first = await world.presses(data);
  const second = await world.presses(data);

  expect(first.answer).toMatchObject({ text: 'Approved, going out.', alert: false });
  expect(second.answer).toMatchObject({ text: 'It was already approved by you.', alert: true });
  expect(world.draft(id)?.state).toBe('approved');
});

test.each([
  ['forged to another verb', (data: string) => data.replace('approve', 'reject')],
  ['forged to another draft', (data: string) => data.replace(/^approve:\d+/, 'approve:999')],
  ['of garbage', () => 'garbage'],
  ['of nothing', () => ''],
  ['without data', () => undefined],
])('a press %s changes nothing and is answered', async (_title, forge) => {
  const world = createBotWorld();
  const id = world.submit('hello');

  const { answer } = await world.presses(forge(world.button(`draft:${id}:r1`, 'Approve')));

  expect(answer?.alert).toBe(true);
  expect(answer?.text).toMatch(/I do not know this button/);
  expect(world.draft(id)?.state).toBe('pending');
});

test('the buttons of an older revision do nothing and say why', async () => {
  const world = createBotWorld();
  const id = world.submit('one');
  const old = world.button(`draft:${id}:r1`, 'Approve');
  world.rooms.desk.edit(id, 1, 'two', 'owner:1');

  const { answer } = await world.presses(old);

  expect(answer?.text).toMatch(/text was changed by owner 1: revision 2/);
  expect(world.draft(id)).toMatchObject({ state: 'pending', revision: 2 });
});

test('an update that is handled twice is answered once and has one effect', async () => {
  const world = createBotWorld();
  const id = world.submit('hello');
  const data = world.button(`draft:${id}:r1`, 'Approve');

  const { updateId } = await world.presses(data);
  world.restart();
  const again = await world.presses(data, { updateId });

  expect(again.answer?.text).toBe('Approved, going out.');
  expect(world.answers()).toBe(1);
});

test('a message after Edit is the new text', async () => {
  const world = createBotWorld();
  const id = world.submit('one');

  const { answer, asked } = await world.presses(world.button(`draft:${id}:r1`, 'Edit'));
  const said = await world.says('two');

  expect(answer).toMatchObject({ text: 'Send me the new text.', alert: false });
  expect(asked).toMatch(/Send me the new text of draft #1/);
  expect(said).toBeUndefined();
  expect(world.draft(id)).toMatchObject({ body: 'two', revision: 2, state: 'pending' });
  expect(world.textOf(`draft:${id}:r1`)).toMatch(/Replaced by revision 2/);
});

test('after Edit of A and Edit of B the next message goes to B only', async () => {
  const world = createBotWorld();
  const a = world.submit('a');
  const b = world.submit('b');

  await world.presses(world.button(`draft:${a}:r1`, 'Edit'));
  await world.presses(world.button(`draft:${b}:r1`, 'Edit'));
  await world.says('new');
  const stray = await world.says('another');

  expect([world.draft(a)?.body, world.draft(b)?.body]).toEqual(['a', 'new']);
  expect(stray).toMatch(/Draft #2 has the text that you sent before, and this one changed nothing/);
});

test('a reply to our question is an answer, too', async () => {
  const world = createBotWorld();
  const id = world.submit('one');
  const { askKey } = await world.presses(world.button(`draft:${id}:r1`, 'Edit'));

  await world.says('two', { replyTo: world.deliver(askKey) });

  expect(world.draft(id)?.body).toBe('two');
});

test('a reply to the card of another draft goes to that one, and the question stays open', async () => {
  const world = createBotWorld();
  const a = world.submit('a');
  const b = world.submit('b');
  const cardOfB = world.deliver(`draft:${b}:r1`);
  await world.presses(world.button(`draft:${a}:r1`, 'Edit'));

  await world.says('new b', { replyTo: cardOfB });
  await world.says('new a');

  expect([world.draft(a)?.body, world.draft(b)?.body]).toEqual(['new a', 'new b']);
});

test('a command while a question is open is a command, and the question stays open', async () => {
  const world = createBotWorld();
  const id = world.submit('one');
  await world.presses(world.button(`draft:${id}:r1`, 'Edit'));

  const help = await world.says('/help');
  await world.says('two');

  expect(help).toMatch(/What I can do/);
  expect(world.draft(id)?.body).toBe('two');
});

test('a press on another card while a question is open takes effect', async () => {
  const world = createBotWorld();
  const a = world.submit('a');
  const b = world.submit('b');
  await world.presses(world.button(`draft:${a}:r1`, 'Edit'));

  await world.presses(world.button(`draft:${b}:r1`, 'Approve'));
  await world.says('new a');

  expect(world.draft(b)?.state).toBe('approved');
  expect(world.draft(a)?.body).toBe('new a');
});

test('/cancel ends a question, and says so when there is none', async () => {
  const world = createBotWorld();
  const id = world.submit('one');
  await world.presses(world.button(`draft:${id}:r1`, 'Edit'));

  const first = await world.says('/cancel');
  const second = await world.says('/cancel');
  await world.says('two');

  expect([first, second]).toEqual(['Cancelled.', 'There is nothing to cancel.']);
  expect(world.draft(id)?.body).toBe('one');
});

test('a question that is half an hour old is closed', async () => {
  const world = createBotWorld();
  const id = world.submit('one', { windowMs: 24 * 3_600_000 });
  // The library of the dialogues reads the time of day itself.
  vi.useFakeTimers({ toFake: ['Date'] });
  await world.presses(world.button(`draft:${id}:r1`, 'Edit'));

  vi.setSystemTime(Date.now() + 31 * 60_000);
  const said = await world.says('two');
  vi.useRealTimers();

  expect(said).toMatch(/I was not waiting for a message/);
  expect(world.draft(id)?.body).toBe('one');
});

test('a message after Reject is kept as the reason', async () => {
  const world = createBotWorld();
  const id = world.submit('one');

  const { answer, asked } = await world.presses(world.button(`draft:${id}:r1`, 'Reject'));
  const said = await world.says('too salesy');

  expect(answer?.text).toBe('Rejected.');
  expect(asked).toMatch(/Why did you reject draft #1\?/);
  expect(said).toBe('Noted: the agent will read why #1 was rejected.');
  expect(world.draft(id)).toMatchObject({ state: 'rejected', reason: 'too salesy' });
});

test('a reply to the card of a rejected draft is the reason', async () => {
  const world = createBotWorld();
  const id = world.submit('one');
  world.rooms.desk.reject(id, 1, `owner:${OWNER}`);

  await world.says('too long', { replyTo: world.deliver(`draft:${id}:r1`) });

  expect(world.draft(id)?.reason).toBe('too long');
});

test('a reply to the card of a pending draft is its new text', async () => {
  const world = createBotWorld();
  const id = world.submit('one');

  await world.says('two', { replyTo: world.deliver(`draft:${id}:r1`) });

  expect(world.draft(id)).toMatchObject({ body: 'two', revision: 2 });
});

test('a dialogue goes on after a restart in its middle', async () => {
  const world = createBotWorld();
  const id = world.submit('one');
  await world.presses(world.button(`draft:${id}:r1`, 'Edit'));

  world.restart();
  await world.says('two');

  expect(world.draft(id)?.body).toBe('two');
});

test('a press whose dialogue a crash swallowed gets it when it is handled again', async () => {
  const world = createBotWorld();
  const id = world.submit('one');
  const data = world.button(`draft:${id}:r1`, 'Reject');
  const { updateId } = await world.presses(data);
  world.database.exec('DELETE FROM conversation');
  world.restart();

  await world.presses(data, { updateId });
  await world.says('too long');

  expect(world.draft(id)?.reason).toBe('too long');
});

test('an edit that comes too late says what happened instead', async () => {
  const world = createBotWorld();
  const id = world.submit('one');
  await world.presses(world.button(`draft:${id}:r1`, 'Edit'));
  world.rooms.desk.approve(id, 1, 'owner:1');

  const said = await world.says('two');

  expect(said).toBe('Draft #1 stays as it is. It was already approved by owner 1.\n\nYou wrote (tap to copy):\ntwo');
});

test('an unknown command, a stray text and a photo each get an answer', async () => {
  const world = createBotWorld();

  const command = await world.says('/frobnicate now');
  const stray = await world.says('good morning');
  const updateId = await world.handle({
    message: {
      message_id: 9,
      date: 1,
      chat: { id: OWNER, type: 'private' },
      from: { id: OWNER, is_bot: false, first_name: 'A' },
      photo: [],
    },
  });

  expect(command).toBe('I do not know that command. What I can do: /help');
  expect(stray).toBe('I was not waiting for a message, so I did nothing with it. What I can do: /help');
  expect(world.textOf(`reply:${updateId}`)).toMatch(/I can only read text/);
});

test('a command that waited through an outage shows its age, a fresh one does not', async () => {
  const world = createBotWorld();

  const fresh = await world.says('/start');
  const stale = await world.says('/start', { ageMs: 25 * 60_000 });

  expect(fresh).not.toContain('ago');
  expect(stale).toContain('You asked this 25 min ago.');
});

test('the buttons of an incident act, and are answered', async () => {
  const world = createBotWorld();
  const incident = world.rooms.incidents.report({
    kind: 'auth',
    fingerprint: 'auth:claude',
    subject: 'claude',
    severity: 'critical',
    title: 'claude is dead',
    evidence: '401',
    agents: ['scout'],
  });
  const key = `incident:${incident.id}`;

  const ack = await world.presses(world.button(key, 'Ack'));
  const login = await world.presses(world.button(key, 'Re-auth'));
  const again = await world.presses(world.button(key, 'Re-auth'));

  expect([ack, login, again].map(({ answer }) => answer?.text)).toEqual([
    'Acknowledged.',
    'Logging in…',
    'A login is under way already.',
  ]);
});

test('Log on an incident sends the end of what its agent said, once', async () => {
  const world = createBotWorld();
  const incident = world.rooms.incidents.report({
    kind: 'crash',
    fingerprint: 'crash:scout',
    subject: 'scout',
    severity: 'warning',
    title: 'scout failed: crash',
    evidence: 'boom',
    agents: ['scout'],
  });
  const { storage } = world.rooms;
  storage.transaction(() => {
    const run = storage.runs.add({
      agent: 'scout',
      cause: 'owner',
      publicationId: null,
      wantedAt: 0,
      generations: '{}',
    });
    storage.runs.claim(run, aClaim({ logPath: '/state/logs/scout/1.log' }));
  });

  const { answer, updateId } = await world.presses(world.button(`incident:${incident.id}`, 'Log'));

  expect(answer?.text).toBe('The end of what scout said.');
  expect(world.content(`log:${updateId}`)).toMatchObject({
    kind: 'file',
    path: '/state/logs/scout/1.log',
    shows: 'end',
  });
});

test('a card that was sent twice loses its buttons when it is pressed in vain', async () => {
  const world = createBotWorld();
  const id = world.submit('one');
  const data = world.button(`draft:${id}:r1`, 'Approve');
  const known = world.deliver(`draft:${id}:r1`);
  await world.presses(data, { messageId: known });

  await world.presses(data, { messageId: 9_999 });
  await world.presses(data, { messageId: known });

  expect(world.content(`strip:${OWNER}:9999`)).toEqual({ kind: 'strip', messageId: 9_999 });
  expect(world.content(`strip:${OWNER}:${known}`)).toBeUndefined();
});

test('/fleet shows a menu whose buttons are answered once', async () => {
  const world = createBotWorld();

  const said = await world.says('/fleet');

  expect(said).toMatch(/The fleet: 4 agents/);
});

test.each([
  ['without being marked as one', '/status', true],
  ['in capitals', '/STATUS', false],
  ['in capitals, unmarked', '/Status', true],
  ['with the name of the bot', '/Status@nightdesk_bot', true],
])('a command %s is the command', async (_title, text, unmarked) => {
  const world = createBotWorld();
  const expected = await world.says('/status');

  expect(await world.says(text, { unmarked })).toBe(expected);
});

test('the argument of a command in capitals stays as it was written', async () => {
  const world = createBotWorld();

  expect(await world.says('/WHY Scout', { unmarked: true })).toBe(await world.says('/why Scout'));
});

test("a command for another bot in the fleet's group gets silence", async () => {
  const world = createBotWorld({}, GROUP);

  expect(await world.says('/status@other_bot', { chatId: GROUP })).toBeUndefined();
});

test("an owner's command in another group than the fleet's gets silence", async () => {
  const world = createBotWorld();
  const before = world.rows();

  await world.says('/status', { chatId: GROUP });
  await world.says('/fleet', { chatId: GROUP });

  expect(world.rows()).toBe(before);
});

test("in the fleet's group a command is answered and plain talk is not", async () => {
  const world = createBotWorld({}, GROUP);

  const command = await world.says('/status', { chatId: GROUP });
  const chatId = world.chatOfReply();
  const before = world.rows();
  await world.says('lunch?', { chatId: GROUP });
  await world.says('/lunch', { chatId: GROUP });
  await world.handle({
    message: {
      message_id: 99,
      date: 1,
      chat: { id: GROUP, type: 'supergroup', title: 'A group' },
      from: { id: OWNER, is_bot: false, first_name: 'A' },
      photo: [],
    },
  });

  expect(command).toBeDefined();
  expect(chatId).toBe(GROUP);
  expect(world.rows()).toBe(before);
});

test.each(['/status', '/fleet', '/cancel', 'good morning'])(
  'the reply to "%s" goes to the private chat of the second owner who asked',
  async (text) => {
    const world = createBotWorld();

    const said = await world.says(text, { from: SECOND_OWNER });

    expect(said).toBeDefined();
    expect(world.chatOfReply()).toBe(SECOND_OWNER);
  },
);

test('a new text of 4096 characters is refused with a sentence, since Telegram may have cut it', async () => {
  const world = createBotWorld();
  const id = world.submit('one');
  await world.presses(world.button(`draft:${id}:r1`, 'Edit'));

  const said = await world.says('x'.repeat(4_096));

  expect(said).toMatch(/Draft #1 stays as it is: Telegram cuts texts at 4096 characters/);
  expect(world.draft(id)).toMatchObject({ body: 'one', revision: 1 });
});

test('a new text of 4095 characters, in reply to the card, is taken', async () => {
  const world = createBotWorld();
  const id = world.submit('one');
  const card = world.deliver(`draft:${id}:r1`);

  const tooLong = await world.says('x'.repeat(4_096), { replyTo: card });
  await world.says('x'.repeat(4_095), { replyTo: card });

  expect(tooLong).toMatch(/stays as it is/);
  expect(world.draft(id)?.body).toHaveLength(4_095);
});

test('Cancel on a login and /cancel end it, once each, and a forged Cancel nothing', async () => {
  const world = createBotWorld();
  const { custodian, logins, storage } = world.rooms;
  custodian.wantLogin('claude', `owner:${OWNER}`, OWNER);
  logins.refresh();
  const button = world.button('login:1', 'Cancel');

  const forged = await world.presses(button.replace('cancel:1:', 'cancel:2:'));
  const pressed = await world.presses(button, { from: SECOND_OWNER });
  const again = await world.presses(button);
  custodian.wantLogin('bank', `owner:${OWNER}`, OWNER);
  const elsewhere = await world.says('/cancel', { from: SECOND_OWNER });
  const said = await world.says('/cancel');

  expect(forged.answer?.alert).toBe(true);
  expect(pressed.answer?.text).toBe('Cancelling…');
  expect(again.answer?.text).toBe('That login is over already.');
  expect([elsewhere, said]).toEqual(['There is nothing to cancel.', 'Cancelled.']);
  expect(storage.logins.open().map(({ cancelWantedAt }) => cancelWantedAt !== null)).toEqual([true, true]);
});

test('an update whose content was taken before it was stored says nothing', async () => {
  const world = createBotWorld();
  const before = world.rows();

  await world.handle({});

  expect(world.rows()).toBe(before);
});
