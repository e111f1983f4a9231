import { describe, expect, test } from 'vitest';
import { multipartBoundary, parseMultipart } from '../../src/sandbox/multipart.ts';
import { OWNER, rawCall, refusalOf, startSandbox, TOKEN } from './running-sandbox.ts';

describe('forms of a request', () => {
  test('parameters come from the query of a GET', async () => {
    const { sandbox } = await startSandbox();

    const { body } = await rawCall(
      sandbox,
      `/bot${TOKEN}/sendMessage?chat_id=${OWNER}&text=a%20b&disable_notification=1`,
    );

    expect(body).toMatchObject({ ok: true, result: { text: 'a b' } });
    expect(sandbox.messages()[0]?.silent).toBe(true);
  });

  test('parameters come from an urlencoded body, with objects as JSON', async () => {
    const { sandbox } = await startSandbox();
    const markup = JSON.stringify({ inline_keyboard: [[{ text: 'Go', callback_data: 'go' }]] });

    const { body } = await rawCall(sandbox, `/bot${TOKEN}/sendmessage`, {
      method: 'POST',
      body: new URLSearchParams({ chat_id: String(OWNER), text: 'x', reply_markup: markup }),
    });

    expect(body['ok']).toBe(true);
    expect(sandbox.messages()[0]?.buttons[0]?.[0]?.text).toBe('Go');
  });

  test.each([
    ['JSON that is cut off', 'application/json', '{"chat_id":', "Bad Request: can't parse request JSON object"],
    ['a JSON array', 'application/json', '[]', "Bad Request: can't parse request JSON object"],
    [
      'multipart that is cut off',
      'multipart/form-data; boundary=x',
      '--x\r\ncontent-disposition:form-data;name="a"\r\n\r\nb',
      'Bad Request: unexpected end of multipart/form-data',
    ],
    ['text', 'text/plain', 'hello', 'Bad Request: sandbox: a body of type text/plain is not understood'],
    [
      'a form whose object is broken',
      'application/x-www-form-urlencoded',
      'chat_id=1&text=x&reply_markup=%7B',
      "Bad Request: can't parse reply_markup JSON object",
    ],
  ])('a body of %s is refused', async (_, type, body, wording) => {
    const { sandbox } = await startSandbox();

    const answer = await rawCall(sandbox, `/bot${TOKEN}/sendMessage`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });

    expect(answer).toEqual({ status: 400, body: { ok: false, error_code: 400, description: wording } });
  });

  test('multipart is read with and without quotes, spaces and capitals', () => {
    const boundary = multipartBoundary('multipart/form-data; charset=utf-8; boundary="a b"');
    const body = [
      '--a b',
      'content-disposition:form-data;name="x"',
      '',
      '1\r\n2',
      '--a b',
      'Content-Type: text/plain',
      'Content-Disposition: form-data; name="y"; filename="n.txt"',
      '',
      'ü',
      '--a b',
      'content-disposition:form-data;name="z";filename=my file.log',
      '',
      '',
      '--a b--',
      '',
    ].join('\r\n');

    const parts = parseMultipart(Buffer.from(body), boundary ?? '');

    expect(parts?.map(({ name, fileName, content }) => [name, fileName, content.toString()])).toEqual([
      ['x', undefined, '1\r\n2'],
      ['y', 'n.txt', 'ü'],
      ['z', 'my file.log', ''],
    ]);
  });
});

