import type { Storage } from '../../storage/storage.ts';
import { BATCH_UNDO, batchBinding, type Batches, groupBinding } from '../drafts/batches.ts';
import { reviewBinding } from '../drafts/review-pages.ts';
import type { Reviews } from '../drafts/review.ts';
import type { CallbackData } from './callback-data.ts';
import { type Answer, type HandlersOf, LONGEST_ANSWER, NOT_OURS, type ReadPress } from './press.ts';
import { shorten } from './cards/words.ts';

/** The message of a review is gone from our rows: nothing could show what came of a press. */
const GONE: Answer = { text: 'This message is too old for me to change it. Ask for /drafts.', alert: true };

/** What the buttons of a review itself do; the verbs of its drafts are theirs. */
export function createReviewPresses(options: {
  readonly storage: Storage;
  readonly callbackData: CallbackData;
  readonly reviews: Reviews;
  readonly batches: Batches;
}): HandlersOf<'next' | 'review' | 'batch' | 'batchyes'> {
  const { storage, callbackData, reviews, batches } = options;

  function reviewOf(press: ReadPress) {
    const review = storage.reviews.get(press.id);
    return review !== undefined && callbackData.verify(press, reviewBinding(review)) ? review : undefined;
  }

  function isGone(messageKey: string): boolean {
    return storage.outbox.get(messageKey) === undefined;
  }

  return {
    next(press) {
      const review = reviewOf(press);
      if (review === undefined) return NOT_OURS;
      if (isGone(review.messageKey)) return GONE;
      return { text: reviews.skip(review, press.revision).said };
    },

    review(press) {
      const review = reviewOf(press);
      if (review === undefined) return NOT_OURS;
      if (isGone(review.messageKey)) return GONE;
      reviews.resume(review);
      return { text: '' };
    },

    batch(press) {
      const review = storage.reviews.get(press.id);
      if (review === undefined) return NOT_OURS;
      const by = batches.groupMeant(review.filter, (group) => callbackData.verify(press, groupBinding(review, group)));
      if (by === undefined) return NOT_OURS;
      if (isGone(review.messageKey)) return GONE;
      const list = batches.list(review, by);
      if (list === undefined) {
        reviews.resume(review);
        return { text: 'No two of them can be approved now.', alert: true };
      }
      reviews.showBatch(review, list.waiting);
      return { text: '' };
    },

    batchyes(press, pressed) {
      const batch = storage.reviews.getBatch(press.id);
      if (batch === undefined || !callbackData.verify(press, batchBinding(batch))) return NOT_OURS;
      if (press.choice === BATCH_UNDO) {
        const { said, isWhole } = reviews.together(() => batches.undo(batch, pressed.actor));
        return { text: said, alert: !isWhole };
      }
      const result = reviews.together(() => batches.approve(batch, pressed.actor));
      if (result === undefined) return { text: 'These were approved already.', alert: true };
      reviews.passBatch(batch.reviewId, result);
      const isWhole = result.approved.length === batch.drafts.length;
      return { text: shorten(result.said, LONGEST_ANSWER), alert: !isWhole };
    },
  };
}
