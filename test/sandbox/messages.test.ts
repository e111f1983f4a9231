import type { Api } from 'grammy';
import { InputFile, InlineKeyboard } from 'grammy';
import { describe, expect, test } from 'vitest';
import { OWNER, rawCall, refusalOf, startSandbox, STRANGER, TOKEN } from './running-sandbox.ts';

describe('sendMessage', () => {
  test('shows a person what the bot sent, with entities and buttons', async () => {
    const { sandbox, api } = await startSandbox({ now: () => 1_800_000_000_500 });
    const keyboard = new InlineKeyboard()
      .text('Approve', 'a:1')
      .success()
      .url('Open', 'https://a.example')
      .row()
      .copyText('Copy', 'secret')
      .add({ text: 'Gone', disabled: {} });

    const sent = await api.sendMessage(OWNER, '<b>Hi</b> you', {
      parse_mode: 'HTML',
      reply_markup: keyboard,
      disable_notification: true,
    });

    expect(sent).toMatchObject({
      message_id: 1,
      date: 1_800_000_000,
      text: 'Hi you',
      chat: { id: OWNER, type: 'private' },
    });
    expect(sandbox.messages()).toEqual([
      {
        id: 1,
        chat_id: OWNER,
        author: { id: 123456, name: 'Nightdesk' },
        from: 'bot',
        date: 1_800_000_000_500,
        edit_date: null,
        text: 'Hi you',
        entities: [{ type: 'bold', offset: 0, length: 2 }],
        buttons: [
          [
            { text: 'Approve', style: 'success', pressable: true },
            { text: 'Open', url: 'https://a.example', pressable: false },
          ],
          [
            { text: 'Copy', copy_text: 'secret', pressable: false },
            { text: 'Gone', disabled: true, pressable: false },
          ],
        ],
        silent: true,
        reply_to: null,
      },
    ]);
  });

  test.each<[string, (api: Api) => Promise<unknown>, string]>([
    ['an empty text', (api) => api.sendMessage(OWNER, ''), '400 Bad Request: message text is empty'],
    ['a text of spaces', (api) => api.sendMessage(OWNER, ' \n '), '400 Bad Request: text must be non-empty'],
    ['4097 characters', (api) => api.sendMessage(OWNER, 'x'.repeat(4097)), '400 Bad Request: message is too long'],
    ['a chat that does not exist', (api) => api.sendMessage(STRANGER, 'x'), '400 Bad Request: chat not found'],
    [
      'broken HTML',
      (api) => api.sendMessage(OWNER, '<b>x', { parse_mode: 'HTML' }),
      '400 Bad Request: can\'t parse entities: Can\'t find end tag corresponding to start tag "b"',
    ],
    [
      'another parse mode',
      (api) => api.sendMessage(OWNER, 'x', { parse_mode: 'MarkdownV2' }),
      '400 Bad Request: sandbox: parse_mode "MarkdownV2" is not implemented, only HTML is',
    ],
    [
      'a reply to nothing',
      (api) => api.sendMessage(OWNER, 'x', { reply_parameters: { message_id: 9 } }),
      '400 Bad Request: message to be replied not found',
    ],
    [
      'a thread',
      (api) => api.sendMessage(OWNER, 'x', { message_thread_id: 3 }),
      '400 Bad Request: message thread not found',
    ],
    [
      'an entity beyond the end',
      (api) => api.sendMessage(OWNER, '😀', { entities: [{ type: 'bold', offset: 0, length: 3 }] }),
      '400 Bad Request: entity ends after the end of the text at UTF-16 offset 3',
    ],
    [
      'an entity that starts beyond the end',
      (api) => api.sendMessage(OWNER, 'x', { entities: [{ type: 'bold', offset: 1, length: 1 }] }),
      '400 Bad Request: entity begins after the end of the text at UTF-16 offset 1',
    ],
    [
      'an entity that splits an emoji',
      (api) => api.sendMessage(OWNER, '😀', { entities: [{ type: 'bold', offset: 1, length: 1 }] }),
      '400 Bad Request: entity begins in a middle of a UTF-16 symbol at byte offset 0',
    ],
    [
      'a button to localhost',
      (api) => api.sendMessage(OWNER, 'x', { reply_markup: new InlineKeyboard().url('u', 'http://localhost:1/') }),
      "400 Bad Request: inline keyboard button URL 'http://localhost:1/' is invalid: Wrong HTTP URL",
    ],
    [
      '101 buttons',
      (api) =>
        api.sendMessage(OWNER, 'x', {
          reply_markup: { inline_keyboard: Array.from({ length: 101 }, () => [{ text: 'b', callback_data: 'd' }]) },
        }),
      '400 Bad Request: reply markup is too long',
    ],
  ])('refuses a message with %s', async (_, call, wording) => {
    const { sandbox, api } = await startSandbox();

    const refused = await refusalOf(call(api));

    expect(refused).toBe(wording);
    expect(sandbox.messages()).toEqual([]);
  });

  test('takes 4096 characters after parsing, however long the HTML is', async () => {
    const { sandbox, api } = await startSandbox();

    await api.sendMessage(OWNER, `<b>${'&lt;'.repeat(4096)}</b>`, { parse_mode: 'HTML' });

    expect(sandbox.messages()[0]?.text).toBe('<'.repeat(4096));
  });

  test('trims white space around the text, and moves entities with it', async () => {
    const { sandbox, api } = await startSandbox();

    await api.sendMessage(OWNER, ' a bold \n', { entities: [{ type: 'bold', offset: 3, length: 6 }] });

    expect(sandbox.messages()[0]).toMatchObject({ text: 'a bold', entities: [{ type: 'bold', offset: 2, length: 4 }] });
  });

  test('replies to a message that is gone when it may be sent without reply', async () => {
    const { sandbox, api } = await startSandbox();

    await api.sendMessage(OWNER, 'x', { reply_parameters: { message_id: 9, allow_sending_without_reply: true } });

    expect(sandbox.messages()[0]?.reply_to).toBeNull();
  });

  test('answers 403 when the person has blocked the bot', async () => {
    const { sandbox, api } = await startSandbox();
    sandbox.userBlocks(true);

    const refused = await refusalOf(api.sendMessage(OWNER, 'x'));

    expect(refused).toBe('403 Forbidden: bot was blocked by the user');
  });

  test('reaches a stranger after he has written', async () => {
    const { sandbox, api } = await startSandbox();
    sandbox.userSays('hello', { from: STRANGER });

    await api.sendMessage(STRANGER, 'who are you?');

    expect(sandbox.messages(STRANGER).map(({ from, text }) => [from, text])).toEqual([
      ['user', 'hello'],
      ['bot', 'who are you?'],
    ]);
    expect(sandbox.messages()).toEqual([]);
  });

  test('answers 429 with retry_after when a chat gets more a second than allowed', async () => {
    let now = 1_800_000_000_000;
    const { sandbox, api } = await startSandbox({ perChatPerSecond: 2, now: () => now });
    await api.sendMessage(OWNER, '1');
    await api.sendMessage(OWNER, '2');

    const refused = await rawCall(sandbox, `/bot${TOKEN}/sendMessage?chat_id=${OWNER}&text=3`);
    now += 1_000;
    await api.sendMessage(OWNER, '4');

    expect(refused).toEqual({
      status: 429,
      body: {
        ok: false,
        error_code: 429,
        description: 'Too Many Requests: retry after 1',
        parameters: { retry_after: 1 },
      },
    });
    expect(sandbox.messages().map(({ text }) => text)).toEqual(['1', '2', '4']);
  });
});

