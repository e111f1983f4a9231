import type { DraftRow } from '../../storage/draft-store.ts';
import type { PassedDraft, ReviewFilter, ReviewRow } from '../../storage/review-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Clock } from '../ports.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import type { Button, Content, Outbox } from '../telegram/outbox.ts';
import type { Batches, BatchResult } from './batches.ts';
import type { Desk } from './desk.ts';
import { EVERYWHERE, isSameFilter, type PlaceGroup } from './place-groups.ts';
import { decideFate, decidePutOff, isFull, putOff, wishesOf } from './review-fate.ts';
import { createReviewPages } from './review-pages.ts';

/** What a triage message says above the drafts that still wait. */
export interface TriageWords {
  /** One line: what was away, and how long. */
  readonly title: string;
  /** One line for each thing that is over, such as a draft whose window ended. */
  readonly past: readonly string[];
}

/** What came of a press in a review. */
export type ReviewPress = { readonly kind: 'done' | 'late'; readonly said: string };

/** One message that shows many drafts, one after the other. */
export interface Reviews {
  /** Opens a review for whoever asked; gives what its message, of that key, says. The same key again is the same review. */
  open(
    filter: ReviewFilter,
    from: {
      readonly messageKey: string;
      readonly chatId?: number | undefined;
      readonly topicId?: number | null | undefined;
    },
  ): Content;
  /** What waits, as a list without buttons. */
  list(filter: ReviewFilter): Content;
  /**
   * Tells of drafts that have no card of their own: one message, which is edited as more come. A new one, with its sound, comes only when
   * the last one was used already, or is older than ten minutes. Called within a transaction. Without a group it is about all drafts.
   */
  tellQueue(group?: PlaceGroup): void;
  /** One message after an outage: what is past, what is still worth it, and a button to go through it. Called within a transaction. */
  tellTriage(words: TriageWords, group?: PlaceGroup): void;
  /** Whether that message is a review. */
  isReview(chatId: number, messageId: number): boolean;
  /**
   * Shows other buttons under that draft, until something happens to it; false where that message is no review that shows it. Called within
   * a transaction.
   */
  showButtons(
    message: { readonly chatId: number; readonly messageId: number },
    draftId: number,
    buttons: readonly (readonly Button[])[],
  ): boolean;
  /** Goes on without a decision, if it still shows that draft. Called within a transaction. */
  skip(review: ReviewRow, draftId: number): ReviewPress;
  /** Back from a list, or from the end to what was put off. Called within a transaction. */
  resume(review: ReviewRow): void;
  /** Shows the list of a batch that was just made for it, of so many that wait. Called within a transaction. */
  showBatch(review: ReviewRow, waiting: number): void;
  /** Makes several decisions, and follows them all at their end. Called within a transaction. */
  together<Result>(decide: () => Result): Result;
  /** Goes on after a batch. Called within a transaction. */
  passBatch(reviewId: number, result: BatchResult): void;
}

