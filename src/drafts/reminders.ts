/** What decides whether the owner is reminded of a draft. */
export interface ReminderFacts {
  readonly createdAt: number;
  readonly windowEndsAt: number | null;
  /** The percent that he was reminded at last; 0: not yet. */
  readonly remindedPercent: number;
  /** Percent of the window at which he wants to be. */
  readonly percents: readonly number[];
}

/** Whether a reminder is due. */
export type ReminderDecision =
  | { readonly kind: 'none' }
  /** The next one is due then. */
  | { readonly kind: 'later'; readonly at: number }
  /** One is due since `since`; of several that are late only the highest percent is told. */
  | { readonly kind: 'due'; readonly percent: number; readonly since: number };

/** Decides about one pending draft. */
export function decideReminder(facts: ReminderFacts, now: number): ReminderDecision {
  const { createdAt, windowEndsAt } = facts;
  if (windowEndsAt === null || windowEndsAt <= now || windowEndsAt <= createdAt) return { kind: 'none' };
  const moments = facts.percents
    .filter((percent) => percent > facts.remindedPercent && percent < 100)
    .toSorted((a, b) => a - b)
    .map((percent) => ({ percent, at: Math.round(createdAt + ((windowEndsAt - createdAt) * percent) / 100) }));
  const due = moments.findLast(({ at }) => at <= now);
  if (due !== undefined) return { kind: 'due', percent: due.percent, since: due.at };
  const [next] = moments;
  return next === undefined ? { kind: 'none' } : { kind: 'later', at: next.at };
}
