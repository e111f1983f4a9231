import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openStorage } from '../fakes/open-storage.ts';
import { createSenderWorld as setUp, OWNER, text } from './sender-world.ts';

test('one key is one message, however often it is asked for', async () => {
  const { send, clock, api, row } = setUp();

  send('a', 'notice');
  send('a', 'notice', text('something else'));
  await clock.rest();
  api.calls[0]?.succeed({ message_id: 7 });
  send('a', 'notice');
  await clock.pass(60_000);

  expect(api.calls.length).toBe(1);
  expect(row('a')).toMatchObject({ state: 'sent', messageId: 7 });
});

test('a newer content replaces one that still waits, and edits one that is shown', async () => {
  const { send, edit, clock, api, shown } = setUp();
  send('first', 'card');
  send('a', 'card', text('one'));
  edit('a', text('two'));
  await clock.rest();
  api.answerWith((call) => call.succeed({ message_id: 7 }));
  api.calls[0]?.succeed({ message_id: 6 });
  await clock.rest();

  edit('a', text('three'));
  await clock.rest();

  expect(api.calls.map((call) => [call.method, shown(call)])).toEqual([
    ['sendMessage', 'first'],
    ['sendMessage', 'two'],
    ['editMessageText', 'three'],
  ]);
});

test.each(['card', 'reply'] as const)(
  'a newer content is shown as an edit while the first %s is in flight',
  async (kind) => {
    const { send, edit, clock, api, shown, row } = setUp();
    send('a', kind, text('one'));
    await clock.rest();

    edit('a', text('two'));
    edit('a', text('three'));
    await clock.rest();
    const callsInFlight = api.calls.length;
    api.calls[0]?.succeed({ message_id: 7 });
    await clock.rest();
    api.calls[1]?.succeed({ message_id: 7 });
    await clock.rest();

    expect(callsInFlight).toBe(1);
    expect(api.calls.map((call) => [call.method, shown(call)])).toEqual([
      ['sendMessage', 'one'],
      ['editMessageText', 'three'],
    ]);
    expect(row('a')).toMatchObject({ state: 'sent', wanted: 3, shown: 3 });
  },
);

test('a newer content is not lost when the older one in flight is refused', async () => {
  const { send, edit, clock, api, shown, row } = setUp();
  send('a', 'card', text('bad'));
  await clock.rest();
  edit('a', text('good'));

  api.calls[0]?.fail('bad-request');
  await clock.rest();
  api.calls[1]?.succeed({ message_id: 7 });
  await clock.rest();

  expect(shown(api.calls[1])).toBe('good');
  expect(row('a')?.state).toBe('sent');
});

test('the pause that Telegram asks for is kept by all, even when another call succeeds in it', async () => {
  const { send, clock, api } = setUp();
  send('a', 'card');
  send('n', 'notice');
  await clock.rest();
  api.calls[0]?.fail('flood', 30_000);
  await clock.rest();
  api.calls[1]?.succeed({ message_id: 1 });
  send('alert', 'alert');

  await clock.pass(29_999);
  const early = api.calls.length;
  await clock.pass(1);

  expect(early).toBe(2);
  expect(api.calls.length).toBeGreaterThan(2);
});

test('an outage is met with pauses that grow, and its end with everything at once', async () => {
  const { send, clock, api } = setUp();
  api.answerWith((call) => call.fail('unreachable'));
  for (const key of ['a', 'b', 'c']) send(key, 'alert');
  send('card', 'card');

  await clock.pass(10 * 60_000);
  const tries = api.calls.length;
  api.answerWith((call) => call.succeed({ message_id: 1 }));
  await clock.pass(30_000);

  expect(tries).toBeLessThan(60);
  expect(api.calls.slice(tries).map((call) => call.payload['text'])).toEqual(
    expect.arrayContaining(['a', 'b', 'c', 'card']),
  );
});

