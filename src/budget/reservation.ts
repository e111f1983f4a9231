import type { CostHistory } from '../../storage/budget-store.ts';
import type { Agent } from '../config/fleet.ts';
import { microUsdOf } from './budget.ts';

/** As many runs back as tell what the next one may cost. */
export const COUNTED_RUNS = 20;
/** The next run may cost so many times what the costliest one before it did, and a dollar in any case. */
const MARGIN = 4;
const CHEAP_MICRO_USD = 1_000_000;
/** A run is not begun with less than a cent. */
const LEAST_MICRO_USD = 10_000;
/** What the first run of an agent gets whose owner sets no limit: a run that is cut short has cost its money for nothing. */
const UNKNOWN_MICRO_USD = 5_000_000;

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

/** What a run is to have set aside, and the least with which it is worth being begun. */
export interface Wish {
  readonly microUsd: number;
  readonly leastMicroUsd: number;
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
export function decideWish(agent: Agent, isBudgeted: boolean, history: () => CostHistory): Wish | undefined {
  if (agent.maxRunCostUsd !== undefined) {
    const microUsd = microUsdOf(agent.maxRunCostUsd);
    return { microUsd, leastMicroUsd: Math.ceil(microUsd / 2) };
  }
  if (!isBudgeted) return undefined;
  const { costliestMicroUsd, talkative } = history();
  // A CLI that told its tokens would have told costs, too, if it could.
  if (costliestMicroUsd === null && (agent.runtime === 'command' || talkative > 0)) return undefined;
  if (costliestMicroUsd === null) return { microUsd: UNKNOWN_MICRO_USD, leastMicroUsd: LEAST_MICRO_USD };
  return {
    microUsd: Math.max(CHEAP_MICRO_USD, costliestMicroUsd * MARGIN),
    leastMicroUsd: Math.max(LEAST_MICRO_USD, costliestMicroUsd),
  };
}

/**
 * Decides about one run. It gets what it wishes for where every budget has that much left, else what is left,
 * unless that is less than it needs at least. What other runs have set aside is not left, but may be again.
 */
export function decideReservation(wish: Wish | undefined, budgets: readonly Budget[]): Reservation {
  const [tightest] = budgets.toSorted((a, b) => leftOf(a) - leftOf(b));
  if (tightest === undefined) return { kind: 'reserved', microUsd: wish?.microUsd ?? null };
  const spentUp = budgets.find(({ spentMicroUsd, limitMicroUsd }) => spentMicroUsd >= limitMicroUsd);
  if (spentUp !== undefined) return { kind: 'refused', budget: spentUp, wishMicroUsd: wish?.microUsd ?? 0 };
  if (wish === undefined) return { kind: 'reserved', microUsd: null };
  const left = leftOf(tightest);
  if (isEnough(left, wish)) return { kind: 'reserved', microUsd: Math.min(wish.microUsd, left) };
  const hopeless = budgets.find((budget) => !isEnough(unspentOf(budget), wish));
  return hopeless === undefined
    ? { kind: 'waits', budget: tightest, wishMicroUsd: wish.leastMicroUsd }
    : { kind: 'refused', budget: hopeless, wishMicroUsd: wish.leastMicroUsd };
}

function isEnough(left: number, { leastMicroUsd }: Wish): boolean {
  return left >= leastMicroUsd;
}

/** What is neither spent nor set aside. */
export function leftOf(budget: Budget): number {
  return unspentOf(budget) - budget.setAsideMicroUsd;
}

function unspentOf({ limitMicroUsd, spentMicroUsd }: Budget): number {
  return limitMicroUsd - spentMicroUsd;
}
