import type { OutboxRow } from '../../storage/outbox-store.ts';
import type { TelegramError } from '../ports.ts';
import { shorten } from './cards/words.ts';
import type { Content, FetchContent, MediaContent } from './outbox.ts';

/** Well below what a message takes, in UTF-16 units: an alert that was refused once is sent as plainly as can be. */
const LONGEST_PLAIN = 4_000;
/** A chat that refuses us (the owner blocked the bot) is asked again this often. */
const FORBIDDEN_RETRY_MS = 600_000;

/** What Telegram says of a topic that was deleted, was closed, or never was (Bot API server, Client.cpp; td, MessagesManager). */
const TOPIC_GONE = /message thread not found|topic_?\s?(closed|deleted|id_invalid)/i;

/** Where Telegram says that a group is now, in the words of the adapter; undefined: it says nothing of it. */
function movedTo(words: string): number | undefined {
  const match = /migrate_to_chat_id (-\d+)/.exec(words);
  return match === null ? undefined : Number(match[1]);
}

/** What came of one attempt to make Telegram show a message. `everybody`: all messages wait, since the trouble is not this one's. */
export type Delivery =
  | { readonly kind: 'delivered'; readonly messageId: number | null }
  | { readonly kind: 'fetched'; readonly wanted: FetchContent; readonly bytes: Uint8Array | undefined }
  | {
      readonly kind: 'retry';
      readonly afterMs: number;
      readonly error: string;
      readonly everybody: boolean;
      readonly isFlood?: true;
      /** It may have been shown: only the answer is missing. */
      readonly isLost?: true;
      /** The chat itself refuses us: it may not know us yet, or not any more. */
      readonly isRefusal?: true;
    }
  | { readonly kind: 'resend' }
  /** The topic takes no messages: they go to the chat itself. */
  | { readonly kind: 'no-topic'; readonly error: string }
  /** The group is another chat now. */
  | { readonly kind: 'moved'; readonly to: number; readonly error: string }
  | { readonly kind: 'plain' }
  | { readonly kind: 'refused' | 'unknown'; readonly error: string };

/** Decides what follows from a failed call, by the message's class (DESIGN 1); `pauseMs` is how long everybody waits where Telegram names no time. */
export function decideAfterFailure(row: OutboxRow, error: TelegramError, pauseMs: number): Delivery {
  const isEdit = row.messageId !== null;
  const { kind } = JSON.parse(row.content) as Content;
  const [isDeletion, isFetch] = [kind === 'delete', kind === 'fetch'];
  const to = movedTo(error.message);
  if (to !== undefined && to !== row.chatId) return { kind: 'moved', to, error: error.message };
  if (row.topicId !== null && TOPIC_GONE.test(error.message) && !(isEdit && row.class === 'notice'))
    return { kind: 'no-topic', error: error.message };
  switch (error.code) {
    case 'not-modified':
      return { kind: 'delivered', messageId: null };
    case 'flood':
      return {
        kind: 'retry',
        afterMs: error.retryAfterMs ?? pauseMs,
        error: error.message,
        everybody: true,
        isFlood: true,
      };
    case 'unreachable':
    case 'server':
    case 'unauthorized':
    case 'conflict':
      return { kind: 'retry', afterMs: pauseMs, error: error.message, everybody: true };
    case 'lost':
    case 'aborted':
      if (row.class === 'reply' && !isEdit) return { kind: 'unknown', error: error.message };
      return { kind: 'retry', afterMs: pauseMs, error: error.message, everybody: true, isLost: true };
    case 'forbidden':
      return { kind: 'retry', afterMs: FORBIDDEN_RETRY_MS, error: error.message, everybody: false, isRefusal: true };
    case 'message-gone':
      if (isDeletion) return { kind: 'delivered', messageId: null };
      return isEdit && (row.class === 'alert' || row.class === 'card')
        ? { kind: 'resend' }
        : { kind: 'refused', error: error.message };
    case 'bad-request':
      if (isFetch) return { kind: 'refused', error: error.message };
      if (simpler(JSON.parse(row.content) as Content) !== undefined) return { kind: 'plain' };
      // Alerts and cards are never given up: whatever Telegram dislikes may pass, as a chat that it does not know does.
      return (row.class === 'alert' || row.class === 'card') && !isEdit
        ? { kind: 'retry', afterMs: FORBIDDEN_RETRY_MS, error: error.message, everybody: false }
        : { kind: 'refused', error: error.message };
  }
}

/**
 * Files in a plainer form: as documents, which Telegram takes whatever is in them (a picture may be too wide, a film none that it plays);
 * then their names alone.
 */
function simplerMedia({ files }: MediaContent): Content {
  if (files.some(({ as }) => as !== 'document'))
    return { kind: 'media', files: files.map((file) => ({ ...file, as: 'document' })) };
  const names = files.map(({ caption }) => `📎 ${shorten(caption, 300)}`).join('\n');
  return { kind: 'text', body: { text: `${names}\n\nTelegram refused to show this.`, entities: [] } };
}

/**
 * The next plainer form of a content that Telegram refused: first without formatting, then without buttons; undefined when nothing is
 * left to leave out. A document that goes without its file goes without its buttons, too: nobody approves half a text.
 */
export function simpler(content: Content): Content | undefined {
  if (content.kind === 'file') {
    const words = `${shorten(content.body.text, 900)}\n\nTelegram refused what stands in it.`;
    return { kind: 'text', body: { text: words, entities: [] } };
  }
  if (content.kind === 'media') return simplerMedia(content);
  if (content.kind !== 'text' && content.kind !== 'document') return undefined;
  const { body, buttons = [] } = content;
  const isStyled = body.entities.length > 0 || buttons.flat().some((button) => button.style !== undefined);
  if (isStyled) {
    const plainButtons = buttons.map((row) => row.map(({ style: _style, ...button }) => button));
    return { ...content, body: { text: body.text, entities: [] }, buttons: plainButtons };
  }
  const bare = { text: shorten(body.text.toWellFormed(), LONGEST_PLAIN) || '…', entities: [] };
  if (content.kind === 'document' || buttons.length > 0 || bare.text !== body.text) return { kind: 'text', body: bare };
  return undefined;
}
