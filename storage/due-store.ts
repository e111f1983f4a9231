import type { Connection } from './database.ts';

export type DueCause = 'schedule' | 'catch-up' | 'resumed' | 'owner' | 'task' | 'trial';

/** A due time of an agent, or several that were settled alike, with what came of it. */
export interface DueRow {
  readonly id: number;
  readonly agent: string;
  readonly dueAt: number;
  /** The last of the due times that this row stands for. */
  readonly lastAt: number;
  readonly times: number;
  readonly cause: DueCause;
  readonly state: 'waiting' | 'ran' | 'skipped' | 'missed';
  readonly reason: string | null;
  readonly runId: number | null;
  readonly settledAt: number | null;
}

/** Due times as rows. An agent has at most one that waits; the settled ones are its receipts. */
export interface DueStore {
  waiting(): DueRow[];
  waitingOf(agent: string): DueRow | undefined;
  /** Adds the next due time; if the agent has one already, the earlier time wins, and an owner's wish or a trial always. */
  wait(agent: string, dueAt: number, cause: DueCause): void;
  /** Says, or no longer says, why a waiting due time has not been served yet. */
  explain(id: number, reason: string | null): void;
  ran(id: number, runId: number, now: number): void;
  /** Settles a waiting due time as skipped; like the receipt before it, it joins that one. */
  skip(due: DueRow, reason: string, now: number): void;
  /** Settles a waiting due time whose hour passed while nobody looked, together with later ones, as missed. */
  miss(due: DueRow, lastAt: number, times: number, reason: string, now: number): void;
  /** Removes a waiting due time that a change of the fleet made void. */
  drop(id: number): void;
  /** The newest scheduled time of the agent that was settled. */
  lastScheduled(agent: string): number | undefined;
  receipts(agent: string, limit: number): DueRow[];
  /** How many due times of the agent were skipped or missed since then: given up, that is, also those that had been waiting before. */
  lostSince(agent: string, since: number): number;
}

const COLUMNS = `id, agent, due_at AS dueAt, last_at AS lastAt, times, cause, state, reason, run_id AS runId, settled_at AS settledAt`;

/** Builds the due store. */
export function createDueStore(connection: Connection): DueStore {
  const waiting = connection.statement<[], DueRow>(
    `SELECT ${COLUMNS} FROM due WHERE state = 'waiting' ORDER BY due_at, id`,
  );
  const waitingOf = connection.statement<[string], DueRow>(
    `SELECT ${COLUMNS} FROM due WHERE agent = ? AND state = 'waiting'`,
  );
  const insert = connection.statement<[{ agent: string; dueAt: number; cause: DueCause }]>(
    `INSERT INTO due (agent, due_at, last_at, cause, state) VALUES (@agent, @dueAt, @dueAt, @cause, 'waiting')
     ON CONFLICT (agent) WHERE state = 'waiting' DO UPDATE SET due_at = min(due_at, excluded.due_at), last_at = min(due_at, excluded.due_at),
       cause = CASE WHEN excluded.due_at < due_at OR excluded.cause IN ('trial', 'owner') THEN excluded.cause ELSE cause END`,
  );
  const explain = connection.statement<[string | null, number, string | null]>(
    'UPDATE due SET reason = ? WHERE id = ? AND reason IS NOT ?',
  );
  const ran = connection.statement<[number, number, number]>(
    `UPDATE due SET state = 'ran', run_id = ?, settled_at = ?, reason = NULL WHERE id = ? AND state = 'waiting'`,
  );
  const settle = connection.statement<
    [{ id: number; state: string; lastAt: number; times: number; reason: string; now: number }]
  >(
    `UPDATE due SET state = @state, last_at = @lastAt, times = @times, reason = @reason, settled_at = @now WHERE id = @id AND state = 'waiting'`,
  );
  const newest = connection.statement<[string], DueRow>(
    `SELECT ${COLUMNS} FROM due WHERE agent = ? AND state <> 'waiting' ORDER BY id DESC LIMIT 1`,
  );
  const join = connection.statement<[{ id: number; lastAt: number; times: number; now: number }]>(
    'UPDATE due SET last_at = max(last_at, @lastAt), times = times + @times, settled_at = @now WHERE id = @id',
  );
  const remove = connection.statement<[number]>(`DELETE FROM due WHERE id = ? AND state = 'waiting'`);
  // Scheduled times are settled in their order, so the newest row has the newest time: reading it costs the same after a month.
  const lastScheduled = connection.statement<[string], { at: number }>(
    `SELECT last_at AS at FROM due WHERE agent = ? AND state <> 'waiting' AND cause IN ('schedule', 'catch-up') ORDER BY id DESC LIMIT 1`,
  );
  const receipts = connection.statement<[string, number], DueRow>(
    `SELECT ${COLUMNS} FROM due WHERE agent = ? AND state <> 'waiting' ORDER BY id DESC LIMIT ?`,
  );
  const lost = connection.statement<[string, number], { n: number | null }>(
    `SELECT sum(times) AS n FROM due WHERE agent = ? AND state IN ('skipped', 'missed') AND settled_at >= ? AND cause IN ('schedule', 'catch-up')`,
  );

  function settleOrJoin(
    due: DueRow,
    state: 'skipped' | 'missed',
    lastAt: number,
    times: number,
    reason: string,
    now: number,
  ): void {
    const before = newest.get(due.agent);
    if (before !== undefined && before.state === state && before.reason === reason && before.cause === due.cause) {
      remove.run(due.id);
      join.run({ id: before.id, lastAt, times, now });
      return;
    }
    settle.run({ id: due.id, state, lastAt, times, reason, now });
  }

  return {
    waiting: () => waiting.all(),
    waitingOf: (agent) => waitingOf.get(agent),
    wait(agent, dueAt, cause) {
      insert.run({ agent, dueAt, cause });
      connection.touch('loop');
    },
    explain: (id, reason) => void explain.run(reason, id, reason),
    ran: (id, runId, now) => void ran.run(runId, now, id),
    skip: (due, reason, now) => settleOrJoin(due, 'skipped', due.dueAt, 1, reason, now),
    miss: (due, lastAt, times, reason, now) => settleOrJoin(due, 'missed', lastAt, times, reason, now),
    drop: (id) => void remove.run(id),
    lastScheduled: (agent) => lastScheduled.get(agent)?.at ?? undefined,
    receipts: (agent, limit) => receipts.all(agent, limit),
    lostSince: (agent, since) => lost.get(agent, since)?.n ?? 0,
  };
}
