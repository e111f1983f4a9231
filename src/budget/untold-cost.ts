import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { dollarText } from '../telegram/cards/words.ts';
import { COUNTED_RUNS } from './reservation.ts';

/**
 * What a token of input is taken to cost while nothing is known, in millionths of a dollar: between one that comes from the cache, as most
 * do, and a fresh one (facts: agent-clis 7; list prices of 2026).
 */
const UNKNOWN_MICRO_USD = 0.5;
/** As much as a fresh one of a large model. Short runs that wrote much say more of a token than a long one costs, which reads its cache. */
const MOST_MICRO_USD = 5;

/**
 * Writes down what a run of Claude Code cost that was cut off in the middle of its first turn: it tells its costs at the end of a turn only,
 * and whoever is always cut off would cost nothing. Its tokens are taken at what those of its agent's last runs cost, else of all agents',
 * and never more than was set aside for it, since its CLI stops there. Belongs into the transaction of the run's end.
 */
export function writeUntoldCost({ fleet, storage }: { readonly fleet: Fleet; readonly storage: Storage }, run: RunRow) {
  const tokens = run.inputTokens ?? 0;
  const agent = fleet.agents.get(run.agent);
  if (run.costMicroUsd !== null || tokens === 0 || run.state === 'done' || agent?.runtime !== 'claude') return;
  const others = [...fleet.agents.values()].filter(({ runtime }) => runtime === 'claude').map(({ name }) => name);
  const { microUsd, inputTokens } = storage.budgets.tokenCosts([run.agent], COUNTED_RUNS) ??
    storage.budgets.tokenCosts(others, COUNTED_RUNS) ?? { microUsd: UNKNOWN_MICRO_USD, inputTokens: 1 };
  const estimate = Math.round(tokens * Math.min(MOST_MICRO_USD, microUsd / inputTokens));
  const costMicroUsd = Math.min(estimate, run.reservedMicroUsd ?? estimate);
  const unchanged = { inputTokens: null, outputTokens: null, contextTokens: null, contextLimit: null };
  storage.runs.usage(run.id, { ...unchanged, costMicroUsd });
  storage.journal.add({
    at: run.endedAt ?? run.wantedAt,
    subject: `run:${run.id}`,
    event: 'cost estimated',
    actor: 'nightdesk',
    detail: `${dollarText(costMicroUsd)} for ${tokens} tokens: it was cut off before it told what it cost`,
  });
}
