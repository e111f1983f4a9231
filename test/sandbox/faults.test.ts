import { HttpError } from 'grammy';
import { expect, test } from 'vitest';
import { OWNER, rawCall, refusalOf, startSandbox, TOKEN } from './running-sandbox.ts';

test('a server that is down resets the connection, and nothing is done', async () => {
  const { sandbox, api } = await startSandbox();
  sandbox.setFault({ kind: 'down' });

  await expect(api.sendMessage(OWNER, 'x')).rejects.toThrow(HttpError);
  sandbox.setFault(undefined);

  expect(sandbox.messages()).toEqual([]);
  expect(sandbox.calls).toMatchObject([{ outcome: { kind: 'fault', fault: 'down', accepted: false } }]);
  expect(await api.sendMessage(OWNER, 'x')).toMatchObject({ message_id: 1 });
});

test('a server that goes down also ends the poll that waits', async () => {
  const { sandbox, api } = await startSandbox();
  const read = Promise.withResolvers<void>();
  sandbox.onCall(() => read.resolve());
  const waiting = api.getUpdates({ timeout: 50 }).catch((error: unknown) => error);
  await read.promise;

  sandbox.setFault({ kind: 'down' });

  expect(await waiting).toBeInstanceOf(HttpError);
  expect(sandbox.pollCount).toBe(0);
});

test('a server that hangs never answers, not even when it has recovered', async () => {
  const { sandbox, api } = await startSandbox();
  const read = Promise.withResolvers<void>();
  sandbox.onCall(() => read.resolve());
  sandbox.setFault({ kind: 'hang' });
  let settled = false;
  const abort = new AbortController();
  const hanging = api.sendMessage(OWNER, 'x', {}, abort.signal as never).catch(() => {
    settled = true;
  });
  await read.promise;

  sandbox.setFault(undefined);
  await api.getMe();

  expect(settled).toBe(false);
  expect(sandbox.messages()).toEqual([]);
  abort.abort();
  await hanging;
});

test('a poll that waits stays deaf when the server begins to hang', async () => {
  const { sandbox, api } = await startSandbox();
  const read = Promise.withResolvers<void>();
  sandbox.onCall(() => read.resolve());
  let answered = false;
  const abort = new AbortController();
  const waiting = api.getUpdates({ timeout: 50 }, abort.signal as never).then(
    () => (answered = true),
    () => undefined,
  );
  await read.promise;

  sandbox.setFault({ kind: 'hang', methods: ['getUpdates'] });
  sandbox.userSays('hello');
  await api.getMe();

  expect(answered).toBe(false);
  abort.abort();
  await waiting;
});

test('an answer that is dropped leaves its effect behind', async () => {
  const { sandbox, api } = await startSandbox();
  sandbox.setFault({ kind: 'drop-answer', methods: ['sendMessage'], times: 1 });

  await expect(api.sendMessage(OWNER, 'x')).rejects.toThrow(HttpError);
  await api.sendMessage(OWNER, 'x');

  expect(sandbox.messages().map(({ text }) => text)).toEqual(['x', 'x']);
  expect(sandbox.calls[0]?.outcome).toEqual({ kind: 'fault', fault: 'drop-answer', accepted: true });
});

test('a dropped answer to a poll keeps its updates for the next one', async () => {
  const { sandbox, api } = await startSandbox();
  sandbox.userSays('hello');
  sandbox.setFault({ kind: 'drop-answer', methods: ['getUpdates'], times: 1 });

  await expect(api.getUpdates()).rejects.toThrow(HttpError);

  expect(await api.getUpdates()).toHaveLength(1);
  expect(sandbox.pollCount).toBe(1);
});

test.each([
  ['server-error', '502 Bad Gateway'],
  ['flood', '429 Too Many Requests: retry after 5'],
  ['unauthorized', '401 Unauthorized'],
] as const)('the fault %s answers in place of every method', async (kind, wording) => {
  const { sandbox, api } = await startSandbox();
  sandbox.setFault({ kind });

  expect(await refusalOf(api.sendMessage(OWNER, 'x'))).toBe(wording);
  expect(await refusalOf(api.getUpdates())).toBe(wording);
  expect(sandbox.messages()).toEqual([]);
  expect(sandbox.pollCount).toBe(0);
});

test('a flood says for how long', async () => {
  const { sandbox } = await startSandbox();
  sandbox.setFault({ kind: 'flood', retryAfterSeconds: 33 });

  const { status, body } = await rawCall(sandbox, `/bot${TOKEN}/getMe`);

  expect([status, body['parameters']]).toEqual([429, { retry_after: 33 }]);
});

test('a server error may come as the page of a proxy', async () => {
  const { sandbox, api } = await startSandbox();
  sandbox.setFault({ kind: 'server-error', status: 504, html: true });

  await expect(api.getMe()).rejects.toThrow(HttpError);
});

test('a conflict meets only polls unless told otherwise', async () => {
  const { sandbox, api } = await startSandbox();
  sandbox.setFault({ kind: 'conflict' });

  expect(await refusalOf(api.getUpdates())).toContain('409 Conflict');
  expect(await api.getMe()).toMatchObject({ id: 123456 });
});

test('a fault meets as many requests as told, of the methods named', async () => {
  const { sandbox, api } = await startSandbox();
  sandbox.setFault({ kind: 'server-error', methods: ['sendmessage'], times: 2 });

  const outcomes = [
    await refusalOf(api.getMe()),
    await refusalOf(api.sendMessage(OWNER, '1')),
    await refusalOf(api.sendMessage(OWNER, '2')),
    await refusalOf(api.sendMessage(OWNER, '3')),
  ];

  expect(outcomes.map((outcome) => outcome.slice(0, 8))).toEqual(['accepted', '502 Bad ', '502 Bad ', 'accepted']);
});
