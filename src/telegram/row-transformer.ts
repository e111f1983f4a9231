import type { Context, Transformer } from 'grammy';
import type { InlineKeyboardMarkup, MessageEntity } from 'grammy/types';
import type { Storage } from '../../storage/storage.ts';
import type { Button, Content, Outbox } from './outbox.ts';

/** What a handler or a menu may want of the Bot API, as far as we know how to make a row of it. */
interface WantedCall {
  readonly text?: string;
  readonly entities?: readonly MessageEntity[];
  readonly reply_markup?: InlineKeyboardMarkup;
  readonly callback_query_id?: string;
}

/**
 * Turns the calls that grammY's menus make into rows of the outbox, so that even they are written before they are sent.
 * Keys are made from the update: handled twice, it says nothing twice. Any other method is refused.
 */
export function createRowTransformer(
  ctx: Context,
  rooms: { readonly storage: Storage; readonly outbox: Outbox },
): Transformer {
  const { storage, outbox } = rooms;

  /** The content of the message under the pressed button, with what changes; undefined when no row stands for it. */
  function changed(
    change: (content: Content & { kind: 'text' }) => Content,
  ): { readonly key: string; readonly content: Content } | undefined {
    const pressed = ctx.callbackQuery?.message;
    const row = pressed === undefined ? undefined : storage.outbox.byMessage(pressed.chat.id, pressed.message_id);
    const content = row === undefined ? undefined : (JSON.parse(row.content) as Content);
    return row === undefined || content?.kind !== 'text' ? undefined : { key: row.key, content: change(content) };
  }

  function write(method: string, wanted: WantedCall): void {
    const buttons = wanted.reply_markup?.inline_keyboard.map((row) => row.map(toButton)) ?? [];
    const body = { text: wanted.text ?? '', entities: (wanted.entities ?? []).map((entity) => ({ ...entity })) };
    switch (method) {
      case 'sendMessage':
        return outbox.send({
          key: `reply:${ctx.update.update_id}`,
          class: 'reply',
          ...(ctx.chat === undefined ? {} : { chatId: ctx.chat.id }),
          content: { kind: 'text', body, buttons },
        });
      case 'editMessageText':
      case 'editMessageReplyMarkup': {
        const edit = changed((content) =>
          method === 'editMessageText' ? { kind: 'text', body, buttons } : { ...content, buttons },
        );
        if (edit !== undefined) outbox.edit(edit.key, edit.content);
        return;
      }
      case 'answerCallbackQuery': {
        const callbackQueryId = wanted.callback_query_id ?? '';
        const text = wanted.text === undefined ? {} : { text: wanted.text };
        return outbox.send({
          key: `answer:${ctx.update.update_id}`,
          class: 'answer',
          content: { kind: 'answer', callbackQueryId, ...text },
        });
      }
      default:
        throw new Error(`${method}: handlers leave rows in the outbox, they do not call the Bot API`);
    }
  }

  return (_prev, method, payload) => {
    storage.transaction(() => write(method, payload as WantedCall));
    return Promise.resolve({ ok: true, result: true } as never);
  };
}

function toButton(button: InlineKeyboardMarkup['inline_keyboard'][number][number]): Button {
  const style = button.style === undefined ? {} : { style: button.style };
  if ('url' in button) return { text: button.text, url: button.url, ...style };
  return { text: button.text, data: 'callback_data' in button ? button.callback_data : '', ...style };
}
