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
    usd === undefined ? [] : [{ agent, limitMicroUsd: Math.round(usd * 1_000_000), percents }],
  );
}

/** Whether that much of a budget is spent; in whole numbers, so that no rounding decides. */
export function hasReached(spentMicroUsd: number, limitMicroUsd: number, percent: number): boolean {
  return spentMicroUsd * 100 >= limitMicroUsd * percent;
}
