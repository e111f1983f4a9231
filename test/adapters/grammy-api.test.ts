import { createServer, type Server } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { createGrammyApi } from '../../src/adapters/grammy-api.ts';
import { createSystemClock } from '../../src/adapters/system-clock.ts';
import { TelegramError } from '../../src/ports.ts';
import { createOutbox } from '../../src/telegram/outbox.ts';
import { createSender } from '../../src/telegram/sender.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { createVoidDisk } from '../fakes/void-disk.ts';
import { OWNER, startSandbox } from '../sandbox/running-sandbox.ts';

const TOKEN = '123456:TEST-abcdefghijklmnopqrstuvwxyz0123';
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function failureOf(call: Promise<unknown>): Promise<TelegramError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof TelegramError) return error;
    throw error;
  }
  throw new Error('it succeeded');
}

async function serve(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const send = { chat_id: OWNER, text: 'hello' };

test('a call gives the result of the answer', async () => {
  const { sandbox } = await startSandbox({ token: TOKEN });
  const api = createGrammyApi(TOKEN, sandbox.apiRoot);

  expect(await api.call('getMe', {}, { timeoutMs: 5_000 })).toMatchObject({ id: 123456 });
  expect(await api.call('sendMessage', send, { timeoutMs: 5_000 })).toMatchObject({ text: 'hello' });
});

test('a root with a slash at its end works too', async () => {
  const { sandbox } = await startSandbox({ token: TOKEN });

  const me = await createGrammyApi(TOKEN, `${sandbox.apiRoot}/`).call('getMe', {}, { timeoutMs: 5_000 });

  expect(me).toMatchObject({ is_bot: true });
});

test('a document is uploaded byte for byte', async () => {
  const { sandbox } = await startSandbox({ token: TOKEN });
  const content = 'Zeile 1\r\n🙂 العربية \u0001 <b>&amp;</b>\n';

  await createGrammyApi(TOKEN, sandbox.apiRoot).call(
    'sendDocument',
    { chat_id: OWNER, caption: 'c' },
    { timeoutMs: 5_000, files: [{ field: 'document', name: 'draft-1-r1.txt', content }] },
  );

  const { document } = sandbox.messages()[0]!;
  const stored = await fetch(`${sandbox.apiRoot}${document?.url}`);
  expect(document?.name).toBe('draft-1-r1.txt');
  expect(await stored.text()).toBe(content);
});

test.each([
  ['flood', { kind: 'flood', retryAfterSeconds: 7 }, 'flood'],
  ['a conflict', { kind: 'conflict', methods: ['sendMessage'] }, 'conflict'],
  ['a refused token', { kind: 'unauthorized' }, 'unauthorized'],
  ['a server error', { kind: 'server-error' }, 'server'],
  ['a page of a proxy', { kind: 'server-error', html: true }, 'server'],
  ['a dropped answer', { kind: 'drop-answer' }, 'lost'],
  ['a reset connection', { kind: 'down' }, 'lost'],
  ['a call that hangs', { kind: 'hang' }, 'lost'],
] as const)('%s has its name, and its error shows neither token nor payload', async (_title, fault, code) => {
  const { sandbox } = await startSandbox({ token: TOKEN });
  sandbox.setFault(fault);

  const error = await failureOf(createGrammyApi(TOKEN, sandbox.apiRoot).call('sendMessage', send, { timeoutMs: 700 }));

  expect(error.code).toBe(code);
  expect(error.retryAfterMs).toBe(code === 'flood' ? 7_000 : undefined);
  for (const shown of [inspect(error, { depth: 9 }), JSON.stringify(error), error.stack, error.message]) {
    expect(shown).not.toContain(TOKEN);
    expect(shown).not.toContain('TEST-');
    expect(shown).not.toContain('hello');
  }
});

test('a port where nobody listens is unreachable', async () => {
  const api = createGrammyApi(TOKEN, 'http://127.0.0.1:1');

  expect((await failureOf(api.call('sendMessage', send, { timeoutMs: 5_000 }))).code).toBe('unreachable');
});

test.each([
  ['message is not modified: x', 'not-modified'],
  ['message to edit not found', 'message-gone'],
  ["message can't be edited", 'message-gone'],
  ['message to delete not found', 'message-gone'],
  ['message to be replied not found', 'message-gone'],
  ['MESSAGE_ID_INVALID', 'message-gone'],
  ["can't parse entities", 'bad-request'],
  ['chat not found', 'forbidden'],
  ['group chat was upgraded to a supergroup chat', 'forbidden'],
  ['not enough rights to send text messages to the chat', 'forbidden'],
  ['have no rights to send a message', 'forbidden'],
  ['CHAT_WRITE_FORBIDDEN', 'forbidden'],
  ['TOPIC_CLOSED', 'forbidden'],
])('a 400 "%s" is %s', async (description, code) => {
  const root = await serve((_request, response) => {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ok: false, error_code: 400, description: `Bad Request: ${description}` }));
  });

  expect((await failureOf(createGrammyApi(TOKEN, root).call('editMessageText', send, { timeoutMs: 5_000 }))).code).toBe(
    code,
  );
});

