import type { Fleet } from '../config/fleet.ts';
import type { WallClock } from '../loop/wall-clock.ts';

/** A calendar month of a timezone. */
export interface Month {
  /** As it is stored: `2026-11`. */
  readonly key: string;
  /** As a person calls it: `November`. */
  readonly name: string;
  readonly startsAt: number;
  /** The first instant of the next one. */
  readonly endsAt: number;
}

/** Whose spending is limited, and where its owner wants to be told. */
export interface Scope {
  /** '' is the whole fleet. */
  readonly agent: string;
  /** Millionths of a US dollar a calendar month. */
  readonly limitMicroUsd: number;
  /** Ascending; the last one is 100, at which nothing starts any more. */
  readonly percents: readonly number[];
}

/** Where an agent's owner is told of its budget when fleet.yaml has no `budget` with its `warn`: as the schema says. */
const DEFAULT_WARN_PERCENT = [50, 80, 95];

/** The month that a wall clock shows at an instant. */
export function monthAt(at: number, wall: WallClock): Month {
  const shown = new Date(at + wall.offsetMsAt(at));
  const [year, month] = [shown.getUTCFullYear(), shown.getUTCMonth()];
  return {
    key: shown.toISOString().slice(0, 7),
    name: new Intl.DateTimeFormat('en-GB', { month: 'long', timeZone: 'UTC' }).format(shown),
    startsAt: wall.instantOf(Date.UTC(year, month, 1)),
    endsAt: wall.instantOf(Date.UTC(year, month + 1, 1)),
  };
}

/** Dollars of fleet.yaml in millionths. */
export function microUsdOf(usd: number): number {
  return Math.round(usd * 1_000_000);
}

/** Every budget of a fleet: the monthly one of all, then those of agents. */
export function listScopes(fleet: Fleet): readonly Scope[] {
  const percents = [...new Set([...(fleet.budget?.warnPercent ?? DEFAULT_WARN_PERCENT), 100])].toSorted(
    (a, b) => a - b,
  );
  const limits = [
    { agent: '', usd: fleet.budget?.monthlyUsd },
    ...[...fleet.agents.values()].map(({ name, budgetUsd }) => ({ agent: name, usd: budgetUsd })),
  ];
  return limits.flatMap(({ agent, usd }) =>
    usd === undefined ? [] : [{ agent, limitMicroUsd: microUsdOf(usd), percents }],
  );
}

/** Whether that much of a budget is spent; in whole numbers, so that no rounding decides. */
export function hasReached(spentMicroUsd: number, limitMicroUsd: number, percent: number): boolean {
  return spentMicroUsd * 100 >= limitMicroUsd * percent;
}

/** Whose budget it is, as a sentence names it. */
export function budgetName(agent: string, month: Month): string {
  return `${agent === '' ? 'the fleet’s' : `${agent}’s`} budget for ${month.name}`;
}

/** What an incident about money is about, as its fingerprint says it. */
export interface BudgetTopic {
  /** `budget`: percents of it were spent; `burn`: it is being spent too fast; `short`: what is left is too little for a next run. */
  readonly about: 'budget' | 'burn' | 'short';
  /** '' is the whole fleet. */
  readonly agent: string;
  readonly month: string;
  /** With `short`: the limit that it was too little of. */
  readonly limitMicroUsd?: number;
}

/** The fingerprint of an incident about a month's budget. */
export function budgetFingerprint({ about, agent, month, limitMicroUsd }: BudgetTopic): string {
  return `${about}:${agent}:${month}${limitMicroUsd === undefined ? '' : `:${limitMicroUsd}`}`;
}

/** What such a fingerprint says; undefined: it is of another kind. */
export function readBudgetFingerprint(fingerprint: string): BudgetTopic | undefined {
  const [, about, agent, month, limit] =
    /^(budget|burn|short):([^:]*):(\d{4}-\d{2})(?::(\d+))?$/.exec(fingerprint) ?? [];
  if (about === undefined || agent === undefined || month === undefined) return undefined;
  const topic = { about: about as BudgetTopic['about'], agent, month };
  return limit === undefined ? topic : { ...topic, limitMicroUsd: Number(limit) };
}

/** The fingerprint of the incident that tells of an agent's run that reached what it may spend. */
export function runCostFingerprint(agent: string): string {
  return `run-cost:${agent}`;
}
