import type { DailyWindow } from '../config/fleet.ts';
import { isWithin, nextOpening } from '../loop/schedule.ts';

const MINUTE_MS = 60_000;
/** Days of quiet hours that are stepped over: a rule's time is hours, and past a month nobody would wait for it. */
const MOST_STEPS = 62;

/**
 * When so much time has passed since `from`, quiet hours not counted; never a moment of quiet hours. Rounded up to a whole minute, as a card
 * shows it. Undefined where quiet hours leave no such moment within a month.
 */
export function afterAwakeTime(
  from: number,
  ms: number,
  quiet: DailyWindow | undefined,
  timezone: string,
): number | undefined {
  if (quiet === undefined) return wholeMinute(from + ms);
  const awake = { fromMinute: quiet.toMinute, toMinute: quiet.fromMinute };
  let at = from;
  let leftMs = ms;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    if (isWithin(quiet, at, timezone)) at = nextOpening(awake, at, timezone);
    const quietAt = nextOpening(quiet, at, timezone);
    const wanted = wholeMinute(at + leftMs);
    if (wanted < quietAt) return wanted;
    leftMs = Math.max(0, leftMs - (quietAt - at));
    at = quietAt;
  }
  return undefined;
}

function wholeMinute(at: number): number {
  return Math.ceil(at / MINUTE_MS) * MINUTE_MS;
}

/** What decides whether a rule approves a draft, and when. */
export interface RuleFacts {
  /** The rule of its kind; undefined: only a person approves. */
  readonly rule: { readonly afterMs: number; readonly perDay: number } | undefined;
  readonly windowEndsAt: number | null;
  /** When its present text was shown to the owner; undefined: not yet. */
  readonly shownAt: number | undefined;
  /** What the owner's time to object begins anew with, each as far as it happened: the end of a snooze, of a pause, of an outage, a login. */
  readonly restartedAt: readonly (number | undefined)[];
  /** Something that keeps it now: a snooze, a version that is wanted, a pause, a credential that is not ready, an outage. */
  readonly isKept: boolean;
  /** The day's number was reached when its time came: it waits for a person. */
  readonly isOver: boolean;
  /** How many the rule approved on the calendar day of `now`. */
  readonly usedToday: number;
  readonly quiet: DailyWindow | undefined;
  readonly timezone: string;
  /** The end of the calendar day of `now`. */
  readonly dayEndsAt: number;
}

/** Whether a rule approves a draft. */
export type RuleDecision =
  /** No rule, or nothing that a rule could do in time. */
  | { readonly kind: 'none' }
  /** Kept by something, or not shown yet. */
  | { readonly kind: 'waits' }
  /** The day's number is reached; `isTime`: its own time has come, so that it waits for a person from here on. */
  | { readonly kind: 'person'; readonly isTime: boolean }
  | { readonly kind: 'later'; readonly at: number }
  | { readonly kind: 'now' };

/** Decides about one pending draft. */
export function decideRule(facts: RuleFacts, now: number): RuleDecision {
  const { rule, quiet, timezone } = facts;
  if (rule === undefined) return { kind: 'none' };
  if (facts.isOver) return { kind: 'person', isTime: false };
  if (facts.isKept) return { kind: 'waits' };
  // A time that is not over yet was written down by a clock that was ahead.
  const begins = [facts.shownAt ?? now, ...facts.restartedAt]
    .filter((at) => at !== undefined)
    .map((at) => Math.min(at, now));
  const at = afterAwakeTime(Math.max(...begins), rule.afterMs, quiet, timezone);
  if (at === undefined || (facts.windowEndsAt !== null && at >= facts.windowEndsAt)) return { kind: 'none' };
  const isTime = at <= now && facts.shownAt !== undefined;
  if (facts.usedToday >= rule.perDay && at < facts.dayEndsAt) return { kind: 'person', isTime };
  if (!isTime) return { kind: 'later', at };
  // A look that came late must not send into the quiet hours.
  return quiet !== undefined && isWithin(quiet, now, timezone) ? { kind: 'waits' } : { kind: 'now' };
}
