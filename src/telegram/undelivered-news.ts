import type { OutboxRow } from '../../storage/outbox-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Log } from '../ports.ts';
import type { Content } from './outbox.ts';

/** Tells the owner elsewhere, or of what he has to do himself, where Telegram refuses. Each belongs into the row's own transaction. */
export interface UndeliveredNews {
  /** A chat that refuses us must not keep an alert: its first refusal sends a copy to the owner himself. */
  refused(row: OutboxRow, reason: string, now: number): void;
  /** A secret that stays in the chat is for its owner to delete: he is told so. */
  undeleted(row: OutboxRow, now: number): void;
}

/** Builds what tells of messages that did not get through. */
export function createUndeliveredNews(options: {
  readonly storage: Storage;
  readonly log: Log;
  /** Where an alert goes when its own chat refuses us: the first owner's private chat. */
  readonly ownerChatId: number;
}): UndeliveredNews {
  const { storage, log } = options;

  function refused(row: OutboxRow, reason: string, now: number): void {
    log.error('a chat refuses our messages; they wait', { chat: row.chatId, key: row.key, reason });
    if (row.class !== 'alert' || row.messageId !== null || row.chatId === options.ownerChatId) return;
    storage.outbox.add({
      key: `${row.key}:private`,
      class: 'alert',
      priority: 1,
      chatId: options.ownerChatId,
      replyToKey: null,
      content: row.content,
      silent: row.silent,
      nextAt: now,
      giveUpAt: null,
      createdAt: now,
    });
  }

  function undeleted(row: OutboxRow, now: number): void {
    const content = JSON.parse(row.content) as Content;
    if (content.kind !== 'delete' || !content.isSecret) return;
    const text = '⚠️ Telegram did not let me delete your message with the code or token: please delete it yourself.';
    storage.outbox.add({
      key: `${row.key}:refused`,
      class: 'alert',
      priority: 1,
      chatId: row.chatId,
      replyToKey: null,
      content: JSON.stringify({ kind: 'text', body: { text, entities: [] } } satisfies Content),
      silent: 0,
      nextAt: now,
      giveUpAt: null,
      createdAt: now,
    });
  }

  return { refused, undeleted };
}
