import type { RunRow } from '../../storage/run-store.ts';
import type { Fleet } from '../config/fleet.ts';
import { isDrillAgent } from '../drills/drill.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { MONEY_SPENT } from '../runs/run-end.ts';
import { dollarText } from '../telegram/cards/words.ts';
import { microUsdOf, runCostFingerprint } from './budget.ts';
import type { Ledger } from './ledger.ts';
import type { RunSpending } from './run-spending.ts';

/** A CLI that stops by itself adds its costs up in fractions of a millionth: so much less than its limit is its limit. */
const ROUNDING_MICRO_USD = 1_000;

/** What follows from the costs of a run that is over. */
export interface RunMoney {
  /** Belongs into the transaction of the run's end; true: it failed for money, which is no fault of its agent. */
  settled(run: RunRow): boolean;
}

/**
 * Builds what settles the money of runs. That one reached what it may spend is told as an incident, which the next run of the agent that ends
 * well and within its limit closes; that the month's money is used up is told by the meter.
 */
export function createRunMoney(options: {
  readonly fleet: Fleet;
  readonly ledger: Pick<Ledger, 'settled'>;
  readonly spending: Pick<RunSpending, 'lastDone'>;
  readonly incidents: IncidentRegister;
}): RunMoney {
  const { fleet, ledger, spending, incidents } = options;

  function mostOf({ agent }: RunRow): number | undefined {
    const most = fleet.agents.get(agent)?.maxRunCostUsd;
    return most === undefined ? undefined : microUsdOf(most);
  }

  function tell(run: RunRow, title: string, note: string): void {
    const done = spending.lastDone(run.id);
    incidents.report({
      kind: 'budget',
      fingerprint: runCostFingerprint(run.agent),
      subject: run.agent,
      severity: 'warning',
      title,
      evidence:
        run.evidence ??
        (done === '' ? `${dollarText(run.costMicroUsd ?? 0)} in run ${run.id}` : `last it did: ${done}`),
      agents: [run.agent],
      note: `Run ${run.id} cost ${dollarText(run.costMicroUsd ?? 0)}. ${note} It does not count as a crash: ${run.agent} runs again when it is due.`,
    });
  }

  /** What it reached, in words; undefined: nothing of its own. */
  function tellReached(run: RunRow): void {
    const cost = run.costMicroUsd ?? 0;
    const most = mostOf(run);
    const reserved = run.reservedMicroUsd;
    if (most !== undefined && cost >= most - ROUNDING_MICRO_USD)
      return tell(
        run,
        `${run.agent} reached its ${dollarText(most)} for one run`,
        'That is its max_run_cost in fleet.yaml.',
      );
    if (reserved !== null && cost >= reserved - ROUNDING_MICRO_USD && run.state === 'failed')
      tell(
        run,
        `${run.agent} reached the ${dollarText(reserved)} that were set aside for its run`,
        most === undefined
          ? 'It has no max_run_cost: under a budget its first run gets $5, and later ones four times what the costliest took, a dollar at least. A max_run_cost in fleet.yaml sets it.'
          : 'No more was left of its budget.',
      );
  }

  function isOutOfMoney({ state, failure, stopReason, costMicroUsd, reservedMicroUsd }: RunRow): boolean {
    if (state !== 'failed' || failure !== 'budget') return false;
    if (stopReason === MONEY_SPENT) return true;
    return costMicroUsd !== null && reservedMicroUsd !== null && costMicroUsd >= reservedMicroUsd - ROUNDING_MICRO_USD;
  }

  return {
    settled(run) {
      if (run.endedAt !== null) ledger.settled(run.endedAt);
      if (run.publicationId !== null || isDrillAgent(run.agent)) return false;
      const isOver = isOutOfMoney(run);
      const most = mostOf(run);
      const isWithin = most === undefined || (run.costMicroUsd ?? 0) < most;
      if (isOver || !isWithin) tellReached(run);
      else if (run.state === 'done') incidents.close(runCostFingerprint(run.agent));
      return isOver;
    },
  };
}
