import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { isDrillAgent } from '../drills/drill.ts';
import type { Clock } from '../ports.ts';
import { MONEY_SPENT } from '../runs/run-end.ts';
import type { RunEvent } from '../runtimes/runtime.ts';
import { dollarText, shorten } from '../telegram/cards/words.ts';
import { budgetName, microUsdOf } from './budget.ts';
import type { Ledger } from './ledger.ts';
import { findPrice, priceOf, type Tokens } from './prices.ts';

/** Runs whose last words are kept until their end is told: more than may be alive at once. */
const MOST_RUNS = 1_000;
const LONGEST_WORDS = 160;

/** Follows what each run spends while it goes on. */
export interface RunSpending {
  /** Takes an event of a run. With `usage` it gives what the run has cost so far, as far as that is known. */
  take(run: RunRow, agent: Agent, event: RunEvent): number | undefined;
  /** What a run that ended in the middle of a turn has cost at least; undefined: no more than it told. */
  atEnd(run: RunRow): number | undefined;
  /** Asks a run to stop that has reached what it may spend, or that ends the month of its budget. */
  judge(run: SpendingRun, toldMicroUsd: number): void;
  /** What the run did last, in words; '' where it is not known. */
  lastDone(runId: number): string;
}

/** What decides whether a run may go on spending. */
export type SpendingRun = Pick<RunRow, 'id' | 'agent' | 'publicationId' | 'reservedMicroUsd'>;

/** What is known of one run. */
interface Spent {
  model: string | undefined;
  lastDone: string;
  /** What its CLI told. */
  toldMicroUsd: number | undefined;
  /** What was used when it told that, and what is used now. */
  toldAt: Tokens;
  used: Tokens;
  /** What is used and not told, by its price. */
  openMicroUsd: number;
}

const NO_TOKENS: Tokens = { input: 0, output: 0, cached: 0 };

/**
 * Builds what follows the spending of runs.
 *
 * A CLI that tells costs is believed; what it used since then is only an estimate, which may stop the run, but is written down only when the
 * run ends without telling more. Of one that tells tokens only, the price in fleet.yaml makes the cost.
 */
export function createRunSpending(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly scrub: (text: string) => string;
}): RunSpending {
  const { fleet, storage, clock, ledger } = options;
  const runs = new Map<number, Spent>();

  function of(runId: number): Spent {
    const known = runs.get(runId);
    if (known !== undefined) return known;
    const spent: Spent = {
      model: undefined,
      lastDone: '',
      toldMicroUsd: undefined,
      toldAt: NO_TOKENS,
      used: NO_TOKENS,
      openMicroUsd: 0,
    };
    runs.set(runId, spent);
    const [oldest] = runs.keys();
    if (runs.size > MOST_RUNS && oldest !== undefined) runs.delete(oldest);
    return spent;
  }

  function count(spent: Spent, agent: Agent, event: RunEvent & { kind: 'usage' }): number | undefined {
    spent.used = { input: event.inputTokens, output: event.outputTokens, cached: event.cachedTokens ?? 0 };
    const { costMicroUsd } = event;
    if (costMicroUsd !== undefined && costMicroUsd !== spent.toldMicroUsd) {
      spent.toldMicroUsd = costMicroUsd;
      spent.toldAt = spent.used;
    }
    const price = findPrice(fleet.prices, [spent.model, agent.model]);
    spent.openMicroUsd = price === undefined ? 0 : Math.max(0, priceOf(difference(spent.used, spent.toldAt), price));
    if (costMicroUsd !== undefined || agent.runtime === 'claude') return costMicroUsd;
    return price === undefined ? undefined : spent.openMicroUsd;
  }

  function stop(run: Pick<RunRow, 'id'>, costMicroUsd: number, why: string): void {
    const { lastDone } = of(run.id);
    const evidence = `${why} (${dollarText(costMicroUsd)} so far)${lastDone === '' ? '' : `; last it did: ${lastDone}`}`;
    storage.transaction(() => storage.runs.wantStop(run.id, MONEY_SPENT, clock.now(), evidence));
  }

  /** `estimated` is what it used beyond that, by its price. */
  function judge(run: SpendingRun, toldMicroUsd: number, estimated = 0): void {
    const costMicroUsd = toldMicroUsd + estimated;
    // A publisher that is cut off leaves a publication that nobody knows the end of. A fire drill spends nothing.
    if (run.publicationId !== null || isDrillAgent(run.agent) || costMicroUsd <= 0) return;
    const most = fleet.agents.get(run.agent)?.maxRunCostUsd;
    if (most !== undefined && costMicroUsd >= microUsdOf(most))
      return stop(run, costMicroUsd, `it reached its ${dollarText(microUsdOf(most))} for one run`);
    const { scopes, month, purse } = ledger.look();
    const isBeyondOwn = costMicroUsd >= (run.reservedMicroUsd ?? 0);
    for (const { agent, limitMicroUsd } of scopes) {
      if (agent !== '' && agent !== run.agent) continue;
      const { spentMicroUsd: toldByAll, setAsideMicroUsd } = purse(agent);
      const spentMicroUsd = toldByAll + estimated;
      // What others have set aside is theirs: a run that is beyond its own would spend that.
      if (spentMicroUsd < limitMicroUsd && !(isBeyondOwn && spentMicroUsd + setAsideMicroUsd >= limitMicroUsd))
        continue;
      return stop(run, costMicroUsd, `${budgetName(agent, month)} has nothing left for it`);
    }
  }

  return {
    judge,
    take(run, agent, event) {
      switch (event.kind) {
        case 'session':
          of(run.id).model = event.model;
          return undefined;
        case 'said':
          of(run.id).lastDone = shorten(options.scrub(`said “${event.text.trim()}`), LONGEST_WORDS).concat('”');
          return undefined;
        case 'tool-begun':
          of(run.id).lastDone = shorten(options.scrub(`${event.tool} ${event.input}`.trim()), LONGEST_WORDS);
          return undefined;
        case 'usage': {
          const spent = of(run.id);
          const costMicroUsd = count(spent, agent, event);
          const told = costMicroUsd ?? 0;
          if (told > 0) ledger.told(run.id, told);
          judge(run, told, (spent.toldMicroUsd ?? 0) + spent.openMicroUsd - told);
          return costMicroUsd;
        }
        default:
          return undefined;
      }
    },
    atEnd(run) {
      const spent = runs.get(run.id);
      return spent === undefined || spent.openMicroUsd === 0
        ? undefined
        : (spent.toldMicroUsd ?? 0) + spent.openMicroUsd;
    },
    lastDone: (runId) => runs.get(runId)?.lastDone ?? '',
  };
}

function difference(a: Tokens, b: Tokens): Tokens {
  return { input: a.input - b.input, output: a.output - b.output, cached: a.cached - b.cached };
}