describe('sendDocument', () => {
  test('takes a file as grammY uploads it, and gives it back', async () => {
    const { sandbox, api } = await startSandbox();
    const content = 'line 1\r\n--not-the-boundary\r\n\u0000end';

    const sent = await api.sendDocument(OWNER, new InputFile(Buffer.from(content), 'run; "7".log'), {
      caption: '<b>log</b>',
      parse_mode: 'HTML',
      reply_markup: new InlineKeyboard().text('Ack', 'ack'),
    });
    const { file_path: path } = await api.getFile(sent.document.file_id);
    const downloaded = await fetch(`${sandbox.apiRoot}/file/bot${TOKEN}/${path}`);

    expect(sent).toMatchObject({ caption: 'log', document: { file_name: 'run; "7".log', file_size: content.length } });
    expect(await downloaded.text()).toBe(content);
    expect(sandbox.messages()[0]).toMatchObject({
      text: 'log',
      entities: [{ type: 'bold', offset: 0, length: 3 }],
      document: { name: 'run; "7".log', size: content.length },
      buttons: [[{ text: 'Ack', pressable: true }]],
    });
    expect(sandbox.calls[0]?.payload['document']).toEqual({ file: 'run; "7".log', size: content.length });
  });

  test('takes a file as fetch uploads it, named like its parameter', async () => {
    const { sandbox } = await startSandbox();
    const form = new FormData();
    form.set('chat_id', String(OWNER));
    form.set('disable_notification', 'true');
    form.set('document', new Blob(['abc']), 'a.txt');

    const { body } = await rawCall(sandbox, `/bot${TOKEN}/sendDocument`, { method: 'POST', body: form });

    expect(body).toMatchObject({ ok: true, result: { document: { file_name: 'a.txt', file_size: 3 } } });
    expect(sandbox.messages()[0]?.silent).toBe(true);
  });

  test('sends a known file again by its id', async () => {
    const { sandbox, api } = await startSandbox();
    const sent = await api.sendDocument(OWNER, new InputFile(Buffer.from('abc'), 'a.txt'));

    await api.sendDocument(OWNER, sent.document.file_id);

    expect(sandbox.messages().map(({ document }) => document?.name)).toEqual(['a.txt', 'a.txt']);
  });

  test.each<[string, (api: Api) => Promise<unknown>, string]>([
    [
      'a caption of 1025 characters',
      (api) => api.sendDocument(OWNER, new InputFile(Buffer.from('a')), { caption: 'x'.repeat(1025) }),
      '400 Bad Request: message caption is too long',
    ],
    [
      'an empty file',
      (api) => api.sendDocument(OWNER, new InputFile(Buffer.from(''), 'a')),
      '400 Bad Request: file must be non-empty',
    ],
    [
      'an unknown file id',
      (api) => api.sendDocument(OWNER, 'nonsense'),
      '400 Bad Request: wrong file identifier/HTTP URL specified',
    ],
    [
      'an upload that did not come',
      (api) => api.sendDocument(OWNER, 'attach://none'),
      '400 Bad Request: sandbox: attach://none names no part of the request',
    ],
  ])('refuses a document with %s', async (_, call, wording) => {
    const { sandbox, api } = await startSandbox();

    expect(await refusalOf(call(api))).toBe(wording);
    expect(sandbox.messages()).toEqual([]);
  });

  test('a text may speak of attach://', async () => {
    const { sandbox, api } = await startSandbox();

    await api.sendMessage(OWNER, 'attach://none');

    expect(sandbox.messages()[0]?.text).toBe('attach://none');
  });
});