test('an alert is shown three times at most while every answer is lost, and again once something harmless was answered', async () => {
  const { send, clock, api } = setUp();
  api.answerWith((call) => call.fail('lost'));
  send('a', 'alert');

  await clock.pass(10 * 60_000);
  const shown = api.calls.filter(({ method }) => method === 'sendMessage').length;
  const asked = api.calls.filter(({ method }) => method === 'getMe').length;
  api.answerWith((call) => call.succeed({ message_id: 1 }));
  await clock.pass(30_000);

  expect(shown).toBe(3);
  expect(asked).toBeGreaterThan(10);
  expect(api.calls.slice(-2).map(({ method }) => method)).toEqual(['getMe', 'sendMessage']);
});

test('the longest wait counts when several calls under way are refused for a flood', async () => {
  const { send, clock, api } = setUp();
  send('a', 'alert');
  send('b', 'card');
  await clock.rest();

  api.calls[0]?.fail('flood', 60_000);
  api.calls[1]?.fail('flood', 1_000);
  await clock.pass(50_000);
  const early = api.calls.length;
  api.answerWith((call) => call.succeed({ message_id: 1 }));
  await clock.pass(20_000);

  expect(early).toBe(2);
  expect(api.calls).toHaveLength(4);
});

test('a deletion waits out a flood of its chat, the answer to a press does not', async () => {
  const { send, clock, api } = setUp();
  api.answerWith((call) => (call.method === 'sendMessage' ? call.fail('flood', 60_000) : call.succeed(true)));
  send('a', 'alert');
  await clock.rest();

  send('delete:1:2', 'answer', { kind: 'delete', messageId: 2, isSecret: true });
  send('answer:1', 'answer', { kind: 'answer', callbackQueryId: '1', text: 'ok' });
  await clock.pass(50_000);
  const early = api.calls.map(({ method }) => method);
  await clock.pass(20_000);

  expect(early).toEqual(['sendMessage', 'answerCallbackQuery']);
  expect(api.calls.map(({ method }) => method)).toContain('deleteMessage');
});

test('a wall clock that jumps back does not lengthen a pause', async () => {
  const { send, clock, api } = setUp();
  api.answerWith((call) => call.fail('unreachable'));
  send('a', 'alert');
  await clock.rest();

  clock.jump(-1);
  clock.jump(1);
  api.answerWith((call) => call.succeed({ message_id: 1 }));
  await clock.pass(1_000);

  expect(api.calls.length).toBe(2);
});

test('an alert passes cards that wait for the pace, and a call of another class that hangs', async () => {
  const { send, clock, api } = setUp();
  for (let n = 0; n < 40; n += 1) send(`card-${n}`, 'card');
  await clock.rest();

  send('alert', 'alert');
  await clock.rest();

  expect(api.calls.map((call) => call.payload['text'])).toEqual(['card-0', 'alert']);
});

test('cards go out in a burst and then one a second', async () => {
  const { send, clock, api } = setUp();
  api.answerWith((call) => call.succeed({ message_id: 1 }));
  for (let n = 0; n < 40; n += 1) send(`card-${n}`, 'card');
  await clock.rest();
  const burst = api.calls.length;

  await clock.pass(10_000);

  expect(burst).toBe(12);
  expect(api.calls.length - burst).toBeGreaterThanOrEqual(9);
  expect(api.calls.length - burst).toBeLessThanOrEqual(11);
});

test('a reply whose answer was lost is unknown and never sent again', async () => {
  const { send, clock, api, row } = setUp();
  send('a', 'reply');
  await clock.rest();

  api.calls[0]?.fail('lost');
  await clock.pass(3_600_000);

  expect(api.calls.length).toBe(1);
  expect(row('a')?.state).toBe('unknown');
});

test.each(['alert', 'card', 'notice'] as const)('a %s whose answer was lost is sent again', async (kind) => {
  const { send, clock, api, row } = setUp();
  send('a', kind);
  await clock.rest();

  api.calls[0]?.fail('lost');
  api.answerWith((call) => call.succeed({ message_id: 8 }));
  await clock.pass(2_000);

  expect(api.calls.length).toBe(2);
  expect(row('a')).toMatchObject({ state: 'sent', messageId: 8 });
});

