import { expect, test } from 'vitest';
import { createPoller } from '../../src/telegram/poller.ts';
import type { Content } from '../../src/telegram/outbox.ts';
import type { PendingCall } from '../fakes/scripted-api.ts';
import { createSenderWorld, OWNER, text } from './sender-world.ts';

const PRESSED: Content = { kind: 'answer', callbackQueryId: '1', text: 'Approved.' };

function texts(calls: readonly PendingCall[]): unknown[] {
  return calls.map((call) => call.payload['text']);
}

test.each(['reply', 'card', 'notice'] as const)(
  'a %s goes out within seconds while an alert is edited many times a second',
  async (kind) => {
    const { send, edit, clock, api, row } = createSenderWorld();
    api.answerWith((call) => call.succeed({ message_id: 7 }));
    send('alert', 'alert');
    for (let n = 0; n < 100; n += 1) {
      edit('alert', text(`seen ${n} times`));
      await clock.pass(100);
    }

    send('late', kind);
    for (let n = 100; n < 150; n += 1) {
      edit('alert', text(`seen ${n} times`));
      await clock.pass(100);
    }

    expect(row('late')?.state).toBe('sent');
  },
);

test('an alert that is edited many times a second ends with the newest text, at about an edit a second', async () => {
  const { send, edit, clock, api, row } = createSenderWorld();
  api.answerWith((call) => call.succeed({ message_id: 7 }));
  send('alert', 'alert');
  for (let n = 0; n < 600; n += 1) {
    edit('alert', text(`seen ${n} times`));
    await clock.pass(100);
  }
  const calls = api.calls.length;

  await clock.pass(10_000);

  expect(calls).toBeLessThanOrEqual(12 + 60 + 2);
  expect(api.calls.at(-1)?.payload['text']).toBe('seen 599 times');
  expect(row('alert')).toMatchObject({ state: 'sent', shown: 601 });
});

test('the first word of an alert does not wait for the pace that cards have used up', async () => {
  const { send, clock, api } = createSenderWorld();
  api.answerWith((call) => call.succeed({ message_id: 1 }));
  for (let n = 0; n < 40; n += 1) send(`card-${n}`, 'card');
  await clock.rest();
  const before = api.calls.length;

  for (let n = 0; n < 5; n += 1) send(`alert-${n}`, 'alert');
  await clock.rest();

  expect(before).toBe(12);
  expect(texts(api.calls.slice(before))).toEqual(['alert-0', 'alert-1', 'alert-2', 'alert-3', 'alert-4']);
});

test('a card waits a second after thirty alerts that did not wait, and not half a minute', async () => {
  const { send, clock, api } = createSenderWorld();
  api.answerWith((call) => call.succeed({ message_id: 1 }));
  for (let n = 0; n < 30; n += 1) send(`alert-${n}`, 'alert');
  await clock.rest();
  send('card', 'card');
  await clock.rest();
  const atOnce = texts(api.calls).includes('card');

  await clock.pass(2_000);

  expect(atOnce).toBe(false);
  expect(texts(api.calls).at(-1)).toBe('card');
});

test('a flood holds cards, and a press is answered in the middle of it', async () => {
  const { send, clock, api, row } = createSenderWorld();
  send('card', 'card');
  await clock.rest();
  api.calls[0]?.fail('flood', 60_000);
  await clock.rest();
  api.answerWith((call) => call.succeed(true));

  send('other', 'card');
  send('answer:1', 'answer', PRESSED);
  await clock.pass(5_000);
  const held = [row('card')?.state, row('other')?.state];
  const methods = api.calls.map((call) => call.method);
  await clock.pass(56_000);

  expect(methods).toEqual(['sendMessage', 'answerCallbackQuery']);
  expect(held).toEqual(['queued', 'queued']);
  expect([row('card')?.state, row('other')?.state]).toEqual(['sent', 'sent']);
});

test('the answer to a press that is flooded itself waits as long as Telegram asks', async () => {
  const { send, clock, api, row } = createSenderWorld();
  api.answerWith((call) => (api.calls.length > 20 ? undefined : call.fail('flood', 10_000)));

  send('answer:1', 'answer', PRESSED);
  await clock.pass(9_999);
  const early = api.calls.length;
  api.answerWith((call) => call.succeed(true));
  await clock.pass(5_001);

  expect(early).toBe(1);
  expect(row('answer:1')?.state).toBe('sent');
});

