import type { Connection } from './database.ts';
import { past, type SetBack } from './set-back.ts';

/** What the owner does not want to be woken by for a while. */
export interface SilenceRow {
  readonly id: number;
  /** `all`, or the name of a kind, an agent or a credential. */
  readonly matcher: string;
  readonly by: string;
  readonly since: number;
  readonly until: number;
  readonly endedAt: number | null;
}

/** Silences: they hold for new incidents, too. */
export interface SilenceStore {
  add(silence: Pick<SilenceRow, 'matcher' | 'by' | 'since' | 'until'>): number;
  /** Those that hold now, oldest first. */
  active(now: number): SilenceRow[];
  /** Ends all that hold; how many there were. */
  endAll(now: number): number;
  /** After the clock was set back: silences of the wrong time last as long as was asked for; gives how many were moved. */
  setBack(jump: SetBack): number;
  purge(before: number): void;
}

/** Builds the silence store. */
export function createSilenceStore(connection: Connection): SilenceStore {
  const insert = connection.statement<[Pick<SilenceRow, 'matcher' | 'by' | 'since' | 'until'>]>(
    'INSERT INTO silence (matcher, by, since, until) VALUES (@matcher, @by, @since, @until)',
  );
  const active = connection.statement<[number], SilenceRow>(
    'SELECT id, matcher, by, since, until, ended_at AS endedAt FROM silence WHERE ended_at IS NULL AND until > ? ORDER BY id',
  );
  const end = connection.statement<[number, number]>(
    'UPDATE silence SET ended_at = ? WHERE ended_at IS NULL AND until > ?',
  );
  const move = connection.statement<[SetBack]>(
    `UPDATE silence SET since = ${past('since')}, until = until - @byMs WHERE ended_at IS NULL AND since > @now`,
  );
  const remove = connection.statement<[number]>('DELETE FROM silence WHERE until < ?');
  return {
    add: (silence) => Number(insert.run(silence).lastInsertRowid),
    active: (now) => active.all(now),
    endAll: (now) => end.run(now, now).changes,
    setBack: (jump) => move.run(jump).changes,
    purge: (before) => void remove.run(before),
  };
}