describe('edits', () => {
  test('change text and buttons, and drop the buttons that are not given again', async () => {
    let now = 1_800_000_000_000;
    const { sandbox, api } = await startSandbox({ now: () => now });
    await api.sendMessage(OWNER, 'old', { reply_markup: new InlineKeyboard().text('Go', 'go') });
    now += 5_000;

    const edited = await api.editMessageText(OWNER, 1, 'new');

    expect(edited).toMatchObject({ text: 'new', edit_date: 1_800_000_005 });
    expect(sandbox.messages()[0]).toMatchObject({ text: 'new', buttons: [], edit_date: now });
  });

  test('of the buttons alone do not mark the message as edited', async () => {
    const { sandbox, api } = await startSandbox();
    await api.sendMessage(OWNER, 'x', { reply_markup: new InlineKeyboard().text('Go', 'go') });

    await api.editMessageReplyMarkup(OWNER, 1, { reply_markup: new InlineKeyboard().text('Gone', 'gone') });

    expect(sandbox.messages()[0]).toMatchObject({ edit_date: null, buttons: [[{ text: 'Gone', pressable: true }]] });
  });

  test('of a caption change the caption', async () => {
    const { sandbox, api } = await startSandbox();
    await api.sendDocument(OWNER, new InputFile(Buffer.from('abc'), 'a.txt'), { caption: 'old' });

    await api.editMessageCaption(OWNER, 1, { caption: 'new' });

    expect(sandbox.messages()[0]?.text).toBe('new');
  });

  test.each<[string, (api: Api) => Promise<unknown>, string]>([
    [
      'nothing',
      (api) => api.editMessageText(OWNER, 1, 'text'),
      '400 Bad Request: message is not modified: specified new message content and reply markup are exactly the same ' +
        'as a current content and reply markup of the message',
    ],
    [
      'a message that does not exist',
      (api) => api.editMessageText(OWNER, 99, 'x'),
      '400 Bad Request: message to edit not found',
    ],
    ['what a person wrote', (api) => api.editMessageText(OWNER, 3, 'x'), "400 Bad Request: message can't be edited"],
    [
      'the text of a document',
      (api) => api.editMessageText(OWNER, 2, 'x'),
      '400 Bad Request: there is no text in the message to edit',
    ],
    [
      'the caption of a text',
      (api) => api.editMessageCaption(OWNER, 1, { caption: 'x' }),
      '400 Bad Request: there is no caption in the message to edit',
    ],
    [
      'no message',
      (api) => api.raw.editMessageText({ chat_id: OWNER, text: 'x' } as never),
      '400 Bad Request: message identifier is not specified',
    ],
  ])('are refused when they would change %s', async (_, call, wording) => {
    const { sandbox, api } = await startSandbox();
    await api.sendMessage(OWNER, 'text');
    await api.sendDocument(OWNER, new InputFile(Buffer.from('abc'), 'a.txt'));
    sandbox.userSays('mine');

    expect(await refusalOf(call(api))).toBe(wording);
  });
});

