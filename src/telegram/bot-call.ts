import type { OutboxRow } from '../../storage/outbox-store.ts';
import type { TelegramFile } from '../ports.ts';
import { shorten } from './cards/words.ts';
import type { Button, Content, FetchContent, FileContent, MediaContent, MediaItem } from './outbox.ts';

/** What the empty field of a phone shows, in UTF-16 units (Bot API, ForceReply). */
const LONGEST_PLACEHOLDER = 64;

/** One call of the Bot API. */
export interface Call {
  readonly method: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly files: readonly TelegramFile[];
}

/** Files with what is in them. */
export interface LoadedMedia {
  readonly kind: 'loaded';
  readonly files: readonly (Pick<MediaItem, 'as' | 'name' | 'caption'> & { readonly bytes: Uint8Array })[];
}

/** What a row wants, once all that it names has been read. */
export type ReadyContent = Exclude<Content, FileContent | MediaContent | FetchContent> | LoadedMedia;

/** The method for one file of a kind; several go with sendMediaGroup. */
const SENDS = { photo: 'sendPhoto', video: 'sendVideo', audio: 'sendAudio', document: 'sendDocument' } as const;

/** The call that makes Telegram show what a row wants: a new message, or an edit of the one that it shows. */
export function callFor(row: OutboxRow, content: ReadyContent, replyTo: number | null | undefined): Call {
  switch (content.kind) {
    case 'answer':
      return {
        method: 'answerCallbackQuery',
        payload: {
          callback_query_id: content.callbackQueryId,
          ...(content.text === undefined ? {} : { text: shorten(content.text.toWellFormed(), 200) }),
          ...(content.alert === true ? { show_alert: true } : {}),
        },
        files: [],
      };
    case 'strip':
      return {
        method: 'editMessageReplyMarkup',
        payload: { chat_id: row.chatId, message_id: content.messageId },
        files: [],
      };
    case 'delete':
      return {
        method: 'deleteMessage',
        payload: { chat_id: row.chatId, message_id: content.messageId },
        files: [],
      };
    case 'commands':
      return {
        method: 'setMyCommands',
        payload: {
          commands: content.commands,
          ...(content.forUser === undefined ? {} : { scope: { type: 'chat', chat_id: content.forUser } }),
        },
        files: [],
      };
    case 'loaded':
      return newMedia(row, content, replyTo);
    case 'text':
    case 'document':
      return row.messageId === null ? newMessage(row, content, replyTo) : editedMessage(row, content, row.messageId);
  }
}

/** Where and how a new message appears. */
function place(row: OutboxRow, replyTo: number | null | undefined): Readonly<Record<string, unknown>> {
  return {
    chat_id: row.chatId,
    ...(row.topicId === null ? {} : { message_thread_id: row.topicId }),
    ...(row.silent === 1 ? { disable_notification: true } : {}),
    ...(replyTo ? { reply_parameters: { message_id: replyTo, allow_sending_without_reply: true } } : {}),
  };
}

function newMedia(row: OutboxRow, { files }: LoadedMedia, replyTo: number | null | undefined): Call {
  const [first] = files;
  // What is looked at, not what Telegram makes of it, goes out: a document stays one, whatever is in it.
  const asIs = (as: MediaItem['as']): object => (as === 'document' ? { disable_content_type_detection: true } : {});
  if (first !== undefined && files.length === 1) {
    const { as, name, caption, bytes } = first;
    return {
      method: SENDS[as],
      payload: { ...place(row, replyTo), caption, ...asIs(as) },
      files: [{ field: as, name, content: bytes }],
    };
  }
  return {
    method: 'sendMediaGroup',
    payload: {
      ...place(row, replyTo),
      media: files.map(({ as, caption }) => ({ type: as, caption, ...asIs(as) })),
    },
    files: files.map(({ name, bytes }, index) => ({ field: 'media', index, name, content: bytes })),
  };
}

function newMessage(
  row: OutboxRow,
  content: Content & { kind: 'text' | 'document' },
  replyTo: number | null | undefined,
): Call {
  const shared = {
    ...place(row, replyTo),
    ...(content.kind === 'text' && content.asks !== undefined
      ? { reply_markup: { force_reply: true, input_field_placeholder: shorten(content.asks, LONGEST_PLACEHOLDER) } }
      : keyboard(content.buttons)),
  };
  if (content.kind === 'document') {
    return {
      method: 'sendDocument',
      payload: { ...shared, caption: content.body.text, caption_entities: content.body.entities },
      files: [{ field: 'document', name: content.name, content: content.content }],
    };
  }
  return {
    method: 'sendMessage',
    payload: {
      ...shared,
      text: content.body.text,
      entities: content.body.entities,
      link_preview_options: { is_disabled: true },
    },
    files: [],
  };
}

function editedMessage(row: OutboxRow, content: Content & { kind: 'text' | 'document' }, messageId: number): Call {
  const shared = { chat_id: row.chatId, message_id: messageId, ...keyboard(content.buttons) };
  return content.kind === 'document'
    ? {
        method: 'editMessageCaption',
        payload: { ...shared, caption: content.body.text, caption_entities: content.body.entities },
        files: [],
      }
    : {
        method: 'editMessageText',
        payload: {
          ...shared,
          text: content.body.text,
          entities: content.body.entities,
          link_preview_options: { is_disabled: true },
        },
        files: [],
      };
}

function keyboard(buttons: readonly (readonly Button[])[] | undefined): { reply_markup?: unknown } {
  if (buttons === undefined || buttons.length === 0) return {};
  return {
    reply_markup: {
      inline_keyboard: buttons
        .filter((row) => row.length > 0)
        .map((row) =>
          row.map(({ text, style, data, url }) => ({
            text,
            ...(style === undefined ? {} : { style }),
            ...(url === undefined ? { callback_data: data } : { url }),
          })),
        ),
    },
  };
}
