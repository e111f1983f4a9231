import type { DraftRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { draftCardKey } from '../telegram/cards/draft-card.ts';
import { decideReminder, type ReminderDecision } from './reminders.ts';
import type { RuleBook } from './rule-book.ts';
import { nextTimeStep } from './time-left.ts';

/** How often a draft that a rule may approve is looked at while it is not shown yet, or while something keeps it. */
const UNSHOWN_MS = 20_000;
const KEPT_MS = 60_000;

/** When something happens to a draft because time passes. All times are epoch ms. */
export interface DraftMoments {
  /** When a draft has to be looked at next; null: not because of the time. */
  next(draft: DraftRow, now: number): number | null;
  /** Whether its owner is to be reminded of it, by what fleet.yaml says of its kind. */
  reminderOf(draft: DraftRow, now: number): ReminderDecision;
}

/** Builds the moments of drafts: they read rows, and change nothing. */
export function createDraftMoments(options: {
  readonly fleet: Fleet;
  readonly storage: Pick<Storage, 'outbox'>;
  readonly rules: Pick<RuleBook, 'decide'>;
}): DraftMoments {
  const { fleet, storage, rules } = options;

  function reminderOf(draft: DraftRow, now: number): ReminderDecision {
    const percents = fleet.drafts.kinds.get(draft.kind)?.remindPercent ?? [];
    return decideReminder({ ...draft, percents }, now);
  }

  function next(draft: DraftRow, now: number): number | null {
    if (draft.state === 'approved') return draft.undoUntil !== null && draft.undoUntil > now ? draft.undoUntil : null;
    if (draft.state !== 'pending') return null;
    if (draft.snoozedUntil !== null) return draft.snoozedUntil;
    const all = [reminderMoment(draft, now), countdownMoment(draft, now), ruleMoment(draft, now)];
    const known = all.filter((at) => at !== undefined);
    return known.length === 0 ? null : Math.min(...known);
  }

  function reminderMoment(draft: DraftRow, now: number): number | undefined {
    const reminder = reminderOf(draft, now);
    return reminder.kind === 'none' ? undefined : reminder.kind === 'due' ? now : reminder.at;
  }

  function countdownMoment({ windowEndsAt }: DraftRow, now: number): number | undefined {
    const step = windowEndsAt === null ? undefined : nextTimeStep(windowEndsAt - now);
    return step === undefined || windowEndsAt === null ? undefined : windowEndsAt - step;
  }

  function ruleMoment(draft: DraftRow, now: number): number | undefined {
    const decision = rules.decide(draft);
    switch (decision.kind) {
      case 'none':
      case 'person':
        return decision.kind === 'person' && decision.isTime ? now : undefined;
      case 'waits':
        return now + KEPT_MS;
      case 'later':
        return isShown(draft) ? decision.at : Math.min(decision.at, now + UNSHOWN_MS);
      case 'now':
        return now;
    }
  }

  function isShown(draft: DraftRow): boolean {
    const card = storage.outbox.get(draftCardKey(draft));
    return card === undefined ? draft.shownAt !== null : card.sentAt !== null;
  }

  return { next, reminderOf };
}
