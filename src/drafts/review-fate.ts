import type { DraftRow } from '../../storage/draft-store.ts';
import type { PassedDraft } from '../../storage/review-store.ts';
import { personId } from '../people.ts';

/** After so many drafts a review ends, and a press goes on: its row, which every press writes, stays small. */
const MOST_PASSED = 300;

/** What is behind a review, but still waits. */
const PUT_OFF: ReadonlySet<PassedDraft['said']> = new Set(['skipped', 'snoozed', 'asked']);

/** Whether a review has as many drafts behind it as it takes. */
export function isFull(passed: readonly PassedDraft[]): boolean {
  return passed.length >= MOST_PASSED;
}

/** Drafts that a review does not come back to by itself, although they wait. */
export function putOff(passed: readonly PassedDraft[]): readonly number[] {
  return passed.filter(({ said }) => PUT_OFF.has(said)).map(({ draft }) => draft);
}

/** What is wanted of a pending draft besides a decision: a later time, another version; empty: nothing. */
export function wishesOf(draft: Pick<DraftRow, 'snoozedUntil' | 'reviseWantedAt'>, now: number): string {
  const snoozed = draft.snoozedUntil !== null && draft.snoozedUntil > now ? draft.snoozedUntil : '';
  return snoozed === '' && draft.reviseWantedAt === null ? '' : `${snoozed}/${draft.reviseWantedAt ?? ''}`;
}

/**
 * What became of a draft since a review showed it, when `seen` was wanted of it; undefined: nothing that would let the review go on.
 * `author` wrote its present text.
 */
export function decideFate(
  draft: DraftRow,
  author: string | undefined,
  seen: string,
  now: number,
): PassedDraft['said'] | undefined {
  if (draft.state === 'rejected' || draft.state === 'expired') return draft.state;
  if (draft.state !== 'pending') return personId(author ?? '') !== undefined ? 'edited' : 'approved';
  const wishes = wishesOf(draft, now);
  if (wishes === '' || wishes === seen) return undefined;
  return draft.reviseWantedAt === null ? 'snoozed' : 'asked';
}

/** What a review says of a pending draft behind it, of which it said `said`; undefined: it waits again. */
export function decidePutOff(
  draft: Pick<DraftRow, 'snoozedUntil' | 'reviseWantedAt'>,
  said: PassedDraft['said'],
  now: number,
): PassedDraft['said'] | undefined {
  if (wishesOf(draft, now) !== '') return draft.reviseWantedAt === null ? 'snoozed' : 'asked';
  return said === 'skipped' ? 'skipped' : undefined;
}