test.each(['alert', 'card', 'reply'] as const)(
  'a %s for a chat that refuses us waits, and goes out as soon as the owner writes',
  async (kind) => {
    const { send, clock, api, row, storage, log, fatal } = createSenderWorld();
    let refuses = true;
    let polls: PendingCall | undefined;
    api.answerWith((call) => {
      if (call.method === 'getUpdates') polls = call;
      else if (refuses) call.fail('forbidden');
      else call.succeed({ message_id: 7 });
    });
    const poller = createPoller({
      api,
      storage,
      clock,
      log,
      random: { fraction: () => 0.5, token: () => 'x' },
      isKnown: (id) => id === OWNER,
      onStranger: () => {},
      scrub: (given) => given,
      claim: () => undefined,
      onNews: () => {},
      onDeath: () => {},
      onFirst: () => {},
      onFatal: (error) => fatal.push(error),
    });
    poller.start();
    send('a', kind);
    await clock.pass(10_000);
    const waiting = row('a');

    refuses = false;
    polls?.succeed([
      { update_id: 1, message: { message_id: 1, date: 1, chat: { id: OWNER }, from: { id: OWNER }, text: '/start' } },
    ]);
    await clock.rest();
    await poller.stop();

    expect(waiting).toMatchObject({ state: 'queued', messageId: null });
    expect(row('a')).toMatchObject({ state: 'sent', messageId: 7 });
    expect(fatal).toEqual([]);
  },
);

test('a card whose form is refused goes out plainer with its buttons, and bare when that is refused, too', async () => {
  const { send, clock, api, row } = createSenderWorld();
  api.answerWith((call) =>
    call.payload['reply_markup'] === undefined ? call.succeed({ message_id: 7 }) : call.fail('bad-request'),
  );

  send('card', 'card', {
    kind: 'text',
    body: { text: 'Draft #1', entities: [{ type: 'bold', offset: 0, length: 5 }] },
    buttons: [[{ text: 'Approve', data: 'x', style: 'success' }]],
  });
  await clock.pass(1_000);

  const keyboard = (button: object) => ({ inline_keyboard: [[button]] });
  expect(api.calls.map(({ payload }) => [payload['entities'], payload['reply_markup']])).toEqual([
    [[{ type: 'bold', offset: 0, length: 5 }], keyboard({ text: 'Approve', callback_data: 'x', style: 'success' })],
    [[], keyboard({ text: 'Approve', callback_data: 'x' })],
    [[], undefined],
  ]);
  expect(row('card')?.state).toBe('sent');
});

test('a document that is refused in every form ends as a text without buttons, so that nobody approves half of it', async () => {
  const { send, clock, api, row } = createSenderWorld();
  api.answerWith((call) =>
    call.method === 'sendDocument' ? call.fail('bad-request') : call.succeed({ message_id: 7 }),
  );

  send('card', 'card', {
    kind: 'document',
    name: 'draft-1-r1.txt',
    content: 'x'.repeat(10_000),
    body: { text: 'Draft #1', entities: [{ type: 'bold', offset: 0, length: 5 }] },
    buttons: [[{ text: 'Approve', data: 'x' }]],
  });
  await clock.pass(1_000);

  expect(api.calls.map((call) => call.method)).toEqual(['sendDocument', 'sendDocument', 'sendMessage']);
  expect(api.calls.at(-1)?.payload['reply_markup']).toBeUndefined();
  expect(row('card')?.state).toBe('sent');
});

test('stopping cuts a call that hangs after a second, and its message is still to be sent', async () => {
  const { send, clock, row, sender } = createSenderWorld();
  send('a', 'card');
  await clock.rest();
  let stopped = false;

  const stopping = sender.stop().then(() => {
    stopped = true;
  });
  await clock.pass(999);
  const early = stopped;
  await clock.pass(1);
  await stopping;

  expect(early).toBe(false);
  expect(row('a')).toMatchObject({ state: 'queued', messageId: null });
});

test('stopping leaves no timer behind, also where it cut a call', async () => {
  const { send, clock, sender } = createSenderWorld();
  send('a', 'card');
  await clock.rest();

  const stopping = sender.stop();
  await clock.pass(1_000);
  await stopping;

  expect(clock.timers).toBe(0);
});
