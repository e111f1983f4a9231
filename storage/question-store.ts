import type { Connection } from './database.ts';
import { past, type SetBack } from './set-back.ts';

export type QuestionState = 'open' | 'answered' | 'expired' | 'withdrawn';

/** What a run asks its owner: a question of the agent, or a CLI's "may I?". */
export interface QuestionRow {
  readonly id: number;
  readonly runId: number;
  readonly agent: string;
  readonly kind: 'ask' | 'permission';
  /** How the asker knows it; one question per run and request. */
  readonly request: string;
  /** What the CLI wants to use; only of a permission. */
  readonly tool: string | null;
  /** The question, or what the CLI wants to run, in full. */
  readonly text: string;
  /** What an answer for the whole run covers; only of a permission. */
  readonly forRun: string | null;
  /** JSON: the answers that are offered. */
  readonly options: string;
  readonly state: QuestionState;
  readonly answer: string | null;
  readonly answeredBy: string | null;
  readonly askedAt: number;
  readonly expiresAt: number;
  readonly settledAt: number | null;
  /** When the answer to a permission was written to the CLI. */
  readonly deliveredAt: number | null;
}

export type NewQuestion = Pick<
  QuestionRow,
  'runId' | 'agent' | 'kind' | 'request' | 'tool' | 'text' | 'forRun' | 'options' | 'askedAt' | 'expiresAt'
>;

/** How a question ended. */
export interface QuestionEnd {
  readonly state: 'answered' | 'expired' | 'withdrawn';
  readonly answer: string | null;
  readonly by: string | null;
  readonly at: number;
}

/** What runs ask, and what became of it. */
export interface QuestionStore {
  add(question: NewQuestion): number;
  get(id: number): QuestionRow | undefined;
  byRequest(runId: number, request: string): QuestionRow | undefined;
  /** An open question of this run that offers the same for the same words. */
  openAlike(runId: number, text: string, options: string): QuestionRow | undefined;
  /** How many questions of a kind a run has asked, and how many of them are open. */
  countsOf(runId: number, kind: QuestionRow['kind']): { readonly asked: number; readonly open: number };
  /** Ends an open question; false when somebody or something was first. */
  settle(id: number, end: QuestionEnd): boolean;
  /** Open questions whose time is over, the oldest first. */
  overdue(now: number): QuestionRow[];
  nextDeadline(): number | undefined;
  openOf(runId: number): QuestionRow[];
  /** Permissions of this run that are settled, and of which its CLI has not been told. */
  undelivered(runId: number): QuestionRow[];
  delivered(id: number, at: number): void;
  /** After the clock was set back: the ends of what was asked in the wrong time are moved back with it; gives whose. */
  setBack(jump: SetBack): readonly number[];
}

const COLUMNS = `id, run_id AS runId, agent, kind, request, tool, text, for_run AS forRun, options, state, answer, answered_by AS answeredBy,
  asked_at AS askedAt, expires_at AS expiresAt, settled_at AS settledAt, delivered_at AS deliveredAt`;

/** Builds the question store. */
export function createQuestionStore(connection: Connection): QuestionStore {
  const insert = connection.statement<[NewQuestion]>(
    `INSERT INTO question (run_id, agent, kind, request, tool, text, for_run, options, state, asked_at, expires_at)
     VALUES (@runId, @agent, @kind, @request, @tool, @text, @forRun, @options, 'open', @askedAt, @expiresAt)`,
  );
  const byId = connection.statement<[number], QuestionRow>(`SELECT ${COLUMNS} FROM question WHERE id = ?`);
  const byRequest = connection.statement<[number, string], QuestionRow>(
    `SELECT ${COLUMNS} FROM question WHERE run_id = ? AND request = ?`,
  );
  const alike = connection.statement<[number, string, string], QuestionRow>(
    `SELECT ${COLUMNS} FROM question WHERE run_id = ? AND state = 'open' AND kind = 'ask' AND text = ? AND options = ? LIMIT 1`,
  );
  const counts = connection.statement<[number, string], { asked: number; open: number }>(
    `SELECT count(*) AS asked, count(*) FILTER (WHERE state = 'open') AS open FROM question WHERE run_id = ? AND kind = ?`,
  );
  const settle = connection.statement<[QuestionEnd & { id: number }]>(
    `UPDATE question SET state = @state, answer = @answer, answered_by = @by, settled_at = @at WHERE id = @id AND state = 'open'`,
  );
  const overdue = connection.statement<[number], QuestionRow>(
    `SELECT ${COLUMNS} FROM question WHERE state = 'open' AND expires_at <= ? ORDER BY expires_at LIMIT 200`,
  );
  const deadline = connection.statement<[], { at: number | null }>(
    `SELECT min(expires_at) AS at FROM question WHERE state = 'open'`,
  );
  const openOf = connection.statement<[number], QuestionRow>(
    `SELECT ${COLUMNS} FROM question WHERE run_id = ? AND state = 'open' ORDER BY id`,
  );
  const undelivered = connection.statement<[number], QuestionRow>(
    `SELECT ${COLUMNS} FROM question WHERE run_id = ? AND kind = 'permission' AND state IN ('answered', 'expired')
       AND delivered_at IS NULL ORDER BY id`,
  );
  const delivered = connection.statement<[number, number]>(
    'UPDATE question SET delivered_at = ? WHERE id = ? AND delivered_at IS NULL',
  );
  const moveOpen = connection.statement<[SetBack], { id: number }>(
    `UPDATE question SET asked_at = ${past('asked_at')}, expires_at = expires_at - @byMs WHERE state = 'open' AND asked_at > @now RETURNING id`,
  );
  return {
    add(question) {
      // A new deadline: the scheduler looks when the next one is.
      connection.touch('loop');
      return Number(insert.run(question).lastInsertRowid);
    },
    get: (id) => byId.get(id),
    byRequest: (runId, request) => byRequest.get(runId, request),
    openAlike: (runId, text, options) => alike.get(runId, text, options),
    countsOf: (runId, kind) => counts.get(runId, kind) ?? { asked: 0, open: 0 },
    settle(id, end) {
      const settled = settle.run({ id, ...end }).changes === 1;
      // The runner tells the CLI, and who waits for an answer looks.
      if (settled) connection.touch('runs');
      return settled;
    },
    overdue: (now) => overdue.all(now),
    nextDeadline: () => deadline.get()?.at ?? undefined,
    openOf: (runId) => openOf.all(runId),
    undelivered: (runId) => undelivered.all(runId),
    delivered: (id, at) => void delivered.run(at, id),
    setBack(jump) {
      connection.touch('loop');
      return moveOpen.all(jump).map(({ id }) => id);
    },
  };
}
