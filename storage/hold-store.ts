import type { Connection } from './database.ts';

export type HoldKind = 'owner' | 'credential' | 'crash-loop' | 'backoff' | 'orphan' | 'memory' | 'disk' | 'budget';

/** Something that keeps an agent, or the whole fleet, from running. */
export interface HoldRow {
  readonly id: number;
  /** '' is the whole fleet. */
  readonly agent: string;
  readonly kind: HoldKind;
  /** What the hold hangs on: the credential's name; else ''. */
  readonly subject: string;
  readonly reason: string;
  readonly since: number;
  /** When it ends by itself; null when somebody has to end it. */
  readonly until: number | null;
}

/** Holds add up: an agent runs when nothing holds it. */
export interface HoldStore {
  /** Places a hold; one of the same agent, kind and subject is replaced in reason and end. */
  place(hold: Omit<HoldRow, 'id'>): void;
  /** Releases a hold; false when there was none. */
  release(agent: string, kind: HoldKind, subject: string, now: number): boolean;
  /** Releases what ends by itself, and gives it. */
  expire(now: number): HoldRow[];
  active(): HoldRow[];
  /** Moves an active hold in time, after the clock was set back. */
  move(id: number, since: number, until: number | null): void;
  purge(before: number): void;
}

const COLUMNS = 'id, agent, kind, subject, reason, since, until';

/** Builds the hold store. */
export function createHoldStore(connection: Connection): HoldStore {
  const insert = connection.statement<[Omit<HoldRow, 'id'>]>(
    `INSERT INTO hold (agent, kind, subject, reason, since, until) VALUES (@agent, @kind, @subject, @reason, @since, @until)
     ON CONFLICT (agent, kind, subject) WHERE released_at IS NULL DO UPDATE SET reason = excluded.reason, until = excluded.until`,
  );
  const release = connection.statement<[number, string, string, string]>(
    'UPDATE hold SET released_at = ? WHERE agent = ? AND kind = ? AND subject = ? AND released_at IS NULL',
  );
  const expired = connection.statement<[number], HoldRow>(
    `SELECT ${COLUMNS} FROM hold WHERE released_at IS NULL AND until <= ?`,
  );
  const active = connection.statement<[], HoldRow>(
    `SELECT ${COLUMNS} FROM hold WHERE released_at IS NULL ORDER BY since, id`,
  );
  const move = connection.statement<[number, number | null, number]>(
    'UPDATE hold SET since = ?, until = ? WHERE id = ? AND released_at IS NULL',
  );
  const remove = connection.statement<[number]>('DELETE FROM hold WHERE released_at < ?');
  return {
    place(hold) {
      insert.run(hold);
      connection.touch('loop');
    },
    release(agent, kind, subject, now) {
      connection.touch('loop');
      return release.run(now, agent, kind, subject).changes === 1;
    },
    expire(now) {
      const holds = expired.all(now);
      for (const hold of holds) release.run(now, hold.agent, hold.kind, hold.subject);
      return holds;
    },
    active: () => active.all(),
    move(id, since, until) {
      move.run(since, until, id);
      connection.touch('loop');
    },
    purge: (before) => void remove.run(before),
  };
}
