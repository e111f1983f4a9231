import type { DraftRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { credentialsOf } from '../credentials/credential.ts';
import { createWallClock } from '../loop/wall-clock.ts';
import type { Clock } from '../ports.ts';
import { draftCardKey } from '../telegram/cards/draft-card.ts';
import { decideRule, type RuleDecision } from './auto-approval.ts';
import type { Preflights } from './preflight.ts';
import { DESK_SETTINGS, keptTime, type Outages } from './withholding.ts';

const DAY_MS = 86_400_000;

/** The rules that fleet.yaml has for kinds of drafts: what each says of a draft right now. */
export interface RuleBook {
  decide(draft: DraftRow): RuleDecision;
  /** What its card says of it: when it goes out, or that today's number is reached; undefined: nothing. */
  outlookOf(draft: DraftRow): { readonly at: number } | 'person' | undefined;
}

/** Who approves by a rule, as decisions and publishers read it. */
export function ruleActor(kind: string): string {
  return `rule:${kind}`;
}

/** Builds the rule book. */
export function createRuleBook(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly preflights: Preflights;
  readonly outages: Pick<Outages, 'isOut'>;
}): RuleBook {
  const { fleet, storage, clock, preflights } = options;
  const wall = createWallClock(fleet.timezone);

  function dayOf(now: number): { readonly startsAt: number; readonly endsAt: number } {
    const midnight = Math.floor((now + wall.offsetMsAt(now)) / DAY_MS) * DAY_MS;
    return { startsAt: wall.instantOf(midnight), endsAt: wall.instantOf(midnight + DAY_MS) };
  }

  function usedToday(kind: string): number {
    return storage.deskWatch.countApprovedBy(ruleActor(kind), dayOf(clock.now()).startsAt);
  }

  /** When its present text was shown: on its own card, or, without one, in a message for many. */
  function shownAt(draft: DraftRow): number | undefined {
    const card = storage.outbox.get(draftCardKey(draft));
    if (card !== undefined) return card.sentAt ?? undefined;
    return draft.isQueued === 1 || draft.revision === 1 ? (draft.shownAt ?? undefined) : undefined;
  }

  /** Whether the owner holds the fleet, or whoever publishes this. */
  function isPaused(publisher: string): boolean {
    return storage.holds.active().some(({ kind, agent }) => kind === 'owner' && (agent === '' || agent === publisher));
  }

  function isKept(draft: DraftRow, publisher: string, now: number): boolean {
    return (
      (draft.snoozedUntil !== null && draft.snoozedUntil > now) ||
      draft.reviseWantedAt !== null ||
      isPaused(publisher) ||
      preflights.of(draft).kind !== 'ready' ||
      options.outages.isOut()
    );
  }

  /** An approval that was taken back, or came to nothing, is a person's from then on; a new text begins anew. */
  function cameBack(draft: DraftRow): boolean {
    const verdict = storage.drafts.lastDecision(draft.id)?.verdict;
    return draft.reason !== null || verdict === 'undone' || verdict === 'failed';
  }

  function loginsOf(draft: DraftRow): readonly number[] {
    const publisher = preflights.publisherOf(draft.kind);
    if (publisher === undefined) return [];
    return credentialsOf(publisher).flatMap((name) => storage.credentials.get(name)?.since ?? []);
  }

  function decide(draft: DraftRow): RuleDecision {
    const rule = fleet.drafts.kinds.get(draft.kind)?.autoApprove;
    // What a restored backup shows as undecided may have gone out since: only a person can look.
    if (rule === undefined || draft.state !== 'pending' || draft.restoredAt !== null) return { kind: 'none' };
    const now = clock.now();
    const publisher = preflights.publisherOf(draft.kind)?.name ?? '';
    const watch = storage.deskWatch.watchOf(draft.id);
    return decideRule(
      {
        rule,
        windowEndsAt: draft.windowEndsAt,
        shownAt: shownAt(draft),
        restartedAt: [
          watch?.wokenAt ?? undefined,
          keptTime(storage, DESK_SETTINGS.backAt, now),
          storage.deskWatch.pausedUntil(publisher, now),
          ...loginsOf(draft),
        ],
        isKept: isKept(draft, publisher, now),
        isOver: watch?.ruleOver === 1 || cameBack(draft),
        usedToday: usedToday(draft.kind),
        quiet: fleet.alerts.quiet,
        timezone: fleet.timezone,
        dayEndsAt: dayOf(now).endsAt,
      },
      now,
    );
  }

  return {
    decide,
    outlookOf(draft) {
      const decision = decide(draft);
      if (decision.kind === 'later') return { at: decision.at };
      return decision.kind === 'person' && !cameBack(draft) ? 'person' : undefined;
    },
  };
}
