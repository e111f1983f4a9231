import { Bot, InlineKeyboard } from 'grammy';
import { describe, expect, test } from 'vitest';
import { createUpdateQueue } from '../../src/sandbox/update-queue.ts';
import { OWNER, refusalOf, startSandbox, STRANGER, TOKEN } from './running-sandbox.ts';

const CONFLICT =
  '409 Conflict: terminated by other getUpdates request; make sure that only one bot instance is running';
const TOO_OLD = '400 Bad Request: query is too old and response timeout expired or query ID is invalid';

describe('getUpdates', () => {
  test('gives an update again until a higher offset confirms it', async () => {
    const { sandbox, api } = await startSandbox();
    sandbox.userSays('one');
    sandbox.userSays('two');

    const first = await api.getUpdates();
    const again = await api.getUpdates({ offset: first[0]!.update_id });
    const rest = await api.getUpdates({ offset: first[0]!.update_id + 1 });
    const none = await api.getUpdates({ offset: first[1]!.update_id + 1 });

    expect(first.map(({ message }) => message?.text)).toEqual(['one', 'two']);
    expect(again).toEqual(first);
    expect(rest).toEqual(first.slice(1));
    expect(none).toEqual([]);
    expect(sandbox.pendingUpdates).toBe(0);
  });

  test('gives no more than the limit, and all of them for a limit that is out of range', async () => {
    const { sandbox, api } = await startSandbox();
    for (const text of ['1', '2', '3']) sandbox.userSays(text);

    expect(await api.getUpdates({ limit: 2 })).toHaveLength(2);
    expect(await api.getUpdates({ limit: 0 })).toHaveLength(3);
    expect(await api.getUpdates({ limit: 101 })).toHaveLength(3);
  });

  test('keeps only the last updates for a negative offset', async () => {
    const { sandbox, api } = await startSandbox();
    for (const text of ['1', '2', '3']) sandbox.userSays(text);

    const last = await api.getUpdates({ offset: -1 });

    expect(last.map(({ message }) => message?.text)).toEqual(['3']);
    expect(await api.getUpdates()).toEqual(last);
  });

  test('answers a waiting poll as soon as something comes', async () => {
    const { sandbox, api } = await startSandbox();
    const read = Promise.withResolvers<void>();
    sandbox.onCall(() => read.resolve());

    const waiting = api.getUpdates({ timeout: 50 });
    await read.promise;
    sandbox.userSays('hello');

    expect(await waiting).toMatchObject([{ message: { text: 'hello', from: { id: OWNER, first_name: 'Ada' } } }]);
    expect(sandbox.pollCount).toBe(1);
  });

  test('answers a waiting poll with nothing when its timeout is over', async () => {
    const { sandbox, api } = await startSandbox();

    expect(await api.getUpdates({ timeout: 1 })).toEqual([]);
    expect(sandbox.pollCount).toBe(1);
  });

  test('ends the older poll with a conflict when a second one comes', async () => {
    const { sandbox, api } = await startSandbox();
    const read = Promise.withResolvers<void>();
    sandbox.onCall(() => read.resolve());

    const older = refusalOf(api.getUpdates({ timeout: 50 }));
    await read.promise;
    const newer = api.getUpdates({ timeout: 50 });

    expect(await older).toBe(CONFLICT);
    sandbox.userSays('hello');
    expect(await newer).toHaveLength(1);
  });

  test('keeps an update for the next poll when the client of the waiting one has hung up', async () => {
    const queue = createUpdateQueue(() => 1_800_000_000_000);
    const client = new AbortController();

    const gone = queue.poll({ timeout: 50 }, client.signal);
    client.abort();
    queue.add('message', { text: 'hello' }, 1_000);

    expect(await gone).toEqual({ kind: 'interrupted' });
    expect(await queue.poll({}, new AbortController().signal)).toMatchObject({
      updates: [{ message: { text: 'hello' } }],
    });
  });

  test('remembers allowed_updates, for updates that come later', async () => {
    const { sandbox, api } = await startSandbox();
    sandbox.userSays('before');
    await api.getUpdates({ allowed_updates: ['callback_query'] });
    sandbox.userSays('not wanted');
    await api.getUpdates();
    sandbox.userSays('still not wanted');
    await api.getUpdates({ allowed_updates: [] });
    sandbox.userSays('wanted');

    expect((await api.getUpdates()).map(({ message }) => message?.text)).toEqual(['before', 'wanted']);
  });

  test('forgets messages after 24 hours and presses after 150 seconds', async () => {
    let now = 1_800_000_000_000;
    const { sandbox, api } = await startSandbox({ now: () => now });
    await api.sendMessage(OWNER, 'x', { reply_markup: new InlineKeyboard().text('Go', 'go') });
    sandbox.userSays('hello');
    const press = sandbox.userPresses(1, 'Go');

    now += 149_999;
    const both = await api.getUpdates();
    now += 1;
    const one = await api.getUpdates();
    now += 86_400_000 - 150_000;
    const none = await api.getUpdates();

    expect([both, one, none].map(({ length }) => length)).toEqual([2, 1, 0]);
    expect(await press).toEqual({ answered: false });
  });

  test('drops what waits when the webhook is deleted so', async () => {
    const { sandbox, api } = await startSandbox();
    sandbox.userSays('old');

    await api.deleteWebhook({ drop_pending_updates: true });

    expect(await api.getUpdates()).toEqual([]);
    expect(await api.getWebhookInfo()).toMatchObject({ url: '', pending_update_count: 0 });
  });

  test('numbers updates higher in a sandbox that starts later', async () => {
    const earlier = await startSandbox({ now: () => 1_800_000_000_000 });
    const later = await startSandbox({ now: () => 1_800_000_100_000 });
    earlier.sandbox.userSays('a');
    later.sandbox.userSays('b');

    const [first] = await earlier.api.getUpdates();
    const [second] = await later.api.getUpdates();

    expect(second!.update_id).toBeGreaterThan(first!.update_id);
  });
});

