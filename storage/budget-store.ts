import type { Connection } from './database.ts';

/** What the runs of each agent cost, and which percents of a budget were told. */
export interface BudgetStore {
  /** Millionths of a US dollar by agent, of the runs that ended in [from, to); of those of fire drills none. */
  settledBetween(from: number, to: number): ReadonlyMap<string, number>;
  /** The same of the runs that are alive, those of fire drills included. */
  running(): ReadonlyMap<string, number>;
  /** What the runs of these agents cost that ended between these times, both included; of fire drills, too. */
  spentBy(agents: readonly string[], from: number, to: number): number;
  /** Percents that were told of in that month. */
  told(month: string, agent: string): readonly number[];
  tell(month: string, agent: string, percent: number, at: number): void;
  /** Makes a percent one that is told again when it is reached again. */
  untell(month: string, agent: string, percent: number): void;
  purge(before: number): void;
}

/** Builds the budget store. */
export function createBudgetStore(connection: Connection): BudgetStore {
  const settled = connection.statement<[number, number], { agent: string; spent: number }>(
    `SELECT agent, sum(cost_micro_usd) AS spent FROM run
     WHERE ended_at >= ? AND ended_at < ? AND cost_micro_usd IS NOT NULL AND agent NOT LIKE '~%' GROUP BY agent`,
  );
  const running = connection.statement<[], { agent: string; spent: number }>(
    `SELECT agent, cost_micro_usd AS spent FROM run WHERE state IN ('starting', 'running') AND cost_micro_usd IS NOT NULL`,
  );
  const spent = connection.statement<[string, number, number], { sum: number | null }>(
    `SELECT sum(cost_micro_usd) AS sum FROM run WHERE agent = ? AND ended_at >= ? AND ended_at <= ? AND cost_micro_usd IS NOT NULL`,
  );
  const told = connection.statement<[string, string], { percent: number }>(
    'SELECT percent FROM budget_notice WHERE month = ? AND agent = ? ORDER BY percent',
  );
  const tell = connection.statement<[string, string, number, number]>(
    'INSERT INTO budget_notice (month, agent, percent, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const untell = connection.statement<[string, string, number]>(
    'DELETE FROM budget_notice WHERE month = ? AND agent = ? AND percent = ?',
  );
  const remove = connection.statement<[number]>('DELETE FROM budget_notice WHERE at < ?');
  return {
    settledBetween: (from, to) => new Map(settled.all(from, to).map(({ agent, spent }) => [agent, spent])),
    running: () => new Map(running.all().map(({ agent, spent }) => [agent, spent])),
    spentBy: (agents, from, to) => agents.reduce((sum, agent) => sum + (spent.get(agent, from, to)?.sum ?? 0), 0),
    told: (month, agent) => told.all(month, agent).map(({ percent }) => percent),
    tell: (month, agent, percent, at) => void tell.run(month, agent, percent, at),
    untell: (month, agent, percent) => void untell.run(month, agent, percent),
    purge: (before) => void remove.run(before),
  };
}