test('a token of the wrong form is refused where only the token can be meant', async () => {
  const { sandbox } = await startSandbox({ token: TOKEN });

  const error = await failureOf(
    createGrammyApi('nonsense', sandbox.apiRoot).call('getUpdates', {}, { timeoutMs: 5_000 }),
  );

  expect(error.code).toBe('unauthorized');
});

test('our own signal ends a call as aborted, also one that is over before the call', async () => {
  const { sandbox } = await startSandbox({ token: TOKEN });
  sandbox.setFault({ kind: 'hang' });
  const api = createGrammyApi(TOKEN, sandbox.apiRoot);
  const abort = new AbortController();

  const during = failureOf(api.call('sendMessage', send, { timeoutMs: 20_000, signal: abort.signal }));
  abort.abort();
  const before = failureOf(api.call('sendMessage', send, { timeoutMs: 20_000, signal: abort.signal }));

  expect([(await during).code, (await before).code]).toEqual(['aborted', 'aborted']);
});

test('a reset leaves a call under way alone', async () => {
  const reached = Promise.withResolvers<() => void>();
  const root = await serve((_request, response) => {
    reached.resolve(() => response.end(JSON.stringify({ ok: true, result: { message_id: 5 } })));
  });
  const api = createGrammyApi(TOKEN, root);
  const call = api.call('sendMessage', send, { timeoutMs: 20_000 });
  const answer = await reached.promise;

  api.reset();
  answer();

  expect(await call).toEqual({ message_id: 5 });
});

test('after every kind of failure neither the database nor the log holds the token', async () => {
  const { sandbox } = await startSandbox({ token: TOKEN });
  const { storage, database, file } = openStorage();
  const log = createMemoryLog();
  const clock = createSystemClock();
  const outbox = createOutbox({ storage, clock, chatId: OWNER, scrub: (text) => text, isQuiet: () => false });
  const fatal: unknown[] = [];
  const sender = createSender({
    storage,
    clock,
    log,
    disk: createVoidDisk(),
    scrub: (text) => text,
    api: createGrammyApi(TOKEN, sandbox.apiRoot),
    ownerChatId: OWNER,
    onFatal: (error) => fatal.push(error),
  });
  sender.start();
  const kinds = ['flood', 'unauthorized', 'server-error', 'drop-answer', 'down'] as const;

  for (const kind of kinds) {
    sandbox.setFault({ kind, times: 1, retryAfterSeconds: 1 });
    storage.transaction(() =>
      outbox.send({ key: kind, class: 'alert', content: { kind: 'text', body: { text: kind, entities: [] } } }),
    );
    await sandbox.waitForMessage((message) => message.text === kind, 20_000);
  }
  await sender.stop();
  database.pragma('wal_checkpoint(TRUNCATE)');

  expect(fatal).toEqual([]);
  expect(log.lines.join('\n')).not.toContain('TEST-');
  expect(readFileSync(file).includes(TOKEN)).toBe(false);
  expect(readFileSync(file).includes('TEST-')).toBe(false);
  expect(readFileSync(file).includes('drop-answer')).toBe(true);
});
