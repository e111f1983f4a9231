import type { Connection } from './database.ts';
import { anyAhead, assign, past, pause, type SetBack } from './set-back.ts';

export type TaskState = 'open' | 'claimed' | 'done' | 'failed';

/** Work that one agent handed to another, without its brief. */
export interface TaskRow {
  readonly id: number;
  /** Whose task it is. */
  readonly agent: string;
  readonly title: string;
  readonly key: string | null;
  readonly byAgent: string;
  readonly byRun: number | null;
  readonly state: TaskState;
  readonly createdAt: number;
  /** The run that has it; of an ended one the run that ended it. */
  readonly runId: number | null;
  readonly claimedAt: number | null;
  /** Until when its run may give no sign. */
  readonly leaseUntil: number | null;
  /** Claims that ended without a result, since the last result. */
  readonly attempts: number;
  /** From when on it may be claimed. */
  readonly offerAt: number;
  readonly endedAt: number | null;
  /** Why it failed. */
  readonly reason: string | null;
}

/** One phase of a task, without its output; positions begin with 1. */
export interface TaskPhaseRow {
  readonly position: number;
  readonly name: string;
  /** The run that did it; null also where that run is gone. */
  readonly runId: number | null;
  /** Null: it is still to be done. */
  readonly doneAt: number | null;
}

/** A task as it is handed over. */
export interface NewTask {
  readonly agent: string;
  readonly title: string;
  readonly brief: string;
  readonly key: string | null;
  readonly byAgent: string;
  readonly byRun: number;
  readonly at: number;
  readonly phases: readonly string[];
}

/** Tasks and their phases; every change is conditional on who has the task. */
export interface TaskStore {
  add(task: NewTask): number;
  get(id: number): TaskRow | undefined;
  byKey(agent: string, key: string): TaskRow | undefined;
  briefOf(id: number): string;
  phases(id: number): TaskPhaseRow[];
  outputOf(id: number, position: number): string | null;
  /** The task that this run has; undefined where it has none. */
  claimedBy(runId: number): TaskRow | undefined;
  /** The phase of this task that this run did. */
  phaseBy(id: number, runId: number): TaskPhaseRow | undefined;
  /** Whether this run did a phase of any task. */
  didPhase(runId: number): boolean;
  /** The agent's oldest task that may be claimed now; `whole`: only those without phases. */
  oldestOffered(agent: string, now: number, whole?: boolean): TaskRow | undefined;
  /** Gives an open task to a run, and writes both down in the run; false when it is not open. */
  claim(id: number, claim: { runId: number; phase: number | null; at: number; leaseUntil: number }): boolean;
  extend(id: number, leaseUntil: number): void;
  /** Offers a task again that this run has; false when it has it no more. */
  giveBack(id: number, runId: number, offerAt: number): boolean;
  /** Counts an attempt of a task that nobody has. */
  countAttempt(id: number): void;
  /** Offers nothing of the agent's before then. */
  postpone(agent: string, offerAt: number): void;
  /** Keeps the output of a phase; false when it was done already. */
  finishPhase(id: number, phase: { position: number; runId: number; at: number; output: string }): boolean;
  /** Offers the next phase of a task that this run has. */
  moveOn(id: number, runId: number, at: number): void;
  /** Ends a task that this run has; false when it has it no more. */
  end(id: number, end: { state: 'done' | 'failed'; runId: number; at: number; reason: string | null }): boolean;
  /** For each agent with open tasks, from when on it could claim one. */
  offers(): { readonly agent: string; readonly at: number }[];
  /** Claimed tasks whose lease is over. */
  overdue(now: number): TaskRow[];
  nextLeaseEnd(): number | undefined;
  /** Open and claimed tasks of an agent, oldest first. */
  openOf(agent: string, limit: number): TaskRow[];
  countOpenOf(agent: string): number;
  counts(): { readonly open: number; readonly claimed: number };
  /** Tasks that runs are at, oldest first. */
  claimed(limit: number): TaskRow[];
  /** After the clock was set back: leases and pauses are moved back with it; gives how many tasks that were not over moved. */
  setBack(jump: SetBack): number;
}

const COLUMNS = `id, agent, title, key, by_agent AS byAgent, by_run AS byRun, state, created_at AS createdAt, run_id AS runId,
  claimed_at AS claimedAt, lease_until AS leaseUntil, attempts, offer_at AS offerAt, ended_at AS endedAt, reason`;