describe('tokens and methods', () => {
  test.each([
    ['another token is unauthorized', '/bot123456:OTHER/getMe', 401, 'Unauthorized'],
    ['a malformed token is not found', '/botnonsense/getMe', 404, 'Not Found'],
    ['a path that is none of the Bot API is not found', '/', 404, 'Not Found'],
    ['an unknown method is not found', `/bot${TOKEN}/sendMassage`, 404, 'Not Found: method not found'],
    [
      'a method that the sandbox lacks says so',
      `/bot${TOKEN}/sendDice?chat_id=1`,
      400,
      'Bad Request: sandbox: sendDice is not implemented here',
    ],
    [
      'a method that the sandbox lacks is validated all the same',
      `/bot${TOKEN}/sendDice`,
      400,
      'Bad Request: chat_id is empty',
    ],
    ['a file that does not exist is not found', `/file/bot${TOKEN}/documents/file_1`, 404, 'Not Found'],
  ])('%s', async (_, path, status, description) => {
    const { sandbox } = await startSandbox();

    expect(await rawCall(sandbox, path)).toEqual({ status, body: { ok: false, error_code: status, description } });
  });

  test('getMe is the bot that the token names', async () => {
    const { api } = await startSandbox({ bot: { firstName: 'Night', username: 'night_bot' } });

    expect(await api.getMe()).toMatchObject({
      id: 123456,
      is_bot: true,
      first_name: 'Night',
      username: 'night_bot',
      has_topics_enabled: false,
    });
  });

  test('commands are kept by scope, and checked', async () => {
    const { api } = await startSandbox();
    await api.setMyCommands([{ command: 'status', description: 'How it is' }]);
    await api.setMyCommands([{ command: 'help', description: 'Help' }], { scope: { type: 'chat', chat_id: OWNER } });

    expect(await api.getMyCommands()).toEqual([{ command: 'status', description: 'How it is' }]);
    expect(await api.getMyCommands({ scope: { type: 'chat', chat_id: OWNER } })).toEqual([
      { command: 'help', description: 'Help' },
    ]);
    expect(await refusalOf(api.setMyCommands([{ command: 'Run me', description: 'x' }]))).toBe(
      '400 Bad Request: BOT_COMMAND_INVALID',
    );
  });

  test('harmless methods check what they are given', async () => {
    const { api } = await startSandbox();
    await api.sendMessage(OWNER, 'x');

    expect(await api.setMessageReaction(OWNER, 1, [{ type: 'emoji', emoji: '👍' }])).toBe(true);
    expect(await api.pinChatMessage(OWNER, 1)).toBe(true);
    expect(await api.sendChatAction(OWNER, 'typing')).toBe(true);
    expect(await api.getChat(OWNER)).toMatchObject({ id: OWNER, type: 'private', first_name: 'Ada' });
    expect(await refusalOf(api.setMessageReaction(OWNER, 9, []))).toBe('400 Bad Request: message to react not found');
    expect(await refusalOf(api.pinChatMessage(OWNER, 9))).toBe('400 Bad Request: message to pin not found');
    expect(await refusalOf(api.sendChatAction(OWNER, 'dancing' as never))).toContain('sandbox: action must be');
    expect(await refusalOf(api.getFile('nonsense'))).toBe('400 Bad Request: invalid file_id');
  });

  test('two sandboxes cannot share a port', async () => {
    const { sandbox } = await startSandbox();

    await expect(startSandbox({ port: Number(new URL(sandbox.apiRoot).port) })).rejects.toThrow('EADDRINUSE');
  });
});

describe('what a test can look at', () => {
  test('calls are recorded with their outcome, polls apart', async () => {
    const { sandbox, api } = await startSandbox({ now: () => 7_000 });
    await api.sendMessage(OWNER, 'x');
    await refusalOf(api.sendMessage(OWNER, ''));
    await api.getUpdates();

    expect(sandbox.calls).toMatchObject([
      {
        at: 7_000,
        method: 'sendMessage',
        payload: { chat_id: OWNER, text: 'x' },
        outcome: { kind: 'ok', result: { message_id: 1 } },
      },
      {
        method: 'sendMessage',
        outcome: { kind: 'refused', code: 400, description: 'Bad Request: message text is empty' },
      },
    ]);
    expect(sandbox.pollCount).toBe(1);
  });

  test('a listener hears of a request when it was read, until it stops', async () => {
    const { sandbox, api } = await startSandbox();
    const heard: string[] = [];
    const before = performance.now();
    let readAt = 0;
    const stop = sandbox.onCall((call) => {
      heard.push(call.method);
      readAt = call.readAt;
    });

    await api.getMe();
    stop();
    await api.getMe();

    expect(heard).toEqual(['getMe']);
    expect(readAt).toBeGreaterThan(before);
  });

  test('a message can be awaited before it is sent', async () => {
    const { sandbox, api } = await startSandbox();

    const waiting = sandbox.waitForMessage(({ text }) => text === 'later');
    await api.sendMessage(OWNER, 'later');

    expect((await waiting).id).toBe(1);
    expect((await sandbox.waitForCall(({ method }) => method === 'sendMessage')).outcome.kind).toBe('ok');
  });

  test('awaiting a message that never comes says what came instead', async () => {
    const { sandbox, api } = await startSandbox();
    await api.sendMessage(OWNER, 'something else');

    await expect(sandbox.waitForMessage(({ text }) => text === 'never', 1)).rejects.toThrow('something else');
  });
});