describe('a forced reply', () => {
  test('is shown to its reader, and such a message cannot be edited', async () => {
    const { sandbox, api } = await startSandbox();

    const { message_id: id } = await api.sendMessage(OWNER, 'Which?', {
      reply_markup: { force_reply: true, input_field_placeholder: 'the code' },
    });

    expect(sandbox.messages()).toMatchObject([{ text: 'Which?', asks: 'the code', buttons: [] }]);
    expect(await refusalOf(api.editMessageText(OWNER, id, 'x'))).toBe("400 Bad Request: message can't be edited");
  });
});

describe('deleteMessage', () => {
  test('removes the messages of both sides', async () => {
    const { sandbox, api } = await startSandbox();
    await api.sendMessage(OWNER, 'x');
    const secret = sandbox.userSays('sk-secret');

    await api.deleteMessage(OWNER, secret);
    await api.deleteMessages(OWNER, [1, 77]);

    expect(sandbox.messages()).toEqual([]);
    expect(await refusalOf(api.deleteMessage(OWNER, 1))).toBe('400 Bad Request: message to delete not found');
  });

  test('refuses a message that is older than 48 hours', async () => {
    let now = 1_800_000_000_000;
    const { api } = await startSandbox({ now: () => now });
    await api.sendMessage(OWNER, 'x');
    now += 48 * 3_600_000 + 1;

    expect(await refusalOf(api.deleteMessage(OWNER, 1))).toBe("400 Bad Request: message can't be deleted for everyone");
  });
});

test('history keeps the last 2000 messages', async () => {
  const { sandbox } = await startSandbox();

  for (let index = 1; index <= 2_001; index += 1) sandbox.userSays(String(index));

  expect(sandbox.messages()).toHaveLength(2_000);
  expect(sandbox.messages()[0]?.text).toBe('2');
});