describe('what people do', () => {
  test('commands are marked, so that grammY finds them', async () => {
    const { sandbox, api } = await startSandbox();
    const bot = new Bot(TOKEN, { client: { apiRoot: sandbox.apiRoot } });
    bot.command('pause', (ctx) => ctx.reply(`paused ${ctx.match}`));
    await bot.init();

    sandbox.userSays('/pause scout 2h');
    const [update] = await api.getUpdates();
    await bot.handleUpdate(update!);

    expect(sandbox.messages().at(-1)?.text).toBe('paused scout 2h');
  });

  test('a reply carries the message that it replies to', async () => {
    const { sandbox, api } = await startSandbox();
    await api.sendMessage(OWNER, 'why?');

    sandbox.userSays('because', { replyTo: 1 });

    expect(await api.getUpdates()).toMatchObject([
      { message: { text: 'because', reply_to_message: { message_id: 1, text: 'why?' } } },
    ]);
    expect(() => sandbox.userSays('x', { replyTo: 99 })).toThrow('no message 99');
  });

  test('a long text arrives as several messages, no emoji cut in two', async () => {
    const { sandbox } = await startSandbox();

    sandbox.userSays('a'.repeat(4_095) + '😀b');

    expect(sandbox.messages().map(({ text }) => text)).toEqual(['a'.repeat(4_095), '😀b']);
  });

  test("blocking the bot is an update of the bot's membership", async () => {
    const { sandbox, api } = await startSandbox();

    sandbox.userBlocks(true);

    expect(await api.getUpdates()).toMatchObject([
      {
        my_chat_member: {
          chat: { id: OWNER },
          old_chat_member: { status: 'member' },
          new_chat_member: { status: 'kicked' },
        },
      },
    ]);
  });
});

describe('presses', () => {
  test('reach the bot with the message, and end with its answer', async () => {
    const { sandbox, api } = await startSandbox();
    await api.sendMessage(OWNER, 'draft', {
      reply_markup: new InlineKeyboard().text('✅ Approve', 'a:1').text('Reject', 'r:1'),
    });

    const press = sandbox.userPresses(1, 'Approve');
    const [update] = await api.getUpdates();
    const query = update!.callback_query!;
    await api.answerCallbackQuery(query.id, { text: 'Approved', show_alert: true });

    expect(query).toMatchObject({ data: 'a:1', from: { id: OWNER }, message: { message_id: 1, text: 'draft' } });
    expect(await press).toEqual({ answered: true, text: 'Approved', showAlert: true });
  });

  test('cannot be answered twice, nor when they are unknown', async () => {
    const { sandbox, api } = await startSandbox();
    await api.sendMessage(OWNER, 'x', { reply_markup: new InlineKeyboard().text('Go', 'go') });
    void sandbox.userPresses(1, 'Go');
    const [update] = await api.getUpdates();
    await api.answerCallbackQuery(update!.callback_query!.id);

    expect(await refusalOf(api.answerCallbackQuery(update!.callback_query!.id))).toBe(TOO_OLD);
    expect(await refusalOf(api.answerCallbackQuery('1'))).toBe(TOO_OLD);
  });

  test('cannot be answered after 150 seconds', async () => {
    let now = 1_800_000_000_000;
    const { sandbox, api } = await startSandbox({ now: () => now });
    await api.sendMessage(OWNER, 'x', { reply_markup: new InlineKeyboard().text('Go', 'go') });
    const press = sandbox.userPresses(1, 'Go');
    const [update] = await api.getUpdates();
    now += 150_000;

    expect(await refusalOf(api.answerCallbackQuery(update!.callback_query!.id))).toBe(TOO_OLD);
    expect(await press).toEqual({ answered: false });
  });

  test('of a stranger and with forged data reach the bot as they are', async () => {
    const { sandbox, api } = await startSandbox({ strangers: [{ id: STRANGER, firstName: 'Mallory' }] });
    await api.sendMessage(OWNER, 'x', { reply_markup: new InlineKeyboard().text('Go', 'go') });

    void sandbox.userPresses(1, 'Go', { from: STRANGER, data: 'forged' });

    expect(await api.getUpdates()).toMatchObject([
      {
        callback_query: {
          data: 'forged',
          from: { id: STRANGER, first_name: 'Mallory' },
          message: { chat: { id: OWNER } },
        },
      },
    ]);
  });

  test('of a button that is not there, or does nothing, fail at once', async () => {
    const { sandbox, api } = await startSandbox();
    await api.sendMessage(OWNER, 'x', { reply_markup: { inline_keyboard: [[{ text: 'Done', disabled: {} }]] } });

    await expect(sandbox.userPresses(1, 'Done')).rejects.toThrow('no button "Done" to press');
    await expect(sandbox.userPresses(2, 'Done')).rejects.toThrow('no such message');
  });
});
