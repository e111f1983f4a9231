import { describe, expect, test } from 'vitest';
import { OWNER, refusalOf, startSandbox, STRANGER } from './running-sandbox.ts';

const FORUM = -1001;
const PLAIN = -1002;

function start() {
  return startSandbox({
    groups: [
      { id: FORUM, title: 'Businesses', topics: [{ id: 7, name: 'Shop' }] },
      { id: PLAIN, title: 'Friends' },
    ],
  });
}

describe('a group', () => {
  test('tells the bot who wrote and pressed where, in which topic', async () => {
    const { sandbox, api } = await start();
    const sent = await api.sendMessage(FORUM, 'hi', {
      message_thread_id: 7,
      reply_markup: { inline_keyboard: [[{ text: 'Approve', callback_data: 'x' }]] },
    });

    sandbox.userSays('hello', { from: STRANGER, at: { chatId: FORUM, topicId: 7 } });
    void sandbox.userPresses(sent.message_id, 'Approve', { from: STRANGER });
    const updates = await api.getUpdates();

    const where = {
      chat: { id: FORUM, type: 'supergroup', is_forum: true },
      message_thread_id: 7,
      is_topic_message: true,
    };
    expect(sent).toMatchObject(where);
    expect(updates).toMatchObject([
      { message: { from: { id: STRANGER }, text: 'hello', ...where } },
      { callback_query: { from: { id: STRANGER }, message: where } },
    ]);
    expect(sandbox.messages(FORUM).map(({ topic_id: topic }) => topic)).toEqual([7, 7]);
  });

  test('takes a message without a topic, in no topic', async () => {
    const { api } = await start();

    const sent = await api.sendMessage(FORUM, 'hi');

    expect(sent).not.toHaveProperty('message_thread_id');
    expect(sent.chat.id).toBe(FORUM);
  });

  test.each([
    ['a topic that there is none of', FORUM, 8],
    ['a topic of a group without any', PLAIN, 7],
    ['a topic of a private chat', OWNER, 7],
  ])('refuses %s in the server’s words', async (_title, chat, topic) => {
    const { api } = await start();

    expect(await refusalOf(api.sendMessage(chat, 'hi', { message_thread_id: topic }))).toBe(
      '400 Bad Request: message thread not found',
    );
  });

  test('refuses a topic that is closed until it is open again, and one that is deleted', async () => {
    const { sandbox, api } = await start();
    const send = () => refusalOf(api.sendMessage(FORUM, 'hi', { message_thread_id: 7 }));

    sandbox.groups.setTopicClosed(FORUM, 7, true);
    const closed = await send();
    sandbox.groups.setTopicClosed(FORUM, 7, false);
    const again = await send();
    sandbox.groups.deleteTopic(FORUM, 7);
    const deleted = await send();

    expect(closed).toBe('400 Bad Request: TOPIC_CLOSED');
    expect(again).toMatch(/^accepted/);
    expect(deleted).toBe('400 Bad Request: message thread not found');
  });

  test('refuses a bot that was thrown out', async () => {
    const { sandbox, api } = await start();

    sandbox.groups.setOut(FORUM, true);

    expect(await refusalOf(api.sendMessage(FORUM, 'hi'))).toBe(
      '403 Forbidden: bot was kicked from the supergroup chat',
    );
  });

  test('that grew names the chat that it is now', async () => {
    const { sandbox, api } = await start();

    sandbox.groups.upgrade(PLAIN, -1_009);

    await expect(api.sendMessage(PLAIN, 'hi')).rejects.toMatchObject({
      error_code: 400,
      description: 'Bad Request: group chat was upgraded to a supergroup chat',
      parameters: { migrate_to_chat_id: -1_009 },
    });
    expect((await api.sendMessage(-1_009, 'hi')).chat.id).toBe(-1_009);
  });

  test('that there is none of cannot be written to, by nobody', async () => {
    const { sandbox, api } = await start();

    expect(await refusalOf(api.sendMessage(-5, 'hi'))).toBe('400 Bad Request: chat not found');
    expect(() => sandbox.userSays('hi', { at: { chatId: -5 } })).toThrow('there is no group -5');
  });
});
