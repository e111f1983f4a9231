import type { CostHistory } from '../../storage/budget-store.ts';
import type { Agent } from '../config/fleet.ts';
import { microUsdOf } from './budget.ts';

/** As many runs back as tell what the next one may cost. */
export const COUNTED_RUNS = 20;
/** The next run may cost so much more than the costliest one before it. */
const MARGIN = 1.5;
/** The least that is set aside: a cent. */
const LEAST_MICRO_USD = 10_000;
/** What is set aside for an agent that has never run: a dollar. */
const UNKNOWN_MICRO_USD = 1_000_000;

/** A budget that a run would be paid from. */
export interface Budget {
  /** '' is the whole fleet. */
  readonly agent: string;
  readonly limitMicroUsd: number;
  /** What alive runs have told included. */
  readonly spentMicroUsd: number;
  /** What alive runs may cost beyond that. */
  readonly setAsideMicroUsd: number;
}

/** Whether a run may start as far as money goes, and what is set aside for it. */
export type Reservation =
  /** Null: nothing, and it is not limited. */
  | { readonly kind: 'reserved'; readonly microUsd: number | null }
  /** Other runs have set aside what it would need, and may give some of it back: `budget` is the one that is short. */
  | { readonly kind: 'waits'; readonly budget: Budget; readonly wishMicroUsd: number }
  /** Too little is left. */
  | { readonly kind: 'refused'; readonly budget: Budget; readonly wishMicroUsd: number };

/**
 * What an agent's next run should have set aside, in millionths of a dollar: `max_run_cost`, or by what its last runs cost. Undefined: nothing,
 * since nothing limits it, or since its costs are told by nobody.
 */
export function decideWish(agent: Agent, isBudgeted: boolean, history: () => CostHistory): number | undefined {
  if (agent.maxRunCostUsd !== undefined) return microUsdOf(agent.maxRunCostUsd);
  if (!isBudgeted) return undefined;
  const { costliestMicroUsd, talkative } = history();
  if (costliestMicroUsd !== null) return Math.max(LEAST_MICRO_USD, Math.ceil(costliestMicroUsd * MARGIN));
  // A CLI that told its tokens would have told costs, too, if it could.
  return agent.runtime === 'command' || talkative > 0 ? undefined : UNKNOWN_MICRO_USD;
}

/**
 * Decides about one run. It gets what it wishes for where every budget has that much left; what is left where that is at least half of its
 * wish. What other runs have set aside is not left, but may be again.
 */
export function decideReservation(wish: number | undefined, budgets: readonly Budget[]): Reservation {
  const [tightest] = budgets.toSorted((a, b) => leftOf(a) - leftOf(b));
  if (tightest === undefined) return { kind: 'reserved', microUsd: wish ?? null };
  const spentUp = budgets.find(({ spentMicroUsd, limitMicroUsd }) => spentMicroUsd >= limitMicroUsd);
  if (spentUp !== undefined) return { kind: 'refused', budget: spentUp, wishMicroUsd: wish ?? 0 };
  if (wish === undefined) return { kind: 'reserved', microUsd: null };
  const left = leftOf(tightest);
  if (isEnough(left, wish)) return { kind: 'reserved', microUsd: Math.min(wish, left) };
  const hopeless = budgets.find((budget) => !isEnough(unspentOf(budget), wish));
  return hopeless === undefined
    ? { kind: 'waits', budget: tightest, wishMicroUsd: wish }
    : { kind: 'refused', budget: hopeless, wishMicroUsd: wish };
}

function isEnough(left: number, wish: number): boolean {
  return left > 0 && left * 2 >= wish;
}

/** What is neither spent nor set aside. */
export function leftOf(budget: Budget): number {
  return unspentOf(budget) - budget.setAsideMicroUsd;
}

function unspentOf({ limitMicroUsd, spentMicroUsd }: Budget): number {
  return limitMicroUsd - spentMicroUsd;
}
