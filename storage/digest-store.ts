import type { Connection } from './database.ts';
import { createDigestQueries, type DigestQueries } from './digest-queries.ts';
import { assign, past, type SetBack } from './set-back.ts';

/** A digest: one for each time of the schedule, and for each /digest. Times are epoch ms. */
export interface DigestRow {
  readonly id: number;
  /** Key of the message with its text. */
  readonly messageKey: string;
  /** When it was due, or asked for. */
  readonly dueAt: number;
  /** Null: the schedule. */
  readonly askedBy: string | null;
  /** Null: the fleet's chat. */
  readonly chatId: number | null;
  readonly topicId: number | null;
  /** What it tells of. */
  readonly fromAt: number;
  readonly toAt: number;
  /** `due`: its pictures are to be drawn; `told`: all that there is of it is in the outbox. */
  readonly state: 'due' | 'told';
  readonly attempts: number;
  /** JSON: the pictures that go with it; null: none. */
  readonly pictures: string | null;
  /** Why it has no pictures, or why the last attempt failed. */
  readonly error: string | null;
  readonly drawnMs: number | null;
  readonly toldAt: number | null;
}

export type NewDigest = Pick<DigestRow, 'messageKey' | 'dueAt' | 'askedBy' | 'chatId' | 'topicId' | 'fromAt' | 'toAt'>;

/** Digests as rows, and what they are made of. */
export interface DigestStore extends DigestQueries {
  /** Adds a digest whose pictures are to be drawn; undefined when its message, or its time of the schedule, has one already. */
  add(digest: NewDigest): DigestRow | undefined;
  byMessage(messageKey: string): DigestRow | undefined;
  /** The newest one of the schedule that was due by then. */
  lastScheduled(now: number): DigestRow | undefined;
  /** The next one whose pictures are to be drawn, the oldest first. */
  toDraw(): DigestRow | undefined;
  attempt(id: number): void;
  /** Says why an attempt failed. */
  failed(id: number, error: string): void;
  /** Ends it, with its pictures or with the reason why there are none; false when it had ended. */
  told(id: number, end: Pick<DigestRow, 'pictures' | 'error' | 'drawnMs'> & { readonly at: number }): boolean;
  /** After the clock was set back: no digest tells of a time that is still to come. */
  setBack(jump: SetBack): void;
  purge(before: number): void;
}

const COLUMNS = `id, message_key AS messageKey, due_at AS dueAt, asked_by AS askedBy, chat_id AS chatId, topic_id AS topicId, from_at AS fromAt,
  to_at AS toAt, state, attempts, pictures, error, drawn_ms AS drawnMs, told_at AS toldAt`;
const TIMES = ['from_at', 'to_at', 'told_at'];

/** Builds the digest store. */
export function createDigestStore(connection: Connection): DigestStore {
  const insert = connection.statement<[NewDigest], DigestRow>(
    `INSERT INTO digest (message_key, due_at, asked_by, chat_id, topic_id, from_at, to_at, state)
     VALUES (@messageKey, @dueAt, @askedBy, @chatId, @topicId, @fromAt, @toAt, 'due') ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
  );
  const byMessage = connection.statement<[string], DigestRow>(`SELECT ${COLUMNS} FROM digest WHERE message_key = ?`);
  const lastScheduled = connection.statement<[number], DigestRow>(
    `SELECT ${COLUMNS} FROM digest WHERE asked_by IS NULL AND due_at <= ? ORDER BY due_at DESC LIMIT 1`,
  );
  const toDraw = connection.statement<[], DigestRow>(
    `SELECT ${COLUMNS} FROM digest WHERE state = 'due' ORDER BY due_at, id LIMIT 1`,
  );
  const attempt = connection.statement<[number]>(
    `UPDATE digest SET attempts = attempts + 1 WHERE id = ? AND state = 'due'`,
  );
  const failed = connection.statement<[string, number]>(`UPDATE digest SET error = ? WHERE id = ? AND state = 'due'`);
  const told = connection.statement<
    [Pick<DigestRow, 'id' | 'pictures' | 'error' | 'drawnMs'> & { readonly at: number }]
  >(
    `UPDATE digest SET state = 'told', pictures = @pictures, error = @error, drawn_ms = @drawnMs, told_at = @at
     WHERE id = @id AND state = 'due'`,
  );
  const moveTold = connection.statement<[SetBack]>(
    `UPDATE digest SET ${assign(TIMES, past)} WHERE state = 'told' AND to_at > @now`,
  );
  const moveDue = connection.statement<[SetBack]>(`UPDATE digest SET ${assign(TIMES, past)} WHERE state = 'due'`);
  const remove = connection.statement<[number]>(`DELETE FROM digest WHERE state = 'told' AND to_at < ?`);
  return {
    ...createDigestQueries(connection),
    add(digest) {
      const row = insert.get(digest);
      if (row !== undefined) connection.touch('digests');
      return row;
    },
    byMessage: (messageKey) => byMessage.get(messageKey),
    lastScheduled: (now) => lastScheduled.get(now),
    toDraw: () => toDraw.get(),
    attempt: (id) => void attempt.run(id),
    failed: (id, error) => void failed.run(error, id),
    told: (id, end) => told.run({ id, ...end }).changes === 1,
    setBack(jump) {
      connection.touch('digests');
      moveTold.run(jump);
      moveDue.run(jump);
    },
    purge: (before) => void remove.run(before),
  };
}
