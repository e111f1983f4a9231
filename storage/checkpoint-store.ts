import type { Connection } from './database.ts';
import { past, type SetBack } from './set-back.ts';

/** A version of a WORKSTATE.md, without its text. */
export interface CheckpointHead {
  readonly id: number;
  readonly agent: string;
  /** The run that it was written in; null once that is forgotten. */
  readonly runId: number | null;
  readonly at: number;
  readonly author: 'agent' | 'nightdesk';
  readonly hash: string;
  /** Percent of the usable context that was full; null: not known. */
  readonly contextPercent: number | null;
}

/** A version of a WORKSTATE.md. */
export interface CheckpointRow extends CheckpointHead {
  readonly text: string;
}

/** Work of an agent that is not done: a task, or a draft that waits for its owner. */
export interface OpenWork {
  readonly kind: 'task' | 'draft';
  readonly id: number;
  readonly what: string;
  readonly state: string;
}

/** Every version that is kept of the agents' WORKSTATE.md. */
export interface CheckpointStore {
  add(checkpoint: Omit<CheckpointRow, 'id'>): number;
  /** Puts a newer text in the place of a version that is only seconds old. */
  replace(id: number, change: Pick<CheckpointRow, 'at' | 'hash' | 'contextPercent' | 'text'>): void;
  get(id: number): CheckpointRow | undefined;
  newest(agent: string): CheckpointRow | undefined;
  newestHead(agent: string): CheckpointHead | undefined;
  newestOfRun(runId: number): CheckpointRow | undefined;
  newestHeadOfRun(runId: number): CheckpointHead | undefined;
  newestBy(agent: string, author: CheckpointHead['author']): CheckpointRow | undefined;
  /** The version before that one. */
  before(agent: string, id: number): CheckpointRow | undefined;
  /** Another agent whose newest version has this hash. */
  holderOf(hash: string, except: string): string | undefined;
  /** Whether a run handed in a draft, or ended a phase. */
  hasResults(runId: number): boolean;
  /** What an agent has to do, or waits for. */
  openWork(agent: string, limit: number): OpenWork[];
  setBack(jump: SetBack): void;
  /** Keeps the newest `most` of each agent, and of those the newest `always` however old they are; drops so many rows at most: true when there may be more. */
  purge(before: number, most: number, always: number, rows: number): boolean;
}

const HEAD = 'id, agent, run_id AS runId, at, author, hash, context_percent AS contextPercent';

