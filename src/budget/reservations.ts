import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { isDrillAgent } from '../drills/drill.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { dollarText } from '../telegram/cards/words.ts';
import { budgetFingerprint, budgetName, type Month } from './budget.ts';
import type { Ledger } from './ledger.ts';
import { type Budget, COUNTED_RUNS, decideReservation, decideWish, leftOf } from './reservation.ts';

/** Whether money lets a run start, and what its row says of money; or what it waits for, in words. */
export type MoneyForRun =
  | { readonly kind: 'given'; readonly reservedMicroUsd: number | null }
  /** `isPassing`: runs that are alive may give back what it needs. */
  | { readonly kind: 'short'; readonly isPassing: boolean; readonly reason: string };

/** What the scheduler asks before it starts a run; belongs into the transaction that makes the run's row. */
export interface Reservations {
  reserve(agent: Agent): MoneyForRun;
  /** 1: a subscription pays for this agent's runs. */
  coverOf(agent: Agent): 0 | 1;
}

/** Builds the reservations. A run gives its own back by ending: only alive ones count. */
export function createReservations(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly ledger: Ledger;
  readonly incidents: IncidentRegister;
}): Reservations {
  const { fleet, storage, ledger, incidents } = options;

  function tellShort(agent: Agent, budget: Budget, month: Month, wishMicroUsd: number): void {
    const fingerprint = fingerprintOf(budget, month);
    const open = storage.incidents.unresolved(fingerprint);
    // It is asked for each time that it is due.
    if (open !== undefined && storage.incidents.agents(open.id).includes(agent.name)) return;
    incidents.report({
      kind: 'budget',
      fingerprint,
      subject: budget.agent === '' ? 'fleet' : budget.agent,
      severity: 'warning',
      title: `${agent.name} does not start: ${budgetName(budget.agent, month)} has too little left`,
      evidence: `${dollarText(leftOf(budget))} of ${dollarText(budget.limitMicroUsd)} are left, and its next run needs at least ${dollarText(wishMicroUsd)}`,
      agents: [agent.name],
      note: `Before a run starts, what it may cost is set aside. It needs half of its max_run_cost, or without one what the costliest of its last ${COUNTED_RUNS} runs took. It starts once that fits: with a raised budget, a smaller max_run_cost, or the next month.`,
    });
  }

  function fingerprintOf({ agent, limitMicroUsd }: Budget, month: Month): string {
    return budgetFingerprint({ about: 'short', agent, month: month.key, limitMicroUsd });
  }

  return {
    coverOf: ({ runtime, credentials }) =>
      runtime !== 'command' && credentials.some((name) => fleet.credentials.get(name)?.billing === 'subscription')
        ? 1
        : 0,
    reserve(agent) {
      const { scopes, month, purse } = ledger.look();
      const budgets = scopes
        .filter((scope) => scope.agent === agent.name || (scope.agent === '' && !isDrillAgent(agent.name)))
        .map(({ agent: name, limitMicroUsd }) => ({ agent: name, limitMicroUsd, ...purse(name) }));
      const wish = decideWish(agent, budgets.length > 0, () => storage.budgets.history(agent.name, COUNTED_RUNS));
      const reservation = decideReservation(wish, budgets);
      if (reservation.kind === 'reserved') {
        const own = budgets.find((budget) => budget.agent === agent.name);
        if (own !== undefined) incidents.close(fingerprintOf(own, month));
        return { kind: 'given', reservedMicroUsd: reservation.microUsd };
      }
      const { budget, wishMicroUsd } = reservation;
      // That it is used up is told by the meter.
      const isUsedUp = budget.spentMicroUsd >= budget.limitMicroUsd;
      if (reservation.kind === 'refused' && !isUsedUp) tellShort(agent, budget, month, wishMicroUsd);
      return { kind: 'short', isPassing: reservation.kind === 'waits', reason: describe(budget, month, wishMicroUsd) };
    },
  };
}

function describe(budget: Budget, month: Month, wishMicroUsd: number): string {
  const aside =
    budget.setAsideMicroUsd === 0 ? '' : `, ${dollarText(budget.setAsideMicroUsd)} more set aside for what runs`;
  const wish = wishMicroUsd === 0 ? '' : `, and it needs ${dollarText(wishMicroUsd)}`;
  return `${budgetName(budget.agent, month)} has ${dollarText(Math.max(0, leftOf(budget)))} left${aside}${wish}`;
}
