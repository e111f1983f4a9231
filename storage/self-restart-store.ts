import type { Connection } from './database.ts';

/** A restart of Nightdesk itself, asked for by its owner. */
export interface SelfRestartRow {
  readonly id: number;
  readonly askedBy: string;
  readonly askedAt: number;
  /** When it goes, whoever still runs; once it goes: since when. */
  readonly deadlineAt: number;
  /** Key of the message that shows how it goes. */
  readonly messageKey: string;
  /** draining: nothing new starts · going: this process ends · back: another one is there · dropped: it was not done. */
  readonly state: 'draining' | 'going' | 'back' | 'dropped';
  readonly endedAt: number | null;
}

/** A restart as it is asked for. */
export type NewSelfRestart = Pick<SelfRestartRow, 'askedBy' | 'askedAt' | 'deadlineAt' | 'messageKey'>;

/** Restarts of Nightdesk itself: at most one is open. */
export interface SelfRestartStore {
  /** Asks for one; false when one is open, or the same message asked for one before. */
  begin(restart: NewSelfRestart): boolean;
  /** The one that is draining or going. */
  open(): SelfRestartRow | undefined;
  get(id: number): SelfRestartRow | undefined;
  byKey(messageKey: string): SelfRestartRow | undefined;
  /** Moves the deadline of one that is draining to an earlier time; false when there is nothing to move. */
  hurry(id: number, deadlineAt: number): boolean;
  /** From draining to going; false when it was dropped meanwhile. */
  go(id: number, at: number): boolean;
  /** Ends one that is open; what is going can only be back. */
  end(id: number, as: 'back' | 'dropped', at: number): boolean;
  purge(before: number): void;
}

const COLUMNS = `id, asked_by AS askedBy, asked_at AS askedAt, deadline_at AS deadlineAt, message_key AS messageKey, state,
  ended_at AS endedAt`;
const OPEN = `state IN ('draining', 'going')`;

/** Builds the store of restarts. */
export function createSelfRestartStore(connection: Connection): SelfRestartStore {
  const insert = connection.statement<[NewSelfRestart]>(
    `INSERT INTO self_restart (asked_by, asked_at, deadline_at, message_key, state)
     SELECT @askedBy, @askedAt, @deadlineAt, @messageKey, 'draining'
     WHERE NOT EXISTS (SELECT 1 FROM self_restart WHERE ${OPEN})
     ON CONFLICT (message_key) DO NOTHING`,
  );
  const open = connection.statement<[], SelfRestartRow>(
    `SELECT ${COLUMNS} FROM self_restart WHERE ${OPEN} ORDER BY id LIMIT 1`,
  );
  const byId = connection.statement<[number], SelfRestartRow>(`SELECT ${COLUMNS} FROM self_restart WHERE id = ?`);
  const byKey = connection.statement<[string], SelfRestartRow>(
    `SELECT ${COLUMNS} FROM self_restart WHERE message_key = ?`,
  );
  const hurry = connection.statement<[{ id: number; deadlineAt: number }]>(
    `UPDATE self_restart SET deadline_at = @deadlineAt WHERE id = @id AND state = 'draining' AND deadline_at > @deadlineAt`,
  );
  const go = connection.statement<[number, number]>(
    `UPDATE self_restart SET state = 'going', deadline_at = ? WHERE id = ? AND state = 'draining'`,
  );
  const end = connection.statement<[{ id: number; as: string; at: number }]>(
    `UPDATE self_restart SET state = @as, ended_at = @at
     WHERE id = @id AND (state = 'draining' OR (state = 'going' AND @as = 'back'))`,
  );
  const remove = connection.statement<[number]>('DELETE FROM self_restart WHERE ended_at < ?');

  function changed(changes: number): boolean {
    if (changes === 0) return false;
    connection.touch('restarts');
    connection.touch('loop');
    return true;
  }

  return {
    begin: (restart) => changed(insert.run(restart).changes),
    open: () => open.get(),
    get: (id) => byId.get(id),
    byKey: (messageKey) => byKey.get(messageKey),
    hurry: (id, deadlineAt) => changed(hurry.run({ id, deadlineAt }).changes),
    go: (id, at) => changed(go.run(at, id).changes),
    end: (id, as, at) => changed(end.run({ id, as, at }).changes),
    purge: (before) => void remove.run(before),
  };
}
