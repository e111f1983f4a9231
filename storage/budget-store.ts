import type { Connection } from './database.ts';

/** What runs cost, of one agent and one way of paying. */
export interface CostRow {
  readonly agent: string;
  /** 1: a subscription paid for them. */
  readonly isCovered: number;
  readonly microUsd: number;
}

/** A run that is alive, as far as money goes. */
export interface OpenCost {
  readonly runId: number;
  readonly agent: string;
  readonly publicationId: number | null;
  readonly isCovered: number;
  /** Null: it has told no cost yet. */
  readonly costMicroUsd: number | null;
  /** Null: nothing was set aside for it. */
  readonly reservedMicroUsd: number | null;
  readonly startedAt: number | null;
  readonly stopWantedAt: number | null;
}

/** What an agent's last runs say of what its next one may cost. */
export interface CostHistory {
  readonly runs: number;
  /** Runs of them that used a model, as its CLI told. */
  readonly talkative: number;
  /** The costliest of them; null: none has told a cost. */
  readonly costliestMicroUsd: number | null;
}

/** What so many tokens of input, and what came of them, cost. */
export interface TokenCosts {
  readonly microUsd: number;
  readonly inputTokens: number;
}

/** A budget that its owner raised, for that month only. */
export interface RaiseRow {
  /** '' is the whole fleet. */
  readonly agent: string;
  readonly limitMicroUsd: number;
  readonly by: string;
  readonly at: number;
}

/** What the runs of each agent cost, which percents of a budget were told, and which budgets were raised. Costs are millionths of a US dollar. */
export interface BudgetStore {
  /** Of the runs that ended in [from, to); of those of fire drills none. */
  costsBetween(from: number, to: number): readonly CostRow[];
  /** The part of [from, to) of what ended runs cost, those spread evenly over the time that they ran; of fire drills none. */
  spreadBetween(from: number, to: number): ReadonlyMap<string, number>;
  /** The runs that are alive, those of fire drills included. */
  open(): readonly OpenCost[];
  /** What the runs of these agents cost that ended between these times, both included; of fire drills, too. */
  spentBy(agents: readonly string[], from: number, to: number): number;
  /** What the last ended runs of an agent cost, but for publications. */
  history(agent: string, runs: number): CostHistory;
  /** What the last runs of each of these agents cost that told both cost and tokens, added up; undefined: there are none. */
  tokenCosts(agents: readonly string[], runs: number): TokenCosts | undefined;
  /** When the oldest run of the agent that is kept was wanted. */
  firstRunAt(agent: string): number | undefined;
  /** Percents that were told of in that month. */
  told(month: string, agent: string): readonly number[];
  tell(month: string, agent: string, percent: number, at: number): void;
  /** Makes a percent one that is told again when it is reached again. */
  untell(month: string, agent: string, percent: number): void;
  raises(month: string): readonly RaiseRow[];
  /** Raises a budget above whatever it was raised to in that month; false when it stands as high already. */
  raise(month: string, raise: RaiseRow): boolean;
  purge(before: number): void;
}

