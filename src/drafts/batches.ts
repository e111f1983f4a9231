import type { DraftRow } from '../../storage/draft-store.ts';
import type { BatchRow, ReviewFilter, ReviewRow } from '../../storage/review-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Clock } from '../ports.ts';
import type { CardView } from '../telegram/cards/draft-card.ts';
import { countFitting } from '../telegram/cards/review-card.ts';
import { count, shorten } from '../telegram/cards/words.ts';
import type { Desk } from './desk.ts';

/** Several drafts of one kind or of one author that could be approved together. */
export interface BatchOffer {
  readonly by: ReviewFilter;
  readonly waiting: number;
  readonly label: string;
}

/** What came of a batch. */
export interface BatchResult {
  readonly approved: readonly number[];
  /** One sentence: how many were approved, and which ones were left alone, why. */
  readonly said: string;
}

/** What came of taking a batch back. */
export interface UndoneBatch {
  /** False when some of it had gone out already. */
  readonly isWhole: boolean;
  /** One sentence: how many wait again, and how many it was too late for. */
  readonly said: string;
}

/** Approves several drafts at once, after their owner looked at the list. */
export interface Batches {
  /** What is offered under a review: the largest kind and the largest author that have several. */
  offers(filter: ReviewFilter): readonly BatchOffer[];
  /** The group that a button means, among those that still wait. */
  groupMeant(filter: ReviewFilter, isMeant: (by: ReviewFilter) => boolean): ReviewFilter | undefined;
  /**
   * Writes down which texts are listed, and how many of that group wait in all; undefined when there are no two that could go out. Called
   * within a transaction.
   */
  list(review: ReviewRow, by: ReviewFilter): { readonly batch: BatchRow; readonly waiting: number } | undefined;
  /** Approves exactly what was listed; undefined when that was decided already. Called within a transaction. */
  approve(batch: BatchRow, actor: string): BatchResult | undefined;
  /** How many drafts of an approved batch can still be taken back. */
  countUndoable(batch: BatchRow): number;
  /** Takes back what can be taken back of a batch. Called within a transaction. */
  undo(batch: BatchRow, actor: string): UndoneBatch;
}

/** More than any message can list. */
const MOST_LISTED = 60;
/** Kinds by authors that are counted: a fleet has some dozens. */
const MOST_GROUPS = 500;
/** Drafts left alone that are named with the reason. */
const MOST_LEFT = 5;

/** The choice of a press that takes an approved batch back. */
export const BATCH_UNDO = 1;

/** What a button that lists a group is bound to. */
export function groupBinding(review: Pick<ReviewRow, 'id'>, by: ReviewFilter): string {
  return `review:${review.id}:${JSON.stringify([by.kind ?? null, by.agent ?? null])}`;
}

/** What a button that approves a batch is bound to: each draft, revision and text on the list. */
export function batchBinding(batch: Pick<BatchRow, 'id' | 'drafts'>): string {
  return `batch:${batch.id}:${JSON.stringify(batch.drafts)}`;
}