const PHASE = 'position, name, run_id AS runId, done_at AS doneAt';
/** The condition of the partial index, word for word. */
const NOT_OVER = `state IN ('open', 'claimed')`;

/** Builds the task store. */
export function createTaskStore(connection: Connection): TaskStore {
  const insert = connection.statement<[Omit<NewTask, 'phases'>]>(
    `INSERT INTO task (agent, title, brief, key, by_agent, by_run, state, created_at, offer_at)
     VALUES (@agent, @title, @brief, @key, @byAgent, @byRun, 'open', @at, @at)`,
  );
  const insertPhase = connection.statement<[number | bigint, number, string]>(
    'INSERT INTO task_phase (task_id, position, name) VALUES (?, ?, ?)',
  );
  const byId = connection.statement<[number], TaskRow>(`SELECT ${COLUMNS} FROM task WHERE id = ?`);
  const byKey = connection.statement<[string, string], TaskRow>(
    `SELECT ${COLUMNS} FROM task WHERE agent = ? AND key = ?`,
  );
  const brief = connection.statement<[number], { brief: string }>('SELECT brief FROM task WHERE id = ?');
  const phases = connection.statement<[number], TaskPhaseRow>(
    `SELECT ${PHASE} FROM task_phase WHERE task_id = ? ORDER BY position`,
  );
  const output = connection.statement<[number, number], { output: string | null }>(
    'SELECT output FROM task_phase WHERE task_id = ? AND position = ?',
  );
  const claimedBy = connection.statement<[number], TaskRow>(
    `SELECT ${COLUMNS} FROM task WHERE run_id = ? AND state = 'claimed'`,
  );
  const phaseBy = connection.statement<[number, number], TaskPhaseRow>(
    `SELECT ${PHASE} FROM task_phase WHERE task_id = ? AND run_id = ? ORDER BY position DESC LIMIT 1`,
  );
  const didPhase = connection.statement<[number], { n: number }>(
    'SELECT count(*) AS n FROM task_phase WHERE run_id = ?',
  );
  const offered = (condition: string) =>
    connection.statement<[string, number], TaskRow>(
      `SELECT ${COLUMNS} FROM task WHERE agent = ? AND state = 'open' AND offer_at <= ? ${condition} ORDER BY id LIMIT 1`,
    );
  const oldest = offered('');
  const oldestWhole = offered('AND NOT EXISTS (SELECT 1 FROM task_phase WHERE task_id = task.id)');
  const claim = connection.statement<[{ id: number; runId: number; at: number; leaseUntil: number }]>(
    `UPDATE task SET state = 'claimed', run_id = @runId, claimed_at = @at, lease_until = @leaseUntil WHERE id = @id AND state = 'open'`,
  );
  const ofRun = connection.statement<[number, number | null, number]>(
    'UPDATE run SET task_id = ?, phase = ? WHERE id = ?',
  );
  const extend = connection.statement<[number, number]>(
    `UPDATE task SET lease_until = ? WHERE id = ? AND state = 'claimed'`,
  );
  const release = (changes: string) =>
    connection.statement<[{ id: number; runId: number; offerAt: number }]>(
      `UPDATE task SET state = 'open', run_id = NULL, claimed_at = NULL, lease_until = NULL, offer_at = @offerAt, ${changes}
       WHERE id = @id AND run_id = @runId AND state = 'claimed'`,
    );
  const giveBack = release('attempts = attempts');
  const moveOn = release('attempts = 0');
  const count = connection.statement<[number]>('UPDATE task SET attempts = attempts + 1 WHERE id = ?');
  const postpone = connection.statement<[{ agent: string; offerAt: number }]>(
    `UPDATE task SET offer_at = @offerAt WHERE agent = @agent AND state = 'open' AND offer_at < @offerAt`,
  );
  const finish = connection.statement<[{ id: number; position: number; runId: number; at: number; output: string }]>(
    `UPDATE task_phase SET output = @output, run_id = @runId, done_at = @at
     WHERE task_id = @id AND position = @position AND done_at IS NULL`,
  );
  const end = connection.statement<[{ id: number; state: string; runId: number; at: number; reason: string | null }]>(
    `UPDATE task SET state = @state, ended_at = @at, reason = @reason, lease_until = NULL
     WHERE id = @id AND run_id = @runId AND state = 'claimed'`,
  );
  const offers = connection.statement<[], { agent: string; at: number }>(
    `SELECT agent, min(offer_at) AS at FROM task WHERE state = 'open' GROUP BY agent`,
  );
  const overdue = connection.statement<[number], TaskRow>(
    `SELECT ${COLUMNS} FROM task WHERE state = 'claimed' AND lease_until <= ? ORDER BY lease_until LIMIT 200`,
  );
  const leaseEnd = connection.statement<[], { at: number | null }>(
    `SELECT min(lease_until) AS at FROM task WHERE state = 'claimed'`,
  );
  const openOf = connection.statement<[string, number], TaskRow>(
    `SELECT ${COLUMNS} FROM task WHERE agent = ? AND ${NOT_OVER} ORDER BY id LIMIT ?`,
  );
  const countOpen = connection.statement<[string], { n: number }>(
    `SELECT count(*) AS n FROM task WHERE agent = ? AND ${NOT_OVER}`,
  );
  const countAll = connection.statement<[], { open: number; claimed: number }>(
    `SELECT (SELECT count(*) FROM task WHERE ${NOT_OVER}) AS open, (SELECT count(*) FROM task WHERE state = 'claimed') AS claimed`,
  );
  const claimed = connection.statement<[number], TaskRow>(
    `SELECT ${COLUMNS} FROM task WHERE state = 'claimed' ORDER BY +id LIMIT ?`,
  );
  const moveOpen = connection.statement<[SetBack]>(
    `UPDATE task SET ${assign(['created_at', 'claimed_at'], past)}, ${assign(['lease_until', 'offer_at'], pause)}
     WHERE ${NOT_OVER} AND ${anyAhead(['created_at', 'claimed_at', 'lease_until', 'offer_at'])}`,
  );
  const moveEnded = connection.statement<[SetBack]>(
    `UPDATE task SET ${assign(['created_at', 'claimed_at', 'ended_at'], past)} WHERE ended_at > @now`,
  );
  const movePhases = connection.statement<[SetBack]>(
    `UPDATE task_phase SET done_at = ${past('done_at')} WHERE done_at > @now`,
  );

  /** Who waits for tasks is the scheduler. */
  function touched<Result>(result: Result): Result {
    connection.touch('loop');
    return result;
  }

  return {
    add({ phases: names, ...task }) {
      const { lastInsertRowid } = insert.run(task);
      for (const [index, name] of names.entries()) insertPhase.run(lastInsertRowid, index + 1, name);
      return touched(Number(lastInsertRowid));
    },
    get: (id) => byId.get(id),
    byKey: (agent, key) => byKey.get(agent, key),
    briefOf: (id) => brief.get(id)?.brief ?? '',
    phases: (id) => phases.all(id),
    outputOf: (id, position) => output.get(id, position)?.output ?? null,
    claimedBy: (runId) => claimedBy.get(runId),
    phaseBy: (id, runId) => phaseBy.get(id, runId),
    didPhase: (runId) => (didPhase.get(runId)?.n ?? 0) > 0,
    oldestOffered: (agent, now, whole = false) => (whole ? oldestWhole : oldest).get(agent, now),
    claim(id, { phase, ...claimant }) {
      if (claim.run({ id, ...claimant }).changes !== 1) return false;
      ofRun.run(id, phase, claimant.runId);
      return true;
    },
    extend: (id, leaseUntil) => void extend.run(leaseUntil, id),
    giveBack: (id, runId, offerAt) => touched(giveBack.run({ id, runId, offerAt }).changes === 1),
    countAttempt: (id) => void count.run(id),
    postpone: (agent, offerAt) => void touched(postpone.run({ agent, offerAt })),
    finishPhase: (id, phase) => finish.run({ id, ...phase }).changes === 1,
    moveOn: (id, runId, at) => void touched(moveOn.run({ id, runId, offerAt: at })),
    end: (id, how) => end.run({ id, ...how }).changes === 1,
    offers: () => offers.all(),
    overdue: (now) => overdue.all(now),
    nextLeaseEnd: () => leaseEnd.get()?.at ?? undefined,
    openOf: (agent, limit) => openOf.all(agent, limit),
    countOpenOf: (agent) => countOpen.get(agent)?.n ?? 0,
    counts: () => countAll.get() ?? { open: 0, claimed: 0 },
    claimed: (limit) => claimed.all(limit),
    setBack(jump) {
      connection.touch('loop');
      moveEnded.run(jump);
      movePhases.run(jump);
      return moveOpen.run(jump).changes;
    },
  };
}
