/** The two forms of a message: the Bot API's, and the one that a person sees (the phone page and the tests). */
import type { FileForm, StoredMessage } from './chat-history.ts';
import { renderReplyMarkup } from './inline-keyboard.ts';
import type { InlineButton } from './inline-keyboard.ts';
import type { MessageEntity } from './message-entity.ts';

/** A message as a person sees it; dates are epoch milliseconds. */
export interface ChatMessage {
  readonly id: number;
  readonly chat_id: number;
  /** The topic of that chat; absent: the chat itself. */
  readonly topic_id?: number;
  /** Who wrote it. */
  readonly author: { readonly id: number; readonly name: string };
  readonly from: 'bot' | 'user';
  readonly date: number;
  readonly edit_date: number | null;
  readonly text: string;
  readonly entities: readonly MessageEntity[];
  readonly buttons: readonly (readonly ChatButton[])[];
  /** It opens the reader's keyboard as a reply to it, with this in the empty field. */
  readonly asks?: string;
  readonly document?: ChatFile;
  /** A file that is shown as what it is. */
  readonly media?: ChatFile & { readonly form: Exclude<FileForm, 'document'> };
  /** The same on messages with files that came together. */
  readonly group?: string;
  readonly silent: boolean;
  readonly reply_to: number | null;
}

/** A file of a message, and where it can be had. */
export interface ChatFile {
  readonly name: string;
  readonly size: number;
  readonly url: string;
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
    ...(message.topicId === undefined ? {} : { topic_id: message.topicId }),
    author: { id: message.author.id, name: message.author.first_name },
    from: message.author.is_bot ? 'bot' : 'user',
    date: message.date,
    edit_date: message.editDate ?? null,
    text: message.content.text,
    entities: message.content.entities,
    buttons: message.keyboard.map((row) => row.map(renderButton)),
    ...(message.asks === undefined ? {} : { asks: message.asks }),
    ...renderChatFile(message),
    ...(message.group === undefined ? {} : { group: message.group }),
    silent: message.silent,
    reply_to: message.replyTo ?? null,
  };
}

function renderChatFile({ file, form = 'document' }: StoredMessage): Partial<ChatMessage> {
  if (file === undefined) return {};
  const shown = { name: file.uploadedName, size: file.content.length, url: `/phone/file/${file.fileId}` };
  return form === 'document' ? { document: shown } : { media: { ...shown, form } };
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
  chat: Readonly<Record<string, unknown>>,
  replied?: StoredMessage,
): Readonly<Record<string, unknown>> {
  const { text, entities } = message.content;
  const isCaption = message.file !== undefined;
  return {
    message_id: message.id,
    from: message.author,
    chat,
    ...(message.topicId === undefined ? {} : { message_thread_id: message.topicId, is_topic_message: true }),
    date: seconds(message.date),
    ...(message.editDate === undefined ? {} : { edit_date: seconds(message.editDate) }),
    ...(replied === undefined ? {} : { reply_to_message: renderBotMessage(replied, chat) }),
    ...renderBotFile(message),
    ...(message.group === undefined ? {} : { media_group_id: message.group }),
    ...(isCaption && text === '' ? {} : { [isCaption ? 'caption' : 'text']: text }),
    ...(entities.length === 0 ? {} : { [isCaption ? 'caption_entities' : 'entities']: entities }),
    ...renderReplyMarkup(message.keyboard),
  };
}

function renderBotFile({ file, form = 'document' }: StoredMessage): Readonly<Record<string, unknown>> {
  if (file === undefined) return {};
  const common = {
    file_id: file.fileId,
    file_unique_id: `unique-${file.fileId}`,
    file_size: file.content.length,
  };
  // Nobody here decodes them: what their size and length really are is not known.
  if (form === 'photo') return { photo: [{ ...common, width: 90, height: 90 }] };
  const named = { ...common, file_name: file.uploadedName };
  if (form === 'video') return { video: { ...named, width: 90, height: 90, duration: 1 } };
  return { [form]: form === 'audio' ? { ...named, duration: 1 } : named };
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}
