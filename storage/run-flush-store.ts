import type { Connection } from './database.ts';

/** Why an agent is asked to write its WORKSTATE.md: its context fills up, its owner asks for it, or it is to be paused. */
export type FlushReason = 'context' | 'owner' | 'pause';

/** What is done about the contexts of runs that are alive. Times are epoch ms. */
export interface RunFlushStore {
  /** Wants its agent to write its WORKSTATE.md; false when a graver reason stands already, or the run is ending. */
  wantFlush(id: number, reason: FlushReason, at: number): boolean;
  /** Its agent is to be told now to write it. */
  flushAsked(id: number, at: number): void;
  /** What was asked for is there: it goes on working. */
  endFlush(id: number): void;
  /** Its CLI compacted its context by itself; false when that is known already. */
  compacted(id: number, at: number): boolean;
}

/** Builds the part of the run store that knows who has to write its WORKSTATE.md. */
export function createRunFlushStore(connection: Connection): RunFlushStore {
  // Graver reasons take the place of others: an owner's wish leaves the run at work, a full context ends it, and a pause ends it soon.
  const wantFlush = connection.statement<[{ id: number; reason: FlushReason; at: number }]>(
    `UPDATE run SET flush_reason = @reason, flush_wanted_at = @at, flush_asked_at = NULL
     WHERE id = @id AND state IN ('starting', 'running') AND stop_wanted_at IS NULL
       AND (flush_reason IS NULL OR (flush_reason = 'owner' AND @reason <> 'owner') OR (flush_reason = 'context' AND @reason = 'pause'))`,
  );
  const flushAsked = connection.statement<[number, number]>(
    'UPDATE run SET flush_asked_at = ? WHERE id = ? AND flush_reason IS NOT NULL',
  );
  const endFlush = connection.statement<[number]>(
    'UPDATE run SET flush_reason = NULL, flush_wanted_at = NULL, flush_asked_at = NULL WHERE id = ?',
  );
  const compacted = connection.statement<[number, number]>(
    'UPDATE run SET compacted_at = ? WHERE id = ? AND compacted_at IS NULL',
  );

  return {
    wantFlush(id, reason, at) {
      connection.touch('runs');
      return wantFlush.run({ id, reason, at }).changes === 1;
    },
    flushAsked(id, at) {
      connection.touch('runs');
      flushAsked.run(at, id);
    },
    endFlush: (id) => void endFlush.run(id),
    compacted: (id, at) => compacted.run(at, id).changes === 1,
  };
}
