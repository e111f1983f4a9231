/** The messages of all chats: what was sent, edited and deleted, with a limit on how much is kept. */
import type { FormattedText } from './formatted-text.ts';
import type { InlineKeyboard } from './inline-keyboard.ts';
import type { TelegramUser } from './people.ts';
import type { UploadedFile } from './uploaded-file.ts';

/** How the chat shows a file. */
export type FileForm = 'document' | 'photo' | 'video' | 'audio';

/** A file of the chat. */
export interface StoredFile extends UploadedFile {
  readonly fileId: string;
  /** Where the bot downloads it, below /file/botTOKEN/. */
  readonly path: string;
}

/** One message. A change makes a new object, so that what was handed out stays as it was. */
export interface StoredMessage {
  readonly id: number;
  readonly chatId: number;
  /** The topic of that chat; absent: the chat itself. */
  readonly topicId?: number;
  readonly author: TelegramUser;
  /** Epoch milliseconds. */
  readonly date: number;
  readonly editDate: number | undefined;
  /** The text, or the caption where there is a file. */
  readonly content: FormattedText;
  readonly keyboard: InlineKeyboard;
  /** It opens the reader's keyboard as a reply to it, with this in the empty field (ForceReply). */
  readonly asks?: string;
  readonly file: StoredFile | undefined;
  /** How the file is shown; a document unless it says otherwise. */
  readonly form?: FileForm;
  /** Several messages with files that came together stand as one. */
  readonly group?: string;
  readonly silent: boolean;
  readonly replyTo: number | undefined;
}

/** What happened in a chat. */
export type HistoryEvent =
  | { readonly kind: 'message' | 'edit'; readonly message: StoredMessage }
  | { readonly kind: 'delete'; readonly chatId: number; readonly id: number };

/** Messages by their id, which is unique over all chats, as it is for a real bot's private chats. */
export interface ChatHistory {
  add(message: Omit<StoredMessage, 'id' | 'editDate'>): StoredMessage;
  find(chatId: number, id: number): StoredMessage | undefined;
  /** The message with this id, in whatever chat. */
  get(id: number): StoredMessage | undefined;
  edit(
    message: StoredMessage,
    change: Partial<Pick<StoredMessage, 'content' | 'keyboard' | 'editDate'>>,
  ): StoredMessage;
  delete(message: StoredMessage): void;
  /** Oldest first. */
  list(chatId: number): readonly StoredMessage[];
  /** Oldest first, over all chats. */
  all(): readonly StoredMessage[];
  storeFile(file: UploadedFile): StoredFile;
  findFile(matches: (file: StoredFile) => boolean): StoredFile | undefined;
  onEvent(listener: (event: HistoryEvent) => void): () => void;
}

/** More than anybody scrolls back in a demo; a soak test of days must not grow without end. */
const maxMessages = 2_000;
/** Files are held in memory, so the oldest go beyond this many bytes. */
const maxFileBytes = 64 * 1024 * 1024;

/** Creates an empty history. */
export function createChatHistory(): ChatHistory {
  const messages = new Map<number, StoredMessage>();
  const files = new Map<string, StoredFile>();
  const listeners = new Set<(event: HistoryEvent) => void>();
  let lastId = 0;
  let lastFile = 0;

  function emit(event: HistoryEvent): void {
    for (const listener of listeners) listener(event);
  }

  function dropOldFiles(): void {
    let bytes = 0;
    for (const file of files.values()) bytes += file.content.length;
    for (const [id, file] of files) {
      if (bytes <= maxFileBytes) return;
      files.delete(id);
      bytes -= file.content.length;
    }
  }

  return {
    add(fields) {
      lastId += 1;
      const message = { ...fields, id: lastId, editDate: undefined };
      messages.set(message.id, message);
      const oldest = messages.keys().next().value;
      if (messages.size > maxMessages && oldest !== undefined) messages.delete(oldest);
      emit({ kind: 'message', message });
      return message;
    },
    find(chatId, id) {
      const message = messages.get(id);
      return message?.chatId === chatId ? message : undefined;
    },
    get: (id) => messages.get(id),
    edit(message, change) {
      const edited = { ...message, ...change };
      messages.set(message.id, edited);
      emit({ kind: 'edit', message: edited });
      return edited;
    },
    delete(message) {
      messages.delete(message.id);
      emit({ kind: 'delete', chatId: message.chatId, id: message.id });
    },
    list: (chatId) => [...messages.values()].filter((message) => message.chatId === chatId),
    all: () => [...messages.values()],
    storeFile(file) {
      lastFile += 1;
      const stored = { ...file, fileId: `sandbox-document-${lastFile}`, path: `documents/file_${lastFile}` };
      files.set(stored.fileId, stored);
      dropOldFiles();
      return stored;
    },
    findFile: (matches) => [...files.values()].find(matches),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