/** Builds the checkpoint store. */
export function createCheckpointStore(connection: Connection): CheckpointStore {
  const insert = connection.statement<[Omit<CheckpointRow, 'id'>]>(
    `INSERT INTO checkpoint (agent, run_id, at, author, hash, context_percent, text)
     VALUES (@agent, @runId, @at, @author, @hash, @contextPercent, @text)`,
  );
  const replace = connection.statement<
    [{ id: number } & Pick<CheckpointRow, 'at' | 'hash' | 'contextPercent' | 'text'>]
  >('UPDATE checkpoint SET at = @at, hash = @hash, context_percent = @contextPercent, text = @text WHERE id = @id');
  const byId = connection.statement<[number], CheckpointRow>(`SELECT ${HEAD}, text FROM checkpoint WHERE id = ?`);
  const newest = connection.statement<[string], CheckpointRow>(
    `SELECT ${HEAD}, text FROM checkpoint WHERE agent = ? ORDER BY id DESC LIMIT 1`,
  );
  const newestHead = connection.statement<[string], CheckpointHead>(
    `SELECT ${HEAD} FROM checkpoint WHERE agent = ? ORDER BY id DESC LIMIT 1`,
  );
  const ofRun = connection.statement<[number], CheckpointRow>(
    `SELECT ${HEAD}, text FROM checkpoint WHERE run_id = ? ORDER BY id DESC LIMIT 1`,
  );
  const headOfRun = connection.statement<[number], CheckpointHead>(
    `SELECT ${HEAD} FROM checkpoint WHERE run_id = ? ORDER BY id DESC LIMIT 1`,
  );
  const newestBy = connection.statement<[string, string], CheckpointRow>(
    `SELECT ${HEAD}, text FROM checkpoint WHERE agent = ? AND author = ? ORDER BY id DESC LIMIT 1`,
  );
  const before = connection.statement<[string, number], CheckpointRow>(
    `SELECT ${HEAD}, text FROM checkpoint WHERE agent = ? AND id < ? ORDER BY id DESC LIMIT 1`,
  );
  const holder = connection.statement<[string, string], { agent: string }>(
    `SELECT agent FROM checkpoint c WHERE hash = ? AND agent <> ?
       AND NOT EXISTS (SELECT 1 FROM checkpoint n WHERE n.agent = c.agent AND n.id > c.id) LIMIT 1`,
  );
  const results = connection.statement<[{ agent: string; runId: number }], { found: number }>(
    `SELECT EXISTS (SELECT 1 FROM draft WHERE agent = @agent AND run_id = @runId)
       OR EXISTS (SELECT 1 FROM task_phase WHERE run_id = @runId AND done_at IS NOT NULL) AS found`,
  );
  const agentOfRun = connection.statement<[number], { agent: string }>('SELECT agent FROM run WHERE id = ?');
  const tasks = connection.statement<[string, number], OpenWork>(
    `SELECT 'task' AS kind, id, title AS what, state FROM task WHERE agent = ? AND state IN ('open', 'claimed') ORDER BY id LIMIT ?`,
  );
  const drafts = connection.statement<[string, number], OpenWork>(
    `SELECT 'draft' AS kind, id, kind || ' to ' || recipient AS what, state FROM draft
     WHERE +agent = ? AND state IN ('pending', 'approved', 'publishing', 'unknown') ORDER BY +id DESC LIMIT ?`,
  );
  const move = connection.statement<[SetBack]>(`UPDATE checkpoint SET at = ${past('at')} WHERE at > @now`);
  const agents = connection.statement<[], { agent: string }>('SELECT DISTINCT agent FROM checkpoint');
  const nth = connection.statement<[string, number], { id: number }>(
    'SELECT id FROM checkpoint WHERE agent = ? ORDER BY id DESC LIMIT 1 OFFSET ?',
  );
  const purge = connection.statement<[{ agent: string; most: number; always: number; before: number; limit: number }]>(
    `DELETE FROM checkpoint WHERE id IN (SELECT id FROM checkpoint WHERE agent = @agent AND id <= @always
       AND (id <= @most OR at < @before) ORDER BY id LIMIT @limit)`,
  );
  return {
    add: (checkpoint) => Number(insert.run(checkpoint).lastInsertRowid),
    replace: (id, change) => void replace.run({ id, ...change }),
    get: (id) => byId.get(id),
    newest: (agent) => newest.get(agent),
    newestHead: (agent) => newestHead.get(agent),
    newestOfRun: (runId) => ofRun.get(runId),
    newestHeadOfRun: (runId) => headOfRun.get(runId),
    newestBy: (agent, author) => newestBy.get(agent, author),
    before: (agent, id) => before.get(agent, id),
    holderOf: (hash, except) => holder.get(hash, except)?.agent,
    hasResults(runId) {
      const agent = agentOfRun.get(runId)?.agent;
      return agent !== undefined && results.get({ agent, runId })?.found === 1;
    },
    openWork: (agent, limit) => [...tasks.all(agent, limit), ...drafts.all(agent, limit)],
    setBack: (jump) => void move.run(jump),
    purge(limit, most, always, rows) {
      let left = rows;
      for (const { agent } of agents.all()) {
        const oldest = { most: nth.get(agent, most)?.id ?? 0, always: nth.get(agent, always)?.id ?? 0 };
        left -= purge.run({ agent, ...oldest, before: limit, limit: left }).changes;
        if (left <= 0) return true;
      }
      return false;
    },
  };
}
