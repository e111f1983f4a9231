import type { DraftRow } from '../../storage/draft-store.ts';
import type { BatchRow, PassedDraft, ReviewFilter, ReviewRow } from '../../storage/review-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Clock } from '../ports.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import { draftButtons } from '../telegram/cards/draft-buttons.ts';
import { renderDraftCard } from '../telegram/cards/draft-card.ts';
import {
  type EndedDraft,
  renderBatch,
  renderReviewedDraft,
  renderReviewEnd,
  renderReviewHead,
  renderTriage,
  renderUnknownQuestion,
  type ReviewNumbers,
} from '../telegram/cards/review-card.ts';
import { count, lines, richText, shorten } from '../telegram/cards/words.ts';
import type { Button, Content } from '../telegram/outbox.ts';
import { BATCH_UNDO, batchBinding, type Batches, groupBinding } from './batches.ts';
import type { Desk } from './desk.ts';

/** What a review's message shows; `file` is sent along, in reply to it. */
export interface ReviewPage {
  readonly content: Content;
  readonly file?: Content;
}

/** Renders reviews as they stand; each call only reads. */
export interface ReviewPages {
  /** `buttons` replace those of the draft, such as the times of a snooze. */
  render(review: ReviewRow, buttons?: readonly (readonly Button[])[]): ReviewPage;
  /** What waits of that filter, for those who only look. */
  renderPlainList(filter: ReviewFilter): Content;
  /** The answer when nothing of that filter waits. */
  renderNothing(filter: ReviewFilter): Content;
}

const WEEK_MS = 7 * 24 * 3_600_000;
/** Fewer decisions than these say nothing typical. */
const LEAST_DECISIONS = 3;
/** Publications of unknown fate that are counted, and those that are offered an answer below. */
const MOST_UNKNOWN = 50;
const MOST_ANSWERABLE = 3;
/** Drafts that a triage lists. */
const MOST_TRIAGED = 8;

/** How a review says what it did, and how it counts that at its end, in this order. */
const SAID: Readonly<Record<PassedDraft['said'], { readonly one: string; readonly many: string }>> = {
  approved: { one: '✅ approved', many: '✅ %n approved' },
  edited: { one: '✏️ approved in your words', many: '✏️ %n edited' },
  rejected: { one: '🚫 rejected', many: '🚫 %n rejected' },
  expired: { one: '⌛ expired', many: '⌛ %n expired' },
  snoozed: { one: '💤 snoozed', many: '💤 %n snoozed' },
  asked: { one: '🔁 another version is asked for', many: '🔁 %n asked for another version' },
  skipped: { one: '⏭ still waits', many: '⏭ %n passed over' },
};

/** What buttons of a review itself are bound to. */
export function reviewBinding(review: Pick<ReviewRow, 'id'>): string {
  return `review:${review.id}`;
}

