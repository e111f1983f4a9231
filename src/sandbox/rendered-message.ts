/** The two forms of a message: the Bot API's, and the one that a person sees (the phone page and the tests). */
import type { StoredMessage } from './chat-history.ts';
import { renderReplyMarkup } from './inline-keyboard.ts';
import type { InlineButton } from './inline-keyboard.ts';
import type { MessageEntity } from './message-entity.ts';

/** A message as a person sees it; dates are epoch milliseconds. */
export interface ChatMessage {
  readonly id: number;
  readonly chat_id: number;
  readonly from: 'bot' | 'user';
  readonly date: number;
  readonly edit_date: number | null;
  readonly text: string;
  readonly entities: readonly MessageEntity[];
  readonly buttons: readonly (readonly ChatButton[])[];
  /** It opens the reader's keyboard as a reply to it, with this in the empty field. */
  readonly asks?: string;
  readonly document?: { readonly name: string; readonly size: number; readonly url: string };
  readonly silent: boolean;
  readonly reply_to: number | null;
}

/** A button as a person sees it; only a `pressable` one sends something to the bot. */
export interface ChatButton {
  readonly text: string;
  readonly style?: 'danger' | 'success' | 'primary';
  readonly disabled?: true;
  readonly url?: string;
  readonly copy_text?: string;
  readonly pressable: boolean;
}

/** A message as a person sees it. */
export function renderChatMessage(message: StoredMessage): ChatMessage {
  return {
    id: message.id,
    chat_id: message.chatId,
    from: message.author.is_bot ? 'bot' : 'user',
    date: message.date,
    edit_date: message.editDate ?? null,
    text: message.content.text,
    entities: message.content.entities,
    buttons: message.keyboard.map((row) => row.map(renderButton)),
    ...(message.asks === undefined ? {} : { asks: message.asks }),
    ...(message.file === undefined
      ? {}
      : {
          document: {
            name: message.file.uploadedName,
            size: message.file.content.length,
            url: `/phone/file/${message.file.fileId}`,
          },
        }),
    silent: message.silent,
    reply_to: message.replyTo ?? null,
  };
}

function renderButton(button: InlineButton): ChatButton {
  return {
    text: button.text,
    ...(button.style === undefined ? {} : { style: button.style }),
    ...(button.disabled === undefined ? {} : { disabled: true as const }),
    ...(button.url === undefined ? {} : { url: button.url }),
    ...(button.copy_text === undefined ? {} : { copy_text: button.copy_text.text }),
    pressable: button.callback_data !== undefined,
  };
}

/** A message as the Bot API answers it; dates are epoch seconds. `replied` is the message that it replies to, if it exists. */
export function renderBotMessage(
  message: StoredMessage,
  person: { readonly id: number; readonly first_name: string },
  replied?: StoredMessage,
): Readonly<Record<string, unknown>> {
  const { text, entities } = message.content;
  const isCaption = message.file !== undefined;
  return {
    message_id: message.id,
    from: message.author,
    chat: { id: message.chatId, type: 'private', first_name: person.first_name },
    date: seconds(message.date),
    ...(message.editDate === undefined ? {} : { edit_date: seconds(message.editDate) }),
    ...(replied === undefined ? {} : { reply_to_message: renderBotMessage(replied, person) }),
    ...(message.file === undefined
      ? {}
      : {
          document: {
            file_id: message.file.fileId,
            file_unique_id: `unique-${message.file.fileId}`,
            file_name: message.file.uploadedName,
            file_size: message.file.content.length,
          },
        }),
    ...(isCaption && text === '' ? {} : { [isCaption ? 'caption' : 'text']: text }),
    ...(entities.length === 0 ? {} : { [isCaption ? 'caption_entities' : 'entities']: entities }),
    ...renderReplyMarkup(message.keyboard),
  };
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}