test('a reply that Telegram cannot take right now is tried again', async () => {
  const { send, clock, api, row } = setUp();
  send('a', 'reply');
  await clock.rest();

  api.calls[0]?.fail('server');
  api.answerWith((call) => call.succeed({ message_id: 8 }));
  await clock.pass(2_000);

  expect(row('a')?.state).toBe('sent');
});

test('what was being sent at the end of a process is unknown for a reply, and sent again for a card', async () => {
  const opened = openStorage();
  const first = setUp(opened);
  first.send('reply', 'reply');
  first.send('card', 'card');
  await first.clock.rest();

  const second = setUp(opened);
  second.api.answerWith((call) => call.succeed({ message_id: 9 }));
  second.sender.recover();
  await second.clock.pass(5_000);

  expect(second.row('reply')?.state).toBe('unknown');
  expect(second.row('card')?.state).toBe('sent');
  expect(second.api.calls.map((call) => call.payload['text'])).toEqual(['card']);
});

test.each(['alert', 'card'] as const)('a %s that somebody deleted is sent anew when it changes', async (kind) => {
  const { send, edit, clock, api, row } = setUp();
  api.answerWith((call) => call.succeed({ message_id: 7 }));
  send('a', kind, text('one'));
  await clock.rest();
  api.answerWith((call) =>
    call.method === 'editMessageText' ? call.fail('message-gone') : call.succeed({ message_id: 8 }),
  );

  edit('a', text('two'));
  await clock.rest();

  expect(api.calls.map((call) => call.method)).toEqual(['sendMessage', 'editMessageText', 'sendMessage']);
  expect(row('a')).toMatchObject({ state: 'sent', messageId: 8, shown: 2 });
});

test('an edit that changes nothing for Telegram is a success', async () => {
  const { send, edit, clock, api, row } = setUp();
  api.answerWith((call) => call.succeed({ message_id: 7 }));
  send('a', 'card', text('one'));
  await clock.rest();
  api.answerWith((call) => call.fail('not-modified'));

  edit('a', text('two'));
  await clock.rest();

  expect(row('a')).toMatchObject({ state: 'sent', messageId: 7, shown: 2 });
  expect(api.calls.length).toBe(2);
});

test('an edit that was refused leaves the message open for the next one', async () => {
  const { send, edit, clock, api, shown } = setUp();
  api.answerWith((call) => call.succeed({ message_id: 7 }));
  send('a', 'card', text('one'));
  await clock.rest();
  api.answerWith((call) => call.fail('bad-request'));
  edit('a', text('two'));
  await clock.rest();
  api.answerWith((call) => call.succeed({ message_id: 7 }));

  edit('a', text('three'));
  await clock.rest();

  expect(api.calls.map(shown)).toEqual(['one', 'two', 'three']);
});

test('a reply can still be edited long after it was worth sending', async () => {
  const { send, edit, clock, api, row } = setUp();
  api.answerWith((call) => call.succeed({ message_id: 7 }));
  send('menu', 'reply', text('one'));
  await clock.pass(24 * 3_600_000);

  edit('menu', text('two'));
  await clock.rest();

  expect(row('menu')).toMatchObject({ state: 'sent', shown: 2 });
});

test('an alert whose form is refused is sent as plain text, even after it waited through an outage', async () => {
  const { send, clock, api, row } = setUp();
  const pressable = text('🔴 claude is dead', { buttons: [[{ text: 'Ack', data: 'x' }]] });
  api.answerWith((call) => call.fail('unreachable'));
  send('a', 'alert', pressable);
  await clock.pass(60_000);
  api.answerWith((call) =>
    call.payload['reply_markup'] === undefined ? call.succeed({ message_id: 7 }) : call.fail('bad-request'),
  );

  await clock.pass(31_000);

  expect(api.calls.at(-1)?.payload).toMatchObject({ text: '🔴 claude is dead', entities: [] });
  expect(row('a')?.state).toBe('sent');
});

