import { Api, Context } from 'grammy';
import type { Update, UserFromGetMe } from 'grammy/types';
import { expect, test } from 'vitest';
import { createRowTransformer } from '../../src/telegram/row-transformer.ts';
import { createBotWorld, OWNER } from './bot-world.ts';

/** A press, as a handler of grammY sees it, whose calls become rows of this world. */
function pressed(world: ReturnType<typeof createBotWorld>): Context {
  const from = { id: OWNER, is_bot: false, first_name: 'Ada' };
  const message = { message_id: 9_999, date: 1, chat: { id: OWNER, type: 'private', first_name: 'Ada' }, text: 'x' };
  const update = { update_id: 77, callback_query: { id: 'q', from, chat_instance: '1', data: 'x', message } };
  const ctx = new Context(update as Update, new Api('0:unused'), {} as UserFromGetMe);
  ctx.api.config.use(createRowTransformer(ctx, world.rooms));
  return ctx;
}

test('what a handler would send is a row, and no second one where it is handled twice', async () => {
  const world = createBotWorld();
  const before = world.rows() ?? 0;

  for (const ctx of [pressed(world), pressed(world)]) {
    await ctx.reply('Hello', { reply_markup: { inline_keyboard: [[{ text: 'A', callback_data: 'a' }]] } });
    await ctx.answerCallbackQuery({ text: 'Done' });
  }

  expect(world.rows()).toBe(before + 2);
  expect(world.content('reply:77')).toEqual({
    kind: 'text',
    body: { text: 'Hello', entities: [] },
    buttons: [[{ text: 'A', data: 'a' }]],
  });
  expect(world.placeOf('reply:77')).toEqual({ chatId: OWNER, topicId: null });
  expect(world.content('answer:77')).toEqual({ kind: 'answer', callbackQueryId: 'q', text: 'Done' });
});

test.each([
  ['deleteMessage', (ctx: Context) => ctx.deleteMessage()],
  ['editMessageReplyMarkup', (ctx: Context) => ctx.editMessageReplyMarkup()],
  ['getChat', (ctx: Context) => ctx.getChat()],
])('%s from a handler is refused, and leaves no row', async (method, call) => {
  const world = createBotWorld();
  const before = world.rows();

  await expect(call(pressed(world))).rejects.toThrow(`${method}: handlers leave rows in the outbox`);

  expect(world.rows()).toBe(before);
});
