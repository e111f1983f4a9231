import type { Connection } from './database.ts';
import { past, type SetBack } from './set-back.ts';

export type PublicationState = 'wanted' | 'running' | 'published' | 'later' | 'failed' | 'unknown' | 'dropped';

/** One attempt to publish one approved revision. */
export interface PublicationRow {
  readonly id: number;
  readonly draftId: number;
  readonly revision: number;
  readonly hash: string;
  readonly attempt: number;
  readonly publisher: string;
  readonly state: PublicationState;
  readonly approvedBy: string;
  readonly approvedAt: number;
  readonly nextAt: number;
  readonly endedAt: number | null;
  readonly detail: string | null;
}

/** Publications: at most one of a draft is open, so that nothing goes out twice. */
export interface PublicationStore {
  want(
    publication: Pick<
      PublicationRow,
      'draftId' | 'revision' | 'hash' | 'attempt' | 'publisher' | 'approvedBy' | 'approvedAt' | 'nextAt'
    >,
  ): number;
  get(id: number): PublicationRow | undefined;
  lastOf(draftId: number): PublicationRow | undefined;
  /** What may be started now for this publisher, oldest approval first. */
  due(now: number): PublicationRow[];
  nextAt(): number | undefined;
  /** How many are to be started, or run. */
  countUnderWay(): number;
  /** Writes down why a wanted publication waits; false when that is known already, or it does not wait any more. */
  explain(id: number, reason: string): boolean;
  /** Moves on from a state; false when it is not in it any more. */
  move(id: number, from: PublicationState, to: PublicationState, detail: string | null, now: number): boolean;
  /**
   * After the clock was set back: what was approved, or put off, in the wrong time goes out as soon as it would have, and no sooner: until
   * then an approval may be taken back. Gives how many were moved.
   */
  setBack(jump: SetBack): number;
}

const COLUMNS = `id, draft_id AS draftId, revision, hash, attempt, publisher, state, approved_by AS approvedBy, approved_at AS approvedAt,
  next_at AS nextAt, ended_at AS endedAt, detail`;

/** Builds the publication store. */
export function createPublicationStore(connection: Connection): PublicationStore {
  const insert = connection.statement<[Record<string, string | number>]>(
    `INSERT INTO publication (draft_id, revision, hash, attempt, publisher, state, approved_by, approved_at, next_at)
     VALUES (@draftId, @revision, @hash, @attempt, @publisher, 'wanted', @approvedBy, @approvedAt, @nextAt)`,
  );
  const byId = connection.statement<[number], PublicationRow>(`SELECT ${COLUMNS} FROM publication WHERE id = ?`);
  const last = connection.statement<[number], PublicationRow>(
    `SELECT ${COLUMNS} FROM publication WHERE draft_id = ? ORDER BY id DESC LIMIT 1`,
  );
  const due = connection.statement<[number], PublicationRow>(
    `SELECT ${COLUMNS} FROM publication WHERE state = 'wanted' AND next_at <= ? ORDER BY approved_at, id LIMIT 200`,
  );
  const next = connection.statement<[], { at: number | null }>(
    `SELECT min(next_at) AS at FROM publication WHERE state = 'wanted'`,
  );
  // In the words of its index.
  const underWay = connection.statement<[], { n: number }>(
    `SELECT count(*) AS n FROM publication WHERE state IN ('wanted', 'running', 'unknown') AND state <> 'unknown'`,
  );
  const explain = connection.statement<[string, number, string]>(
    `UPDATE publication SET detail = ? WHERE id = ? AND state = 'wanted' AND detail IS NOT ?`,
  );
  const moveWaiting = connection.statement<[SetBack]>(
    `UPDATE publication AS p SET next_at = next_at - @byMs, approved_at = ${past('approved_at')} WHERE state = 'wanted' AND (approved_at > @now
       OR next_at > @now AND EXISTS (SELECT 1 FROM publication q WHERE q.draft_id = p.draft_id AND q.ended_at > @now))`,
  );
  const moveFacts = connection.statement<[SetBack]>(
    `UPDATE publication SET ended_at = ${past('ended_at')} WHERE ended_at > @now`,
  );
  const move = connection.statement<
    [{ id: number; from: string; to: string; detail: string | null; endedAt: number | null }]
  >(
    `UPDATE publication SET state = @to, detail = coalesce(@detail, detail), ended_at = @endedAt WHERE id = @id AND state = @from`,
  );
  return {
    want(publication) {
      connection.touch('loop');
      return Number(insert.run({ ...publication }).lastInsertRowid);
    },
    get: (id) => byId.get(id),
    lastOf: (draftId) => last.get(draftId),
    due: (now) => due.all(now),
    nextAt: () => next.get()?.at ?? undefined,
    countUnderWay: () => underWay.get()?.n ?? 0,
    explain: (id, reason) => explain.run(reason, id, reason).changes === 1,
    move: (id, from, to, detail, now) =>
      move.run({ id, from, to, detail, endedAt: to === 'running' ? null : now }).changes === 1,
    setBack(jump) {
      connection.touch('loop');
      const { changes } = moveWaiting.run(jump);
      moveFacts.run(jump);
      return changes;
    },
  };
}
