import type { Connection } from './database.ts';

/** A copy of the database, wanted or made. */
export interface BackupRow {
  readonly id: number;
  readonly dueAt: number;
  /** Who asked for it; null: the schedule. */
  readonly askedBy: string | null;
  readonly state: 'wanted' | 'running' | 'done' | 'failed';
  /** Its name in HOME/backup; null: it is not whole yet, or was removed for newer ones. */
  readonly file: string | null;
  readonly sizeBytes: number | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly error: string | null;
}

/** Backups: the keeper works through those that are wanted, one at a time. */
export interface BackupStore {
  /** Wants one for that time of the schedule. */
  want(dueAt: number): void;
  /** The oldest one that is wanted. */
  wanted(): BackupRow | undefined;
  /** Takes a wanted one; false when it is not wanted any more. */
  claim(id: number, now: number): boolean;
  made(id: number, file: string, sizeBytes: number, now: number): void;
  failed(id: number, error: string, now: number): void;
  /** Those that an earlier start left unfinished have failed; gives how many. */
  cutOff(error: string, now: number): number;
  /** Forgets what the schedule wants and nobody has begun. */
  drop(): void;
  /** Counts a file that somebody else made. */
  adopt(file: string, sizeBytes: number, at: number): void;
  /** Names of the files that rows know. */
  files(): string[];
  /** The file is gone. */
  forget(file: string): void;
  /** The newest one of the schedule whose time had come by then. */
  lastScheduled(now: number): BackupRow | undefined;
  /** The newest one that ended so. */
  newest(state: 'done' | 'failed'): BackupRow | undefined;
  /** Drops rows without a file that ended before, but for the newest of each kind, at most so many: true when there may be more. */
  purge(before: number, most: number): boolean;
}

const COLUMNS = `id, due_at AS dueAt, asked_by AS askedBy, state, file, size_bytes AS sizeBytes, started_at AS startedAt,
  ended_at AS endedAt, error`;
/** The partial index's own condition, which a query has to repeat. */
const OPEN = `state IN ('wanted', 'running')`;

/** Builds the backup store. */
export function createBackupStore(connection: Connection): BackupStore {
  const want = connection.statement<[number]>(`INSERT INTO backup (due_at, state) VALUES (?, 'wanted')`);
  const wanted = connection.statement<[], BackupRow>(
    `SELECT ${COLUMNS} FROM backup WHERE ${OPEN} AND state = 'wanted' ORDER BY id LIMIT 1`,
  );
  const claim = connection.statement<[number, number]>(
    `UPDATE backup SET state = 'running', started_at = ? WHERE id = ? AND state = 'wanted'`,
  );
  const made = connection.statement<[string, number, number, number]>(
    `UPDATE backup SET state = 'done', file = ?, size_bytes = ?, ended_at = ?, error = NULL WHERE id = ?`,
  );
  const failed = connection.statement<[string, number, number]>(
    `UPDATE backup SET state = 'failed', error = ?, ended_at = ? WHERE id = ?`,
  );
  const cutOff = connection.statement<[string, number]>(
    `UPDATE backup SET state = 'failed', error = ?, ended_at = ? WHERE ${OPEN} AND state = 'running'`,
  );
  const drop = connection.statement<[]>(`DELETE FROM backup WHERE ${OPEN} AND state = 'wanted' AND asked_by IS NULL`);
  const adopt = connection.statement<[{ file: string; sizeBytes: number; at: number }]>(
    `INSERT INTO backup (due_at, asked_by, state, file, size_bytes, started_at, ended_at)
     VALUES (@at, 'operator', 'done', @file, @sizeBytes, @at, @at)`,
  );
  const files = connection.statement<[], { file: string }>(
    `SELECT file FROM backup WHERE state = 'done' AND file IS NOT NULL ORDER BY file`,
  );
  const forget = connection.statement<[string]>(`UPDATE backup SET file = NULL WHERE state = 'done' AND file = ?`);
  const lastScheduled = connection.statement<[number], BackupRow>(
    `SELECT ${COLUMNS} FROM backup WHERE asked_by IS NULL AND due_at <= ? ORDER BY due_at DESC, id DESC LIMIT 1`,
  );
  const newest = connection.statement<[string], BackupRow>(
    `SELECT ${COLUMNS} FROM backup WHERE state = ? ORDER BY ended_at DESC, id DESC LIMIT 1`,
  );
  const purge = connection.statement<[number, number]>(
    `DELETE FROM backup WHERE id IN (SELECT id FROM backup WHERE file IS NULL AND ended_at < ?
       AND id NOT IN (SELECT max(id) FROM backup GROUP BY state) LIMIT ?)`,
  );
  return {
    want(dueAt) {
      want.run(dueAt);
      connection.touch('backups');
    },
    wanted: () => wanted.get(),
    claim: (id, now) => claim.run(now, id).changes === 1,
    made: (id, file, sizeBytes, now) => void made.run(file, sizeBytes, now, id),
    failed: (id, error, now) => void failed.run(error, now, id),
    cutOff: (error, now) => cutOff.run(error, now).changes,
    drop: () => void drop.run(),
    adopt: (file, sizeBytes, at) => void adopt.run({ file, sizeBytes, at }),
    files: () => files.all().map(({ file }) => file),
    forget: (file) => void forget.run(file),
    lastScheduled: (now) => lastScheduled.get(now),
    newest: (state) => newest.get(state),
    purge: (before, most) => purge.run(before, most).changes === most,
  };
}