test('an alert that is refused even as plain text is logged, and tried again every ten minutes', async () => {
  const { send, clock, api, row, log } = setUp();
  api.answerWith((call) => call.fail('bad-request'));

  send('a', 'alert', text('x', { buttons: [[{ text: 'Ack', data: 'x' }]] }));
  await clock.pass(60_000);
  const early = api.calls.length;
  api.answerWith((call) => call.succeed({ message_id: 7 }));
  await clock.pass(606_000);

  expect([early, api.calls.length]).toEqual([2, 3]);
  expect(row('a')?.state).toBe('sent');
  expect(log.lines.join()).toContain('Telegram refused the form of a message');
});

test('the answer to a press is given up after 150 seconds', async () => {
  const { send, clock, api, row } = setUp();
  api.answerWith((call) => call.fail('unreachable'));
  send('answer:1', 'answer', { kind: 'answer', callbackQueryId: '1', text: 'Approved.' });

  await clock.pass(150_000);
  const tries = api.calls.length;
  await clock.pass(300_000);

  expect(row('answer:1')).toMatchObject({ state: 'refused', error: 'not delivered in time' });
  expect(api.calls.length).toBeLessThanOrEqual(tries + 1);
});

test('an answer of more than 200 characters is cut between characters', async () => {
  const { send, clock, api } = setUp();

  send('answer:1', 'answer', { kind: 'answer', callbackQueryId: '1', text: '🙂'.repeat(200) });
  await clock.rest();

  const said = String(api.calls[0]?.payload['text']);
  expect(said.length).toBeLessThanOrEqual(200);
  expect(said.isWellFormed()).toBe(true);
});

test('a chat that blocked us is asked again every ten minutes, and keeps nobody else waiting', async () => {
  const { send, clock, api } = setUp();
  api.answerWith((call) => call.fail('forbidden'));
  send('a', 'alert');
  await clock.rest();
  send('b', 'card');
  await clock.rest();
  const first = api.calls.length;

  await clock.pass(599_000);
  const early = api.calls.length;
  await clock.pass(6_000);

  expect([first, early, api.calls.length]).toEqual([2, 2, 4]);
});

test('an alert whose group refuses us goes to the owner himself, a card waits', async () => {
  const { send, clock, api, log } = setUp();
  api.answerWith((call) =>
    call.payload['chat_id'] === -100 ? call.fail('forbidden') : call.succeed({ message_id: 1 }),
  );

  send('a', 'alert', text('murmur is dead'), { chatId: -100 });
  await clock.rest();
  send('b', 'card', text('a draft'), { chatId: -100 });
  await clock.rest();
  await clock.pass(601_000);

  const toOwner = api.calls.filter((call) => call.payload['chat_id'] === OWNER);
  expect(toOwner.map((call) => call.payload['text'])).toEqual(['murmur is dead']);
  expect(log.lines.join()).toContain('a chat refuses our messages');
});

test('what waits unsent follows the fleet to another chat', async () => {
  const { send, clock, api, storage } = setUp();
  api.answerWith((call) =>
    call.payload['chat_id'] === -100 ? call.fail('forbidden') : call.succeed({ message_id: 1 }),
  );
  send('b', 'card', text('a draft'), { chatId: -100 });
  await clock.rest();

  storage.transaction(() => storage.outbox.move({ chatId: -100 }, { chatId: -1001234 }));
  await clock.pass(601_000);

  expect(api.calls.at(-1)?.payload['chat_id']).toBe(-1001234);
});

