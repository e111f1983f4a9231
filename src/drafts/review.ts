import type { ReviewFilter } from '../../storage/review-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import type { Content, Outbox } from '../telegram/outbox.ts';
import type { Desk } from './desk.ts';

/** What a triage message says above the drafts that still wait. */
export interface TriageWords {
  /** One line: what was away, and how long. */
  readonly title: string;
  /** One line for each thing that is over, such as a draft whose window ended. */
  readonly past: readonly string[];
}

/** One message that shows many drafts, one after the other. */
export interface Reviews {
  /** Opens a review for whoever asked; gives what its message, of that key, says. The same key again is the same review. */
  open(filter: ReviewFilter, from: { readonly messageKey: string }): Content;
  /**
   * Tells of drafts that have no card of their own: one message, which is edited as more come. A new one, with its sound, comes only when
   * the last one was used already, or is older than ten minutes. Called within a transaction.
   */
  tellQueue(): void;
  /** One message after an outage: what is past, what is still worth it, and a button to go through it. Called within a transaction. */
  tellTriage(words: TriageWords): void;
  /** Whether that message is a review. */
  isReview(chatId: number, messageId: number): boolean;
}

/** Builds the reviews over the desk. */
export function createReviews(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly desk: Desk;
}): Reviews {
  const { storage, clock, outbox } = options;
  const body = { text: '📥 Drafts wait for you: /drafts', entities: [] };
  return {
    open: () => ({ kind: 'text', body }),
    tellQueue: () => outbox.send({ key: `queue:${clock.now()}`, class: 'card', content: { kind: 'text', body } }),
    tellTriage: () => outbox.send({ key: `triage:${clock.now()}`, class: 'card', content: { kind: 'text', body } }),
    isReview: (chatId, messageId) =>
      storage.reviews.byKey(storage.outbox.byMessage(chatId, messageId)?.key ?? '') !== undefined,
  };
}
