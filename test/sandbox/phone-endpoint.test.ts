import { request as httpRequest } from 'node:http';
import { InlineKeyboard, InputFile } from 'grammy';
import { expect, test } from 'vitest';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { OWNER, startSandbox, STRANGER } from './running-sandbox.ts';

interface PageEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Reads events of the page until `count` have come. */
async function readEvents(sandbox: Sandbox, count: number, act: () => Promise<unknown>): Promise<PageEvent[]> {
  const response = await fetch(`${sandbox.phoneUrl}/events`);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const acting = act();
  const events: PageEvent[] = [];
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
      events.push({ event, data: JSON.parse(data) as Record<string, unknown> });
    }
    if (events.length >= count) break;
  }
  await acting;
  return events;
}

function post(sandbox: Sandbox, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${sandbox.phoneUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** fetch does not let a test name another host. */
async function statusWithHost(sandbox: Sandbox, path: string, host: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const request = httpRequest(`${sandbox.apiRoot}${path}`, { headers: { host } }, (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  request.once('error', reject);
  request.end();
  return promise;
}

test('the stream starts with all there is, and goes on with what happens', async () => {
  const { sandbox, api } = await startSandbox();
  await api.setMyCommands([{ command: 'status', description: 'How it is' }]);
  await api.sendMessage(OWNER, 'first');

  const events = await readEvents(sandbox, 6, async () => {
    await api.sendMessage(OWNER, 'second', { reply_markup: new InlineKeyboard().text('Go', 'go') });
    await api.editMessageText(OWNER, 1, 'edited');
    await api.deleteMessage(OWNER, 1);
    await api.setMyCommands([]);
    void sandbox.userPresses(2, 'Go');
    const [update] = await api.getUpdates();
    await api.answerCallbackQuery(update!.callback_query!.id, { text: 'done' });
  });

  expect(events).toMatchObject([
    {
      event: 'snapshot',
      data: {
        bot: { name: 'Nightdesk', username: 'nightdesk_sandbox_bot' },
        owner: { id: OWNER, first_name: 'Ada' },
        commands: [{ command: 'status', description: 'How it is' }],
        messages: [{ id: 1, text: 'first' }],
      },
    },
    { event: 'message', data: { id: 2, text: 'second', from: 'bot' } },
    { event: 'edit', data: { id: 1, text: 'edited' } },
    { event: 'delete', data: { id: 1 } },
    { event: 'commands', data: [] },
    { event: 'answer', data: { message_id: 2, text: 'done', show_alert: false, expired: false } },
  ]);
});

test("the stream says nothing of other people's chats and presses", async () => {
  const { sandbox, api } = await startSandbox();
  await api.sendMessage(OWNER, 'x', { reply_markup: new InlineKeyboard().text('Go', 'go') });

  const events = await readEvents(sandbox, 2, async () => {
    sandbox.userSays('psst', { from: STRANGER });
    void sandbox.userPresses(1, 'Go', { from: STRANGER });
    const updates = await api.getUpdates();
    await api.answerCallbackQuery(updates[1]!.callback_query!.id);
    sandbox.userSays('mine');
  });

  expect(events.map(({ event, data }) => [event, data['text']])).toEqual([
    ['snapshot', undefined],
    ['message', 'mine'],
  ]);
});

test('what is sent from the page reaches the bot', async () => {
  const { sandbox, api } = await startSandbox();
  await api.sendMessage(OWNER, 'why?');

  const response = await post(sandbox, '/send', { text: '/status', reply_to: 1 });

  expect(await response.json()).toEqual({ ok: true, message_id: 2 });
  expect(await api.getUpdates()).toMatchObject([{ message: { text: '/status', reply_to_message: { message_id: 1 } } }]);
});

test('a button pressed on the page reaches the bot', async () => {
  const { sandbox, api } = await startSandbox();
  await api.sendMessage(OWNER, 'x', {
    reply_markup: new InlineKeyboard().text('A', 'a').row().text('B', 'b').text('C', 'c'),
  });

  const response = await post(sandbox, '/press', { message_id: 1, row: 1, column: 1 });

  expect(response.status).toBe(200);
  expect(await api.getUpdates()).toMatchObject([{ callback_query: { data: 'c', from: { id: OWNER } } }]);
});

test.each<[string, string, unknown, number]>([
  ['an empty text', '/send', { text: ' ' }, 400],
  ['a reply to nothing', '/send', { text: 'x', reply_to: 5 }, 404],
  ['a button that is not there', '/press', { message_id: 1, row: 0, column: 0 }, 404],
  ['a press without a row', '/press', { message_id: 1 }, 400],
  ['too much', '/send', { text: 'x'.repeat(70_000) }, 400],
  ['another action', '/delete', {}, 404],
])('the page is refused %s', async (_, path, body, status) => {
  const { sandbox } = await startSandbox();

  expect((await post(sandbox, path, body)).status).toBe(status);
  expect(sandbox.pendingUpdates).toBe(0);
});

test('an order from another site is refused', async () => {
  const { sandbox } = await startSandbox();
  const ownOrigin = sandbox.apiRoot;

  const foreign = await post(sandbox, '/send', { text: 'x' }, { origin: 'https://evil.example' });
  const opaque = await post(sandbox, '/send', { text: 'x' }, { origin: 'null' });
  const simple = await post(sandbox, '/send', { text: 'x' }, { 'content-type': 'text/plain' });
  const own = await post(sandbox, '/send', { text: 'x' }, { origin: ownOrigin });

  expect([foreign, opaque, simple, own].map(({ status }) => status)).toEqual([403, 403, 400, 200]);
  expect(sandbox.messages()).toHaveLength(1);
});

test('the page answers only to a loopback name with its own port', async () => {
  const { sandbox } = await startSandbox();
  const { port } = new URL(sandbox.apiRoot);

  const statuses = [
    await statusWithHost(sandbox, '/phone', `evil.example:${port}`),
    await statusWithHost(sandbox, '/phone/events', `evil.example:${port}`),
    await statusWithHost(sandbox, '/phone', 'localhost:1'),
    await statusWithHost(sandbox, '/phone/nothing.js', `localhost:${port}`),
  ];

  expect(statuses).toEqual([403, 403, 403, 404]);
});

test('the page is served with a policy that allows only its own scripts', async () => {
  const { sandbox } = await startSandbox();

  const response = await fetch(sandbox.phoneUrl);

  expect(response.status).toBe(200);
  expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
});

test('nothing beside the page itself is served', async () => {
  const { sandbox } = await startSandbox();

  const statuses = await Promise.all(
    ['/phone/..%2fsandbox.ts', '/phone/%2e%2e/sandbox.ts', '/phone/file/none', '/phone/sandbox.ts'].map(
      async (path) => (await fetch(`${sandbox.apiRoot}${path}`)).status,
    ),
  );

  expect(statuses).toEqual([404, 404, 404, 404]);
});

test('a document is downloaded as a text, never shown', async () => {
  const { sandbox, api } = await startSandbox();
  await api.sendDocument(OWNER, new InputFile(Buffer.from('<script>alert(1)</script>'), 'a "b".html'));

  const response = await fetch(`${sandbox.apiRoot}${sandbox.messages()[0]?.document?.url}`);

  expect(await response.text()).toBe('<script>alert(1)</script>');
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(response.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''a%20%22b%22.html");
});
