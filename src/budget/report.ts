import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { isDrillAgent } from '../drills/drill.ts';
import type { Month } from './budget.ts';
import { type Forecast, forecastMonth } from './forecast.ts';
import type { Ledger, Purse } from './ledger.ts';
import { COUNTED_RUNS } from './reservation.ts';

/** One line of /budget: the whole fleet, or one agent. */
export interface BudgetLine {
  /** '' is the whole fleet. */
  readonly agent: string;
  readonly purse: Purse;
  /** Undefined: nothing limits it by itself. */
  readonly limitMicroUsd: number | undefined;
  readonly forecast: Forecast;
}

/** All that /budget shows. */
export interface BudgetReport {
  readonly now: number;
  readonly month: Month;
  readonly fleet: BudgetLine;
  /** Whoever spent anything or has a budget, most expensive first. */
  readonly agents: readonly BudgetLine[];
  /** The last seven days, today last. */
  readonly days: readonly { readonly startsAt: number; readonly microUsd: number }[];
  /** Agents whose CLIs tell tokens, but no costs. */
  readonly silent: readonly string[];
  /** Agents of runtime command that work by themselves: nobody knows what they cost. */
  readonly unmetered: number;
}

/** Reads what /budget shows; it costs as much after a month as on its first day. */
export function loadBudgetReport(fleet: Fleet, storage: Storage, ledger: Ledger): BudgetReport {
  const { now, month, scopes, spenders, purse } = ledger.look();
  const days = ledger.lastDays(now);
  const open = ledger.open().filter(({ agent }) => !isDrillAgent(agent));
  const limits = new Map(scopes.map(({ agent, limitMicroUsd }) => [agent, limitMicroUsd]));
  const firstRuns = new Map([...fleet.agents.keys()].map((agent) => [agent, storage.budgets.firstRunAt(agent) ?? now]));

  function isOf(agent: string): (row: { readonly agent: string }) => boolean {
    return (row) => agent === '' || row.agent === agent;
  }

  function runningCosts(agent: string): number {
    return open.filter(isOf(agent)).reduce((sum, { costMicroUsd }) => sum + (costMicroUsd ?? 0), 0);
  }

  function lineOf(agent: string): BudgetLine {
    const limitMicroUsd = limits.get(agent);
    const own = purse(agent);
    const ended = days.flatMap(({ costs }) => costs.filter(isOf(agent)));
    const firstRunAt = agent === '' ? Math.min(now, ...firstRuns.values()) : (firstRuns.get(agent) ?? now);
    const forecast = forecastMonth({
      now,
      monthEndsAt: month.endsAt,
      spentMicroUsd: own.spentMicroUsd,
      recentMicroUsd: ended.reduce((sum, { microUsd }) => sum + microUsd, 0) + runningCosts(agent),
      since: Math.max(days[0]?.startsAt ?? now, firstRunAt),
      limitMicroUsd,
    });
    return { agent, purse: own, limitMicroUsd, forecast };
  }

  const named = new Set([...spenders, ...limits.keys()].filter((agent) => agent !== '' && !isDrillAgent(agent)));
  return {
    now,
    month,
    fleet: lineOf(''),
    agents: [...named].map(lineOf).toSorted((a, b) => b.purse.spentMicroUsd - a.purse.spentMicroUsd),
    days: days.map(({ startsAt, costs }, index) => ({
      startsAt,
      microUsd:
        costs.reduce((sum, { microUsd }) => sum + microUsd, 0) + (index === days.length - 1 ? runningCosts('') : 0),
    })),
    silent: [...fleet.agents.values()]
      .filter(({ runtime }) => runtime !== 'command')
      .filter(({ name }) => {
        const { talkative, costliestMicroUsd } = storage.budgets.history(name, COUNTED_RUNS);
        return talkative > 0 && costliestMicroUsd === null;
      })
      .map(({ name }) => name),
    unmetered: [...fleet.agents.values()].filter(
      ({ runtime, publishes }) => runtime === 'command' && publishes.length === 0,
    ).length,
  };
}