test('what was sent while the database was locked is written down later, and not sent twice', async () => {
  const { send, clock, api, row, database, file, fatal } = setUp();
  send('a', 'alert');
  await clock.rest();
  database.pragma('busy_timeout = 0');
  const other = new Database(file);
  other.exec('BEGIN IMMEDIATE');

  api.calls[0]?.succeed({ message_id: 7 });
  await clock.pass(12_000);
  const meanwhile = row('a')?.state;
  other.exec('ROLLBACK');
  other.close();
  await clock.pass(10_000);

  expect(meanwhile).toBe('queued');
  expect(api.calls.length).toBe(1);
  expect(fatal).toEqual([]);
  expect(row('a')).toMatchObject({ state: 'sent', messageId: 7 });
});

test('a reply names the message that it answers, and bears its absence', async () => {
  const { send, clock, api } = setUp();
  api.answerWith((call) => call.succeed({ message_id: 7 }));
  send('card', 'card');
  await clock.rest();

  send('answer', 'reply', text('x'), { replyToKey: 'card' });
  send('lonely', 'reply', text('y'), { replyToKey: 'nobody' });
  await clock.rest();

  expect(api.calls.slice(1).map((call) => call.payload['reply_parameters'])).toEqual([
    { message_id: 7, allow_sending_without_reply: true },
    undefined,
  ]);
});

test('stopping waits for the call under way and writes down what came of it', async () => {
  const { send, clock, api, row, sender } = setUp();
  send('a', 'reply');
  await clock.rest();

  const stopping = sender.stop();
  api.calls[0]?.succeed({ message_id: 7 });
  await stopping;

  expect(row('a')?.state).toBe('sent');
});

test('a deletion goes out before everything else, and a message that is gone already is deleted enough', async () => {
  const { send, clock, api, row, storage } = setUp();

  storage.transaction(() => {
    send('alert', 'alert');
    send('gone', 'answer', { kind: 'delete', messageId: 71, isSecret: true }, { chatId: OWNER });
  });
  await clock.rest();
  api.calls[0]?.fail('message-gone');
  await clock.rest();

  expect(api.calls[0]).toMatchObject({ method: 'deleteMessage', payload: { chat_id: OWNER, message_id: 71 } });
  expect(row('gone')?.state).toBe('sent');
  expect(row('gone:refused')).toBeUndefined();
});

test('whose secret Telegram does not delete is told to do it himself', async () => {
  const { send, clock, api, row } = setUp();
  send('secret', 'answer', { kind: 'delete', messageId: 71, isSecret: true }, { chatId: OWNER });
  send('prompt', 'notice', { kind: 'delete', messageId: 72, isSecret: false }, { chatId: OWNER });
  await clock.rest();

  api.answerWith((call) => call.succeed({ message_id: 9 }));
  for (const call of api.calls.filter(({ method }) => method === 'deleteMessage')) call.fail('bad-request');
  await clock.rest();

  expect(row('secret')?.state).toBe('refused');
  expect(JSON.parse(row('secret:refused')?.content ?? '{}')).toMatchObject({
    body: { text: expect.stringContaining('please delete it yourself') },
  });
  expect(row('prompt:refused')).toBeUndefined();
});

test('a deletion outlasts an outage of hours, and is given up with a word when Telegram deletes nothing so old', async () => {
  const { send, clock, api, row } = setUp();
  api.answerWith((call) => call.fail('unreachable'));
  send('secret', 'answer', { kind: 'delete', messageId: 71, isSecret: true }, { chatId: OWNER });

  await clock.pass(3_600_000);
  const after = row('secret')?.state;
  clock.jump(47 * 3_600_000);
  await clock.pass(60_000);

  expect(after).toBe('queued');
  expect(row('secret')?.state).toBe('refused');
  expect(row('secret:refused')).toBeDefined();
});

test('a question opens the keyboard of its reader, with a word in the empty field', async () => {
  const { send, clock, api } = setUp();

  send('ask', 'alert', text('Send me the code', { asks: 'the code' }));
  await clock.rest();

  expect(api.calls[0]?.payload['reply_markup']).toEqual({ force_reply: true, input_field_placeholder: 'the code' });
});