/** Builds the budget store. */
export function createBudgetStore(connection: Connection): BudgetStore {
  const costs = connection.statement<[number, number], CostRow>(
    `SELECT agent, is_covered AS isCovered, sum(cost_micro_usd) AS microUsd FROM run
     WHERE ended_at >= ? AND ended_at < ? AND cost_micro_usd IS NOT NULL AND agent NOT LIKE '~%' GROUP BY agent, is_covered`,
  );
  const spread = connection.statement<[{ from: number; to: number }], { agent: string; spent: number }>(
    `SELECT agent, sum(CASE WHEN coalesce(started_at, wanted_at) >= @from THEN cost_micro_usd
       ELSE cost_micro_usd * (ended_at - @from) / max(1, ended_at - coalesce(started_at, wanted_at)) END) AS spent FROM run
     WHERE ended_at >= @from AND ended_at < @to AND cost_micro_usd IS NOT NULL AND agent NOT LIKE '~%' GROUP BY agent`,
  );
  const open = connection.statement<[], OpenCost>(
    `SELECT id AS runId, agent, publication_id AS publicationId, is_covered AS isCovered, cost_micro_usd AS costMicroUsd,
       reserved_micro_usd AS reservedMicroUsd, started_at AS startedAt, stop_wanted_at AS stopWantedAt
     FROM run WHERE state IN ('starting', 'running')`,
  );
  const spent = connection.statement<[string, number, number], { sum: number | null }>(
    `SELECT sum(cost_micro_usd) AS sum FROM run WHERE +agent = ? AND ended_at >= ? AND ended_at <= ? AND cost_micro_usd IS NOT NULL`,
  );
  const history = connection.statement<[string, number], CostHistory>(
    `SELECT count(*) AS runs, count(input_tokens) AS talkative, max(cost_micro_usd) AS costliestMicroUsd FROM
       (SELECT input_tokens, cost_micro_usd FROM run
        WHERE agent = ? AND publication_id IS NULL AND state NOT IN ('starting', 'running') ORDER BY id DESC LIMIT ?)`,
  );
  const tokenCosts = connection.statement<[string, number], TokenCosts>(
    `SELECT coalesce(sum(cost_micro_usd), 0) AS microUsd, coalesce(sum(input_tokens), 0) AS inputTokens FROM
       (SELECT input_tokens, cost_micro_usd FROM run
        WHERE agent = ? AND publication_id IS NULL AND state NOT IN ('starting', 'running')
          AND cost_micro_usd > 0 AND input_tokens > 0 ORDER BY id DESC LIMIT ?)`,
  );
  const first = connection.statement<[string], { at: number }>(
    'SELECT wanted_at AS at FROM run WHERE agent = ? ORDER BY id LIMIT 1',
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
  const raises = connection.statement<[string], RaiseRow>(
    'SELECT agent, limit_micro_usd AS limitMicroUsd, by, at FROM budget_raise WHERE month = ?',
  );
  const raise = connection.statement<[RaiseRow & { month: string }]>(
    `INSERT INTO budget_raise (month, agent, limit_micro_usd, by, at) VALUES (@month, @agent, @limitMicroUsd, @by, @at)
     ON CONFLICT (month, agent) DO UPDATE SET limit_micro_usd = excluded.limit_micro_usd, by = excluded.by, at = excluded.at
     WHERE excluded.limit_micro_usd > limit_micro_usd`,
  );
  const removeNotices = connection.statement<[number]>('DELETE FROM budget_notice WHERE at < ?');
  const removeRaises = connection.statement<[number]>('DELETE FROM budget_raise WHERE at < ?');
  return {
    costsBetween: (from, to) => costs.all(from, to),
    spreadBetween: (from, to) => new Map(spread.all({ from, to }).map((row) => [row.agent, row.spent])),
    open: () => open.all(),
    spentBy: (agents, from, to) => agents.reduce((sum, agent) => sum + (spent.get(agent, from, to)?.sum ?? 0), 0),
    history: (agent, runs) => history.get(agent, runs) ?? { runs: 0, talkative: 0, costliestMicroUsd: null },
    tokenCosts(agents, runs) {
      const each = agents.flatMap((agent) => tokenCosts.get(agent, runs) ?? []);
      const inputTokens = each.reduce((sum, row) => sum + row.inputTokens, 0);
      return inputTokens === 0
        ? undefined
        : { microUsd: each.reduce((sum, row) => sum + row.microUsd, 0), inputTokens };
    },
    firstRunAt: (agent) => first.get(agent)?.at,
    told: (month, agent) => told.all(month, agent).map(({ percent }) => percent),
    tell: (month, agent, percent, at) => void tell.run(month, agent, percent, at),
    untell: (month, agent, percent) => void untell.run(month, agent, percent),
    raises: (month) => raises.all(month),
    raise(month, wanted) {
      connection.touch('loop');
      return raise.run({ ...wanted, month }).changes === 1;
    },
    purge(before) {
      removeNotices.run(before);
      removeRaises.run(before);
    },
  };
}