/** How long a queue message that nobody used is edited instead of a new one being sent. */
const QUEUE_FRESH_MS = 10 * 60_000;
/** Whoever moved on so lately has the review before his eyes: it takes up what comes, without another buzz. */
const AT_WORK_MS = 60_000;
/** Messages that show a draft at the same time: each decision edits them all. */
const MOST_OPEN = 4;
/** Reviews that still tell what becomes of their drafts. */
const MOST_FOLLOWED = 8;
/** Builds the reviews over the desk: from here on they follow each change of a draft. */
export function createReviews(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly desk: Pick<Desk, 'onChange' | 'viewOf' | 'cardSetting' | 'showMedia'>;
  readonly batches: Pick<Batches, 'offers' | 'countUndoable'>;
}): Reviews {
  const { storage, clock, outbox, desk } = options;
  const pages = createReviewPages(options);
  desk.onChange(hear);

  /** Makes the message show the review as it stands. */
  function show(review: ReviewRow): void {
    const page = pages.render(review);
    // Whoever presses looks at it: the cards of the same drafts may come later.
    if (review.movedAt !== null && review.origin !== 'command') storage.outbox.hurryEdits(review.messageKey);
    outbox.edit(review.messageKey, page.content);
    sendAlong(review, page.file);
  }

  /** What a message cannot show itself comes in reply to it, once: a text that is too long, and the draft's files. */
  function sendAlong(review: ReviewRow, text: Content | undefined): void {
    const chatId = storage.outbox.get(review.messageKey)?.chatId ?? undefined;
    if (text !== undefined) {
      outbox.send({
        key: `review:${review.id}:text:${review.draftId}:r${review.revision}`,
        class: 'reply',
        content: text,
        replyToKey: review.messageKey,
        sound: 'never',
        ...(chatId === undefined ? {} : { chatId }),
      });
    }
    const draft = review.shows !== 'draft' || review.draftId === null ? undefined : storage.drafts.get(review.draftId);
    if (draft !== undefined) desk.showMedia(draft, review.messageKey, chatId);
  }

  function save(review: ReviewRow): ReviewRow {
    storage.reviews.save(review);
    return review;
  }

  /** The review with the next draft in view, or at its end. */
  function advance(review: ReviewRow): ReviewRow {
    const id = isFull(review.passed)
      ? undefined
      : storage.reviews.next(review.filter, putOff(review.passed), clock.now());
    const draft = id === undefined ? undefined : storage.drafts.get(id);
    if (draft === undefined) return save({ ...review, shows: 'end', draftId: null, revision: null, seen: '' });
    return save({
      ...review,
      shows: 'draft',
      draftId: draft.id,
      revision: draft.revision,
      seen: wishesOf(draft, clock.now()),
    });
  }

  function fateOf(draft: DraftRow, seen: string): PassedDraft['said'] | undefined {
    return decideFate(draft, storage.drafts.authorOf(draft.id, draft.revision), seen, clock.now());
  }

  /** Changed drafts of several decisions that are one: each message is rendered once for all of them. */
  let gathered: Set<number> | undefined;

  function hear(draftId: number): void {
    if (gathered === undefined) follow(draftId);
    else gathered.add(draftId);
  }

  /** Follows a change of a draft, whoever made it: no review may stand on a draft that is decided. */
  function follow(draftId: number): void {
    const draft = storage.drafts.get(draftId);
    if (draft === undefined) return;
    const showing = storage.reviews.showing(draftId);
    for (const review of showing) {
      const said = fateOf(draft, review.seen);
      if (said === undefined) show(save({ ...review, revision: draft.revision, seen: wishesOf(draft, clock.now()) }));
      else show(advance(pass({ ...review, words: null }, { draft: draftId, said })));
    }
    const seen = new Set(showing.map(({ id }) => id));
    for (const review of storage.reviews.newest(MOST_FOLLOWED)) {
      const passed = review.passed.find((one) => one.draft === draftId);
      if (passed !== undefined && !seen.has(review.id)) followPassed(review, draft, passed);
    }
  }

  /** A draft that a review has behind it changed: it may wait again, or have gone out. */
  function followPassed(review: ReviewRow, draft: DraftRow, passed: PassedDraft): void {
    const said = draft.state === 'pending' ? decidePutOff(draft, passed.said, clock.now()) : fateOf(draft, '');
    const kept =
      said === undefined
        ? review.passed.filter((one) => one !== passed)
        : review.passed.map((one) => (one === passed ? { ...one, said } : one));
    const changed = save({ ...review, passed: kept });
    if (said !== undefined || review.shows === 'batch' || review.shows === 'triage') {
      // The one just passed may have a button to take it back.
      const isLast = review.passed.at(-1)?.draft === draft.id;
      if (review.shows === 'end' || (review.shows === 'draft' && isLast)) show(changed);
      return;
    }
    // Taken back by its owner, it is what he wants to see next; one that failed does not push away what he reads.
    show(draft.reason === null ? advance({ ...changed, words: null }) : changed);
  }

  function pass(review: ReviewRow, passed: PassedDraft): ReviewRow {
    const before = review.passed.filter(({ draft }) => draft !== passed.draft);
    return { ...review, passed: [...before, passed], movedAt: clock.now() };
  }

  /** Leaves an older message without a draft: its button goes on. */
  function close(review: ReviewRow): void {
    show(save({ ...review, shows: 'end', draftId: null, revision: null, seen: '', words: null }));
  }

  /** Keeps this one and the others that were used last. */
  function closeOldest(kept: ReviewRow): void {
    const others = storage.reviews.newest(50).filter(({ id, shows }) => shows === 'draft' && id !== kept.id);
    const byUse = others.sort((a, b) => (b.movedAt ?? b.openedAt) - (a.movedAt ?? a.openedAt) || b.id - a.id);
    for (const review of byUse.slice(MOST_OPEN - 1)) close(review);
  }

  function sendNew(review: ReviewRow, { place }: PlaceGroup): void {
    const { content, file } = pages.render(review);
    outbox.send({ key: review.messageKey, class: 'card', content, place });
    sendAlong(review, file);
    closeOldest(review);
  }

  function reviewAt(chatId: number, messageId: number): ReviewRow | undefined {
    const key = storage.outbox.byMessage(chatId, messageId)?.key;
    return key === undefined ? undefined : storage.reviews.byKey(key);
  }

  function isFresh(queue: ReviewRow, now: number): boolean {
    if (queue.movedAt !== null) return Math.abs(now - queue.movedAt) < AT_WORK_MS;
    return Math.abs(now - queue.openedAt) < QUEUE_FRESH_MS;
  }

  return {
    open: (filter, from) =>
      storage.transaction(() => {
        const before = storage.reviews.byKey(from.messageKey);
        if (before !== undefined) return pages.render(before).content;
        if (storage.reviews.waiting(filter, []) === 0) return pages.renderNothing(filter);
        const review = advance(
          storage.reviews.open({
            messageKey: from.messageKey,
            origin: 'command',
            filter,
            shows: 'end',
            words: null,
            openedAt: clock.now(),
          }),
        );
        const { content, file } = pages.render(review);
        const { draftId } = review;
        if (file !== undefined || (draftId !== null && storage.drafts.get(draftId)?.media !== '[]')) {
          // What goes along is a reply to the message, so the message has to be there first.
          const chat = from.chatId === undefined ? {} : { chatId: from.chatId, topicId: from.topicId ?? null };
          outbox.send({ key: from.messageKey, class: 'reply', content, ...chat });
          sendAlong(review, file);
        }
        closeOldest(review);
        return content;
      }),

    list: (filter) => pages.renderPlainList(filter),

    tellQueue(group = EVERYWHERE) {
      const now = clock.now();
      const { filter } = group;
      if (storage.reviews.waiting(filter, []) === 0) return;
      const last = storage.reviews
        .newest(MOST_FOLLOWED)
        .find((review) => review.origin === 'queue' && isSameFilter(review.filter, filter));
      if (last?.shows === 'draft' && storage.outbox.get(last.messageKey) !== undefined) {
        if (isFresh(last, now)) return show(last);
        if (last.movedAt === null) close(last);
      }
      const opened = storage.reviews.open({ origin: 'queue', filter, shows: 'end', words: null, openedAt: now });
      sendNew(advance(opened), group);
    },

    tellTriage(words, group = EVERYWHERE) {
      const openedAt = clock.now();
      sendNew(
        storage.reviews.open({
          origin: 'triage',
          filter: group.filter,
          shows: 'triage',
          words: JSON.stringify(words),
          openedAt,
        }),
        group,
      );
    },

    isReview: (chatId, messageId) => reviewAt(chatId, messageId) !== undefined,

    showButtons({ chatId, messageId }, draftId, buttons) {
      const review = reviewAt(chatId, messageId);
      if (review?.shows !== 'draft' || review.draftId !== draftId) return false;
      outbox.edit(review.messageKey, pages.render(review, buttons).content);
      return true;
    },

    skip(review, draftId) {
      if (review.shows !== 'draft' || review.draftId !== draftId) {
        show(review);
        return { kind: 'late', said: 'That one is passed already.' };
      }
      show(advance(pass({ ...review, words: null }, { draft: draftId, said: 'skipped' })));
      return { kind: 'done', said: `#${draftId} still waits.` };
    },

    resume(review) {
      if (review.shows === 'draft') return show(review);
      // From a list back to where he was; from the end, once more through what still waits.
      const passed = review.shows === 'end' ? [] : review.passed;
      show(advance({ ...review, passed, words: null, movedAt: clock.now() }));
      closeOldest(review);
    },

    showBatch(review, waiting) {
      const words = JSON.stringify({ waiting });
      show(save({ ...review, shows: 'batch', draftId: null, revision: null, seen: '', words, movedAt: clock.now() }));
    },

    together(decide) {
      const ids = new Set<number>();
      gathered = ids;
      let result: ReturnType<typeof decide>;
      try {
        result = decide();
      } finally {
        gathered = undefined;
      }
      for (const id of ids) follow(id);
      return result;
    },

    passBatch(reviewId, result) {
      const review = storage.reviews.get(reviewId);
      if (review === undefined) return;
      const after = result.approved.reduce((passing, draft) => {
        const row = storage.drafts.get(draft);
        const said = row === undefined ? undefined : fateOf(row, '');
        return pass(passing, { draft, said: said ?? 'approved' });
      }, review);
      show(advance({ ...after, words: JSON.stringify(result.said), movedAt: clock.now() }));
    },
  };
}