/** Builds the renderer. */
export function createReviewPages(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly callbackData: CallbackData;
  readonly batches: Pick<Batches, 'offers' | 'countUndoable'>;
  readonly desk: Pick<Desk, 'viewOf' | 'cardSetting'>;
}): ReviewPages {
  const { storage, clock, callbackData, desk } = options;

  function numbersOf(filter: ReviewFilter): ReviewNumbers {
    const since = clock.now() - WEEK_MS;
    const latencies = [...storage.drafts.latencies(since)].sort((a, b) => a - b);
    return {
      filter,
      waiting: storage.reviews.waiting(filter, []),
      typicalMs: latencies.length < LEAST_DECISIONS ? undefined : latencies[Math.floor(latencies.length / 2)],
      missed: storage.drafts.missed(since),
      unknown: storage.reviews.unknown(MOST_UNKNOWN),
    };
  }

  function renderDraft(review: ReviewRow, draft: DraftRow, instead?: readonly (readonly Button[])[]): ReviewPage {
    const setting = desk.cardSetting();
    const view = desk.viewOf(draft);
    const last = review.passed.at(-1);
    const before = last === undefined || last.said === 'skipped' ? undefined : `#${last.draft}: ${SAID[last.said].one}`;
    const head = lines(renderReviewHead(numbersOf(review.filter)), noteOf(review) ?? before);
    const position = review.passed.length + 1;
    const rest = storage.reviews.waiting(
      review.filter,
      review.passed.map((passed) => passed.draft),
    );
    const next = callbackData.sign({ verb: 'next', id: review.id, revision: draft.id }, reviewBinding(review));
    const card = renderDraftCard(draft, setting, view);
    if (instead !== undefined) return renderReviewedDraft(draft, head, card, instead);
    return renderReviewedDraft(draft, head, card, [
      ...draftButtons(draft, setting, view),
      [{ text: `Next (${position} of ${review.passed.length + rest})`, data: next }],
      ...undoRow(review),
      ...batchRows(review),
    ]);
  }

  /** A decision that can be taken back is behind the reader already: its button stays for as long as the next draft is in view. */
  function undoRow(review: ReviewRow): Button[][] {
    const last = review.passed.at(-1);
    const batch = noteOf(review) === undefined ? undefined : storage.reviews.lastBatch(review.id);
    // What was approved together is taken back together.
    if (batch?.drafts.some(({ draft }) => draft === last?.draft) === true) return undoBatchRow(batch);
    const draft = last === undefined ? undefined : storage.drafts.get(last.draft);
    if (draft === undefined || desk.viewOf(draft).canUndo !== true) return [];
    const data = callbackData.sign({ verb: 'undo', id: draft.id, revision: draft.revision }, draft.hash);
    return [[{ text: `Undo #${draft.id}`, data }]];
  }

  function undoBatchRow(batch: BatchRow): Button[][] {
    const undoable = options.batches.countUndoable(batch);
    if (undoable === 0) return [];
    const press = { verb: 'batchyes', id: batch.id, revision: 0, choice: BATCH_UNDO } as const;
    return [[{ text: `Undo these ${undoable}`, data: callbackData.sign(press, batchBinding(batch)) }]];
  }

  /** One below the other: Telegram cuts a label that is longer than its button. */
  function batchRows(review: ReviewRow): Button[][] {
    const offers = options.batches.offers(review.filter).map(({ by, label }) => ({
      text: label,
      data: callbackData.sign({ verb: 'batch', id: review.id, revision: 0 }, groupBinding(review, by)),
    }));
    return offers.map((offer) => [offer]);
  }

  function renderList(review: ReviewRow): Content {
    const batch = storage.reviews.lastBatch(review.id);
    const listed = (batch?.drafts ?? [])
      .map(({ draft, revision }) => storage.drafts.atRevision(draft, revision))
      .filter((draft): draft is DraftRow => draft !== undefined);
    const back: Button = { text: 'Back', data: resumeData(review) };
    if (batch === undefined) return renderBatch([], 0, clock.now(), [[back]]);
    const approve: Button = {
      text: `Approve these ${listed.length}`,
      style: 'success',
      data: callbackData.sign({ verb: 'batchyes', id: batch.id, revision: 0 }, batchBinding(batch)),
    };
    return renderBatch(listed, moreThan(batch.drafts.length, review), clock.now(), [[approve, back]]);
  }

  /** How many of the group that a list was made of are not on it. */
  function moreThan(listed: number, review: ReviewRow): number {
    const by = readWords(review.words);
    if (typeof by !== 'object' || !('waiting' in by)) return 0;
    return Math.max(0, by.waiting - listed);
  }

  function resumeData(review: ReviewRow): string {
    return callbackData.sign({ verb: 'review', id: review.id, revision: 0 }, reviewBinding(review));
  }

  function renderOutage(review: ReviewRow): Content {
    const words = readWords(review.words);
    const { title, past } = typeof words === 'object' && 'title' in words ? words : { title: '', past: [] };
    const now = clock.now();
    const worth = storage.reviews
      .ready(review.filter, now, MOST_TRIAGED)
      .map((id) => storage.drafts.get(id))
      .filter((draft) => draft !== undefined);
    const waiting = storage.reviews.waiting(review.filter, []);
    return renderTriage({ title, past }, worth, waiting, now, waiting === 0 ? [] : goOnRow(review, waiting));
  }

  function goOnRow(review: ReviewRow, waiting: number): Button[][] {
    return [[{ text: `Review ${waiting === 1 ? 'it' : `these ${waiting}`}`, data: resumeData(review) }]];
  }

  function renderEnd(review: ReviewRow): Content {
    const numbers = numbersOf(review.filter);
    const tally = Object.entries(SAID).flatMap(([said, { many }]) => {
      const n = review.passed.filter((passed) => passed.said === said).length;
      return n === 0 ? [] : [many.replace('%n', String(n))];
    });
    const ended = review.passed.flatMap((passed): EndedDraft[] => {
      const draft = storage.drafts.get(passed.draft);
      return draft === undefined ? [] : [{ draft, said: saidOf(draft, passed) }];
    });
    const buttons = [
      ...(numbers.waiting === 0 ? [] : goOnRow(review, numbers.waiting)),
      ...(noteOf(review) === undefined ? [] : undoRow(review)),
      ...unknownRows(numbers.unknown),
    ];
    return renderReviewEnd(tally, ended, numbers, buttons);
  }

  /** What became of a draft that a review has behind it. */
  function saidOf(draft: DraftRow, passed: PassedDraft): string {
    switch (draft.state) {
      case 'published':
        return '✅ published';
      case 'publishing':
        return '📤 being published';
      case 'unknown':
        return '❓ I do not know whether it went out';
      case 'approved':
        return '✅ approved, going out';
      default:
        return `${SAID[passed.said].one}${draft.reason === null ? '' : `: ${draft.reason}`}`;
    }
  }

  function unknownRows(unknown: readonly number[]): Button[][] {
    return unknown.slice(0, MOST_ANSWERABLE).flatMap((id) => {
      const draft = storage.drafts.get(id);
      if (draft === undefined) return [];
      const press = { id, revision: draft.revision };
      return [
        // One below the other, as above.
        [{ text: `#${id}: It is live`, data: callbackData.sign({ verb: 'live', ...press }, draft.hash) }],
        [{ text: `#${id}: Publish again`, data: callbackData.sign({ verb: 'again', ...press }, draft.hash) }],
      ];
    });
  }

  return {
    render(review, buttons) {
      if (review.shows === 'batch') return { content: renderList(review) };
      if (review.shows === 'triage') return { content: renderOutage(review) };
      const draft = review.draftId === null ? undefined : storage.drafts.get(review.draftId);
      if (review.shows === 'end' || draft === undefined) return { content: renderEnd(review) };
      return renderDraft(review, draft, buttons);
    },

    renderPlainList(filter) {
      const now = clock.now();
      const waiting = storage.reviews.waiting(filter, []);
      const shown = storage.reviews
        .ready(filter, now, MOST_TRIAGED)
        .map((id) => storage.drafts.get(id))
        .filter((draft) => draft !== undefined);
      const title = `📥 ${count(waiting, 'draft')} ${waiting === 1 ? 'waits' : 'wait'} for a decision`;
      return renderTriage({ title, past: [] }, shown, waiting, now, []);
    },

    renderNothing(filter) {
      const unknown = storage.reviews.unknown(MOST_UNKNOWN);
      const whose =
        filter.kind === undefined
          ? `draft${filter.agent === undefined ? '' : ` of ${filter.agent}`}`
          : `${shorten(filter.kind, 40)} draft`;
      return {
        kind: 'text',
        body: richText(lines(`📥 No ${whose} waits for you.`, renderUnknownQuestion(unknown))),
        buttons: unknownRows(unknown),
      };
    },
  };

  function noteOf(review: ReviewRow): string | undefined {
    const words = readWords(review.words);
    return typeof words === 'string' ? shorten(words, 500) : undefined;
  }
}

type Words = string | { readonly title: string; readonly past: readonly string[] } | { readonly waiting: number };

function readWords(words: string | null): Words {
  return words === null ? { waiting: 0 } : (JSON.parse(words) as Words);
}
