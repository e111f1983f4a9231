import type { Connection } from './database.ts';

/** An update that waits to be handled. */
export interface InboxUpdate {
  readonly sequence: number;
  readonly updateId: number;
  readonly receivedAt: number;
  /** How long nobody had asked when it came, in ms: it may be that old. */
  readonly awayMs: number;
  /** The update as JSON. */
  readonly body: string;
  readonly attempts: number;
}

/** The durable inbox: stored before it is confirmed, handled in order, presses first. */
export interface InboxStore {
  /** Stores an update unless just this one is known already; false when it was. The same id with another identity is another update. */
  add(update: {
    updateId: number;
    identity: string;
    receivedAt: number;
    awayMs?: number;
    urgent: boolean;
    body: string;
  }): boolean;
  next(): InboxUpdate | undefined;
  countAttempt(sequence: number): void;
  /** Ends an update; its text is dropped, since nobody needs it any more. */
  finish(sequence: number): void;
  bury(sequence: number, error: string): void;
  waiting(): number;
}

/** Builds the inbox store. */
export function createInboxStore(connection: Connection): InboxStore {
  const insert = connection.statement<
    [{ updateId: number; identity: string; receivedAt: number; awayMs: number; urgent: number; body: string }]
  >(
    `INSERT INTO inbox (update_id, identity, received_at, away_ms, urgent, body, state)
     VALUES (@updateId, @identity, @receivedAt, @awayMs, @urgent, @body, 'queued') ON CONFLICT (update_id, identity) DO NOTHING`,
  );
  const select = connection.statement<[], InboxUpdate>(
    `SELECT sequence, update_id AS updateId, received_at AS receivedAt, away_ms AS awayMs, body, attempts FROM inbox
     WHERE state = 'queued' ORDER BY urgent DESC, sequence LIMIT 1`,
  );
  const attempt = connection.statement<[number]>('UPDATE inbox SET attempts = attempts + 1 WHERE sequence = ?');
  const done = connection.statement<[number]>(
    `UPDATE inbox SET state = 'done', body = '' WHERE sequence = ? AND state = 'queued'`,
  );
  const dead = connection.statement<[string, number]>(
    `UPDATE inbox SET state = 'dead', body = '', error = ? WHERE sequence = ? AND state = 'queued'`,
  );
  const count = connection.statement<[], { n: number }>(`SELECT count(*) AS n FROM inbox WHERE state = 'queued'`);
  return {
    add(update) {
      const added = insert.run({ awayMs: 0, ...update, urgent: update.urgent ? 1 : 0 }).changes === 1;
      if (added) connection.touch('inbox');
      return added;
    },
    next: () => select.get(),
    countAttempt: (sequence) => void attempt.run(sequence),
    finish: (sequence) => void done.run(sequence),
    bury: (sequence, error) => void dead.run(error, sequence),
    waiting: () => count.get()?.n ?? 0,
  };
}
