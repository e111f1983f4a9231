import type { Context } from 'grammy';
import { topicOf } from '../../conversations/dialogue.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Content, Outbox } from './outbox.ts';
import type { PressedButton } from './press.ts';

/** What of a press says which message it stands on. */
type WherePressed = Pick<PressedButton, 'updateId' | 'message'>;

/** What a handler of buttons does with the message that was pressed. */
export interface PressedMessage {
  /** It shows this from now on; one that no row stands for any more is answered below instead. */
  show(pressed: WherePressed, content: Content): void;
  /** This comes below it, as a reply; `name` tells several such replies of one press apart. Gives its key. */
  answer(pressed: WherePressed, name: string, content: Content): string;
}

/** Builds it; each call belongs into the transaction of the press. */
export function createPressedMessage({
  storage,
  outbox,
}: {
  readonly storage: Storage;
  readonly outbox: Outbox;
}): PressedMessage {
  function keyOf({ message }: WherePressed): string | undefined {
    return message === undefined ? undefined : storage.outbox.byMessage(message.chatId, message.messageId)?.key;
  }

  function answer(pressed: WherePressed, name: string, content: Content): string {
    const replyToKey = keyOf(pressed);
    const key = `${name}:${pressed.updateId}`;
    outbox.send({
      key,
      class: 'reply',
      content,
      ...whereOf(pressed),
      ...(replyToKey === undefined ? {} : { replyToKey }),
    });
    return key;
  }

  return {
    show(pressed, content) {
      const key = keyOf(pressed);
      if (key === undefined) answer(pressed, 'shown', content);
      else outbox.edit(key, content);
    },
    answer,
  };
}

/** Reads off an update which message was pressed. */
export function pressedIn(ctx: Context): WherePressed {
  const message = ctx.callbackQuery?.message;
  if (message === undefined) return { updateId: ctx.update.update_id, message: undefined };
  const at = { chatId: message.chat.id, topicId: topicOf(message), messageId: message.message_id };
  return { updateId: ctx.update.update_id, message: at };
}

/** Where what answers a press is to stand: where the button was pressed. */
export function whereOf({ message }: WherePressed): { readonly chatId?: number; readonly topicId?: number | null } {
  if (message === undefined) return {};
  const { chatId, topicId } = message;
  return topicId === undefined ? { chatId } : { chatId, topicId };
}
