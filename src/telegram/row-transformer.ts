import type { Context, Transformer } from 'grammy';
import type { InlineKeyboardMarkup, MessageEntity } from 'grammy/types';
import type { Storage } from '../../storage/storage.ts';
import type { Button, Content, Outbox } from './outbox.ts';
import { createPressedMessage, pressedIn } from './pressed-message.ts';

/** What a menu may want of the Bot API, as far as we know how to make a row of it. */
interface WantedCall {
  readonly chat_id?: number;
  readonly message_thread_id?: number;
  readonly text?: string;
  readonly entities?: readonly MessageEntity[];
  readonly reply_markup?: InlineKeyboardMarkup;
  readonly callback_query_id?: string;
}

/**
 * Turns what grammY's menus would send into rows of the outbox: a reply, a change of the pressed message, the answer to a press. Keys are
 * made from the update: handled twice, it says nothing twice. Any other call is refused, since what a handler wants to say is a row of its
 * own. It stands on each update's own client: a transformer of the bot does not reach into dialogues.
 */
export function createRowTransformer(
  ctx: Context,
  rooms: { readonly storage: Storage; readonly outbox: Outbox },
): Transformer {
  const { storage, outbox } = rooms;
  const message = createPressedMessage(rooms);

  function write(method: string, wanted: WantedCall): void {
    switch (method) {
      case 'sendMessage':
        return outbox.send({
          key: `reply:${ctx.update.update_id}`,
          class: 'reply',
          content: toContent(wanted),
          topicId: wanted.message_thread_id ?? null,
          ...(wanted.chat_id === undefined ? {} : { chatId: wanted.chat_id }),
        });
      case 'editMessageText':
        return message.show(pressedIn(ctx), toContent(wanted));
      case 'answerCallbackQuery': {
        const callbackQueryId = wanted.callback_query_id ?? '';
        const content: Content = { kind: 'answer', callbackQueryId, text: wanted.text ?? '' };
        return outbox.send({ key: `answer:${ctx.update.update_id}`, class: 'answer', content });
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

function toContent({ text = '', entities = [], reply_markup: keyboard }: WantedCall): Content {
  return {
    kind: 'text',
    body: { text, entities: entities.map((entity) => ({ ...entity })) },
    buttons: keyboard?.inline_keyboard.map((row) => row.map(toButton)) ?? [],
  };
}

/** All buttons of our menus carry data. */
function toButton(button: InlineKeyboardMarkup['inline_keyboard'][number][number]): Button {
  if (!('callback_data' in button)) throw new Error(`the button ${button.text} of a menu carries no data`);
  return { text: button.text, data: button.callback_data };
}