/** Builds the batches over the desk. */
export function createBatches(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly desk: Pick<Desk, 'approve' | 'undo' | 'viewOf'>;
}): Batches {
  const { storage, clock, desk } = options;

  /** A batch is a short look: it holds only what could go out as it stands. */
  function couldGoOut(draft: DraftRow): boolean {
    // It may have gone out before the backup was restored: that is looked at one by one.
    if (draft.restoredAt !== null) return false;
    const { preflight }: CardView = desk.viewOf(draft);
    return preflight === undefined || preflight.kind === 'ready';
  }

  function undoableOf(batch: BatchRow): BatchRow['drafts'] {
    return batch.drafts.filter(({ draft: id, revision }) => {
      const draft = storage.drafts.get(id);
      return draft?.state === 'approved' && draft.revision === revision && desk.viewOf(draft).canUndo === true;
    });
  }

  return {
    offers(filter) {
      const groups = storage.reviews.groups(filter, clock.now(), MOST_GROUPS);
      const kind = largest(groups.map((group) => [group.kind, group.waiting] as const));
      const agent = largest(groups.map((group) => [group.agent, group.waiting] as const));
      const both = groups.find((group) => group.kind === kind?.name && group.agent === agent?.name)?.waiting;
      const isSame = both === kind?.waiting && both === agent?.waiting;
      return [
        ...(kind === undefined || kind.waiting < 2
          ? []
          : [
              {
                by: { kind: kind.name },
                waiting: kind.waiting,
                label: `Approve all ${kind.waiting}: ${shorten(kind.name, 30)}`,
              },
            ]),
        ...(agent === undefined || agent.waiting < 2 || isSame
          ? []
          : [
              {
                by: { agent: agent.name },
                waiting: agent.waiting,
                label: `Approve all ${agent.waiting}: ${shorten(agent.name, 30)}`,
              },
            ]),
      ];
    },

    groupMeant(filter, isMeant) {
      const groups = storage.reviews.groups(filter, clock.now(), MOST_GROUPS);
      const kinds = [...new Set(groups.map(({ kind }) => kind))].map((kind): ReviewFilter => ({ kind }));
      const agents = [...new Set(groups.map(({ agent }) => agent))].map((agent): ReviewFilter => ({ agent }));
      return [...kinds, ...agents].find(isMeant);
    },

    list(review, by) {
      const now = clock.now();
      const drafts = storage.reviews
        .ready({ ...review.filter, ...by }, now, MOST_LISTED)
        .map((id) => storage.drafts.get(id))
        .filter((draft): draft is DraftRow => draft !== undefined && couldGoOut(draft));
      const listed = drafts.slice(0, countFitting(drafts, now));
      if (listed.length < 2) return undefined;
      const id = storage.reviews.addBatch(
        review.id,
        listed.map((draft) => ({ draft: draft.id, revision: draft.revision, hash: draft.hash })),
        now,
      );
      const batch = storage.reviews.getBatch(id);
      const groups = storage.reviews.groups({ ...review.filter, ...by }, now, MOST_GROUPS);
      const waiting = groups.reduce((sum, group) => sum + group.waiting, 0);
      return batch === undefined ? undefined : { batch, waiting };
    },

    approve(batch, actor) {
      if (!storage.reviews.decideBatch(batch.id, actor, clock.now())) return undefined;
      const approved: number[] = [];
      const left: string[] = [];
      for (const { draft, revision, hash } of batch.drafts) {
        const isListed = storage.drafts.atRevision(draft, revision)?.hash === hash;
        const result = isListed ? desk.approve(draft, revision, actor) : undefined;
        if (result?.kind === 'done') approved.push(draft);
        else left.push(`#${draft}: ${result?.said ?? 'its text has changed.'}`);
      }
      const alone =
        left.length === 0
          ? ''
          : ` Left alone: ${left.slice(0, MOST_LEFT).join(' ')}${left.length > MOST_LEFT ? ` and ${left.length - MOST_LEFT} more` : ''}`;
      return { approved, said: `✅ Approved together: ${count(approved.length, 'draft')}.${alone}` };
    },

    countUndoable: (batch) => undoableOf(batch).length,

    undo(batch, actor) {
      const undone = undoableOf(batch).filter(
        ({ draft, revision }) => desk.undo(draft, revision, actor).kind === 'done',
      ).length;
      const rest = batch.drafts.length - undone;
      const late = rest === 0 ? '' : ` It was too late for ${rest}.`;
      return { isWhole: rest === 0, said: `Taken back: ${count(undone, 'draft')}.${late}` };
    },
  };
}

/** The name with the largest sum. */
function largest(
  counted: readonly (readonly [name: string, waiting: number])[],
): { readonly name: string; readonly waiting: number } | undefined {
  const sums = new Map<string, number>();
  for (const [name, waiting] of counted) sums.set(name, (sums.get(name) ?? 0) + waiting);
  const [first] = [...sums].sort(([a, n], [b, m]) => m - n || a.localeCompare(b));
  return first === undefined ? undefined : { name: first[0], waiting: first[1] };
}
