import type { Storage } from '../../storage/storage.ts';
import { count, dollarText } from '../telegram/cards/words.ts';

/** Less than this many millionths of a dollar is not worth a word: a cent. */
const WORTH_TELLING_MICRO_USD = 10_000;

/** What an incident cost its agents between two times, as a sentence: runs missed, drafts expired, dollars; empty where it cost nothing. */
export function describeCost(storage: Storage, agents: readonly string[], from: number, to: number): string {
  const missed = agents.reduce((sum, agent) => sum + storage.dues.lostSince(agent, from), 0);
  const expired = storage.drafts.expiredSince(agents, from);
  const spent = storage.budgets.spentBy(agents, from, to);
  const parts = [
    missed === 0 ? undefined : `Missed: ${count(missed, 'run')}`,
    expired === 0 ? undefined : `${count(expired, 'draft')} expired`,
    spent < WORTH_TELLING_MICRO_USD ? undefined : `${dollarText(spent)} spent meanwhile`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : `${parts.join(', ')}.`;
}
